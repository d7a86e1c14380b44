// The payments of a month, piece by piece.
import { day } from './format.js';

const PAGE = 20;

/** Reads on each time it is called: what is new to show, and whether there may be more. `ask` gets pages. */
export function reader(endDate, ask) {
  const shown = new Set();
  let page = 0;
  return async () => {
    for (;;) {
      const payments = await ask({ page, limit: PAGE });
      page += 1;
      // The last day ends at midnight UTC: the first hours of the next month in Seoul come along. Whatever
      // arrives meanwhile pushes payments to the next page that were on this one.
      const isNew = ({ paymentKey, createdAt }) => day(createdAt) <= endDate && !shown.has(paymentKey);
      const found = payments.filter(isNew);
      for (const { paymentKey } of found) shown.add(paymentKey);
      const isMore = payments.length === PAGE;
      if (found.length || !isMore) return { payments: found, isMore };
    }
  };
}
