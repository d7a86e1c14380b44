// What was paid, a month at a time.
import { make } from './dom.js';
import { get } from './api.js';
import { day, daysOf, monthName, shift, thisMonth } from './format.js';
import { chargedAt, rows } from './payments.js';

const PAGE = 20;
/** Coming back from a payment leads to the same place. */
let place = { month: thisMonth(), status: '' };

export async function history({ isShown }) {
  const view = make('history');
  const now = thisMonth();
  let page;
  let asked = 0;

  async function load(isMore) {
    const mine = (asked += 1);
    page = isMore ? page + 1 : 0;
    const { startDate, endDate } = daysOf(place.month);
    view.month.textContent = monthName(place.month);
    view.after.disabled = place.month.year === now.year && place.month.month === now.month;
    for (const chip of view.chips.children) chip.setAttribute('aria-pressed', String(chip.value === place.status));
    if (!isMore) view.list.replaceChildren(make('loading').root);
    view.more.hidden = true;
    try {
      const query = { startDate, endDate, page, limit: PAGE, ...(place.status && { status: place.status }) };
      const { payments } = await get('/payments', query);
      if (mine !== asked || !isShown()) return;
      // The last day ends at midnight UTC: the first hours of the next month in Seoul come along.
      const ofMonth = payments.filter((payment) => day(chargedAt(payment)) <= endDate);
      if (!isMore) view.list.replaceChildren(ofMonth.length ? rows(ofMonth) : make('none-in-month').root);
      else view.list.querySelector('.rows').append(...rows(ofMonth).children);
      view.more.hidden = payments.length < PAGE;
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
