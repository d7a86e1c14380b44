// How far a payment has come, in a sign and two lines.
import { make, word } from './dom.js';
import { isBegunHere } from '../matching.js';

/** Sign, colour of the sign, and the line below. */
const LOOKS = {
  checking: ['sign-wait', ''],
  verifying: ['sign-wait', ''],
  approved: ['sign-wait', 'badge-good', 'approvedHint'],
  done: ['sign-ok', 'badge-good'],
  canceled: ['sign-no', 'badge-quiet', 'canceledHint'],
  aborted: ['sign-no', 'badge-bad', 'nothingCharged'],
  expired: ['sign-no', 'badge-warn', 'nothingCharged'],
  others: ['sign-no', 'badge-warn'],
  unreadable: ['sign-no', 'badge-quiet', 'unreadableHint'],
};

export function outcome(state, { token, paymentKey, reason = '', cancel } = {}) {
  const [sign, look, line] = LOOKS[state];
  // Who pays on the device that shows the checkout finds the shop in another tab.
  const hint = state === 'approved' && isBegunHere(token) ? 'returnHint' : line;
  const view = make('outcome', { title: word(state), hint: hint ? `${reason} ${word(hint)}`.trim() : '' });
  view.badge.append(document.getElementById(sign).content.firstElementChild.cloneNode(true));
  if (look) view.badge.classList.add(look);
  view.hint.hidden = !hint;
  const isOver = !['checking', 'verifying', 'approved'].includes(state);
  view.link.hidden = !isOver;
  view.link.href = state === 'done' && paymentKey ? `#/history/${paymentKey}` : '#/';
  view.link.textContent = word(state === 'done' && paymentKey ? 'seeDetail' : 'toHome');
  view.cancel.hidden = !cancel;
  if (cancel) view.cancel.addEventListener('click', cancel);
  return view.root;
}
