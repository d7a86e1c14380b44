// The card that pays, the button that scans, and what was paid last.
import { make } from './dom.js';
import { get } from './api.js';
import { plastic } from './plastic.js';
import { rows } from './payments.js';

const RECENT = 3;

export async function home() {
  const [cards, { payments }] = await Promise.all([get('/cards'), get('/payments', { limit: RECENT })]);
  const view = make('home');
  const card = cards.find((one) => one.isRepresentative);
  view.card.append(card ? plastic(card) : make('no-card').root);
  view.recent.append(payments.length ? rows(payments) : make('no-payment').root);
  return { root: view.root };
}
