import { afterEach, beforeEach } from 'node:test';
import { installBrowser } from './browser.mjs';
import { startServer } from './server.mjs';

installBrowser();
const { Paygate, PaygateError, timing } = await import('../paygate.mjs');
export { Paygate, PaygateError, timing };

// Pauses are short; what a busy machine could miss is long, and short only in the tests that wait for its end.
Object.assign(timing, { retry: 5, poll: 5, hidden: 5, watch: 5, firstByte: 10_000, silence: 10_000, call: 10_000, giveUp: 60 });

// A promise that never settles must fail the run, not hold it.
setTimeout(() => { console.error('the tests hang'); process.exit(1); }, 60_000).unref();

export const ORDER = { orderId: 'order 1', amount: 15000, orderName: '드립 커피' };
export const URLS = { successUrl: '/done?a=1', failUrl: 'https://shop.example.com/failed' };

/** Server and browser of the test that runs. */
export const it = {};

beforeEach(async () => { Object.assign(it, { server: await startServer() }); open(); });
afterEach(() => it.server.stop());

export function open(options) {
  it.browser = installBrowser(options);
  it.pay = Paygate({ clientKey: 'ck', baseUrl: it.server.base });
}

export const tick = (ms = 40) => new Promise((next) => setTimeout(next, ms));

export async function until(holds, what) {
  for (const deadline = performance.now() + 10_000; !holds(); await tick(5)) {
    if (performance.now() > deadline) throw new Error(`never: ${what || holds}`);
  }
}

export const rejected = (promise) => promise.then(() => { throw new Error('it resolved'); }, (error) => error);

/** A stream on which the customer approves. */
export function approves(stream) {
  stream.open();
  stream.send(1, 'payment-ready');
  stream.send(3, 'payment-in-verificate');
  stream.send(4, 'payment-in-progress', { paymentKey: 'pk', amount: 15000, cardNumber: '****' });
  stream.send(6, 'payment-done');
}

export function ready(stream) {
  stream.open();
  stream.send(1, 'payment-ready');
}
