// What the events of a payment mean to whoever pays.
export const STATES = {
  'payment-ready': 'ready',
  'payment-in-verificate': 'verifying',
  'payment-in-progress': 'approved',
  'payment-done': 'done',
  'payment-partial-canceled': 'done',
  'payment-canceled': 'canceled',
  'payment-aborted': 'aborted',
  'payment-expired': 'expired',
};
