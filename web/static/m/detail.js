// One payment with what moved.
import { make } from './dom.js';
import { get } from './api.js';
import { moment, won } from './format.js';
import { stateOf, transactionName } from './payments.js';

export async function detail({ param }) {
  const payment = await get(`/payments/${encodeURIComponent(param)}/transactions`);
  const { amount, balanceAmount } = payment;
  const view = make('detail', { ...payment, amount: won(amount), balanceAmount: won(balanceAmount), state: stateOf(payment), transactions: '' });
  view.transactions.classList.add('panel');
  view.transactions.append(...payment.transactions.map(({ status, amount: moved, completedAt, reason }) => {
    const row = make('transaction-row', { status: transactionName(status), amount: won(moved), date: moment(completedAt), reason });
    row.why.hidden = !reason;
    return row.root;
  }));
  return { root: view.root };
}
