// What was paid, a month at a time.
import { make } from './dom.js';
import { get } from './api.js';
import { daysOf, monthName, shift, thisMonth } from './format.js';
import { reader } from './month.js';
import { rows } from './payments.js';

/** Coming back from a payment leads to the same place. */
let place = { month: thisMonth(), status: '' };

export async function history({ isShown }) {
  const view = make('history');
  const now = thisMonth();
  let next;
  let asked = 0;

  async function load(isMore) {
    const mine = (asked += 1);
    view.month.textContent = monthName(place.month);
    view.after.disabled = place.month.year === now.year && place.month.month === now.month;
    for (const chip of view.chips.children) chip.setAttribute('aria-pressed', String(chip.value === place.status));
    if (!isMore) {
      const { startDate, endDate } = daysOf(place.month);
      const query = { startDate, endDate, ...(place.status && { status: place.status }) };
      next = reader(endDate, async (paging) => (await get('/payments', { ...query, ...paging })).payments);
      view.list.replaceChildren(make('loading').root);
    }
    view.more.hidden = true;
    try {
      const found = await next();
      if (mine !== asked || !isShown()) return;
      if (isMore) view.list.firstChild.append(...rows(found.payments).children);
      else view.list.replaceChildren(found.payments.length ? rows(found.payments) : make('none-in-month').root);
      view.more.hidden = !found.isMore;
    } catch (error) {
      if (mine !== asked) return;
      const { root, retry } = make('failure', { message: error.message });
      retry.addEventListener('click', () => load(false));
      view.list.replaceChildren(root);
    }
  }

  const change = (to) => { place = { ...place, ...to }; load(false); };
  view.before.addEventListener('click', () => change({ month: shift(place.month, -1) }));
  view.after.addEventListener('click', () => change({ month: shift(place.month, 1) }));
  view.more.addEventListener('click', () => load(true));
  view.chips.addEventListener('click', ({ target }) => { if (target.matches('button')) change({ status: target.value }); });
  load(false);
  return { root: view.root };
}
