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
  view.transactions.append(...payment.transactions.map((one) => make('transaction-row', {
    status: transactionName(one.status), amount: won(one.amount), date: moment(one.completedAt), reason: one.reason && `· ${one.reason}`,
  }).root));
  return { root: view.root };
}
