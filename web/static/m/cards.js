// The customer's cards.
import { ask, make, word } from './dom.js';
import { call, get } from './api.js';
import { payingFirst, plastic } from './plastic.js';

export async function cards({ go }) {
  const view = make('cards');
  const all = await get('/cards');
  const again = () => go('#/cards');
  view.list.append(...payingFirst(all).map((card) => item(card, again)));
  if (!all.length) view.root.replaceChildren(make('no-card').root);
  return { root: view.root };
}

function item(card, again) {
  const view = make('card-item');
  view.plastic.append(plastic(card));
  view.choose.hidden = card.isRepresentative;
  const change = async (method) => {
    view.error.textContent = '';
    try {
      await call(method, `/cards/${encodeURIComponent(card.id)}`);
      again();
    } catch ({ message }) {
      view.error.textContent = message;
    }
  };
  view.choose.addEventListener('click', () => change('PATCH'));
  view.remove.addEventListener('click', async () => {
    const question = ` ${card.cardNumber.slice(-4)}: ${word('removeSure')}`;
    if (await ask(question, word('remove'), word('cancel'), card.cardCompany)) change('DELETE');
  });
  return view.root;
}
