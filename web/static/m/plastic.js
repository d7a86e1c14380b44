// A card as it looks, and the order cards stand in.
import { make } from './dom.js';

export function plastic(card) {
  const view = make('plastic', card);
  view.tag.hidden = !card.isRepresentative;
  return view.root;
}

/** The one that pays comes first, then as the server has them: the newest first. */
export const payingFirst = (cards) => [...cards].sort((a, b) => Number(b.isRepresentative) - Number(a.isRepresentative));
