// The customer's yes: with which card, and to the payment they are looking at.
import { make, word } from './dom.js';
import { won } from './format.js';
import { payingFirst } from './plastic.js';
import { isBegunHere, matchingNumber } from '../matching.js';

export function consent({ token, cards, amount, failure, approve, cancel }) {
  const view = make('consent', { failure, approve: word('approve').replace('{amount}', won(amount)) });
  view.failure.hidden = !failure;
  view.cards.append(...payingFirst(cards).map(choice));
  view.cancel.addEventListener('click', cancel);

  // On the device that shows the checkout there is nothing to compare.
  let matches = isBegunHere(token);
  const update = () => { view.approve.disabled = !matches; };
  if (matches) view.matching.hidden = true;
  else offer();
  update();

  /** The number among two others; after a wrong choice among two new ones. */
  function offer() {
    const right = matchingNumber(token);
    view.numbers.replaceChildren(...shuffled([right, ...others(right)]).map((number) => {
      const button = Object.assign(document.createElement('button'), { type: 'button', className: 'number-choice number', textContent: number });
      button.addEventListener('click', () => {
        matches = number === right;
        view.mismatch.textContent = matches ? '' : word('matchingWrong');
        if (matches) for (const one of view.numbers.children) one.setAttribute('aria-pressed', String(one === button));
        else offer();
        // The numbers are new ones: whoever came by keyboard must not fall off the page.
        if (!matches) view.numbers.firstChild.focus();
        update();
      });
      return button;
    }));
  }

  view.root.addEventListener('submit', (event) => {
    event.preventDefault();
    if (matches) approve(new FormData(view.root).get('card'));
  });
  return view.root;
}

function choice(card) {
  const view = make('card-choice', { ...card, lastFour: `•••• ${card.cardNumber.slice(-4)}` });
  const radio = view.root.querySelector('input');
  radio.value = card.id;
  radio.checked = card.isRepresentative;
  view.tag.hidden = !card.isRepresentative;
  return view.root;
}

function others(right) {
  const found = new Set();
  while (found.size < 2) {
    const number = 10 + Math.floor(Math.random() * 90);
    if (number !== right) found.add(number);
  }
  return [...found];
}

const shuffled = (list) => list.map((value) => [Math.random(), value]).sort(([a], [b]) => a - b).map(([, value]) => value);
