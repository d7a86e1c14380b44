// Payments in lists.
import { make, word } from './dom.js';
import { moment, won } from './format.js';

/** What became of a payment, in a word. */
export function stateOf(payment) {
  const names = { DONE: 'isApproved', PARTIAL_CANCELED: 'isPartial', CANCELED: 'isCanceled' };
  const isRefund = payment.transactions.some(({ status }) => status === 'REFUNDED');
  return word(payment.status === 'CANCELED' && isRefund ? 'isRefunded' : names[payment.status] || 'isApproved');
}

export const transactionName = (status) => word({ APPROVED: 'isApproved', CANCELED: 'isCanceled' }[status] || 'isRefunded');

/** When it was charged: transactions come newest first. */
const chargedAt = (payment) => payment.transactions.at(-1).completedAt;

export function paymentRow(payment) {
  const { orderName, merchantName, amount, paymentKey } = payment;
  const view = make('payment-row', { orderName, merchantName, amount: won(amount), state: stateOf(payment), date: moment(chargedAt(payment)) });
  view.root.href = `#/history/${paymentKey}`;
  view.root.classList.toggle('is-void', payment.status === 'CANCELED');
  return view.root;
}

export function rows(payments) {
  const list = Object.assign(document.createElement('div'), { className: 'rows panel' });
  list.append(...payments.map(paymentRow));
  return list;
}
