import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ORDER, Paygate, PaygateError, URLS, approves, it, open, ready, rejected, tick, until } from './support.mjs';

const ended = (name, more) => (stream) => { ready(stream); stream.send(5, name, more); };

test('a closed window is a no', async () => {
  it.server.onStream = ready;
  const promise = it.pay.requestPayment({ ...ORDER, ...URLS });
  await until(() => it.server.streams.length);
  it.browser.opened[0].closed = true;
  const error = await rejected(promise);
  assert.ok(error instanceof PaygateError);
  assert.equal(error.code, 'WINDOW_CLOSED');
  assert.equal(error.message, '결제창이 닫혔습니다.');
  assert.equal(it.browser.visited.length, 0, 'the customer stays where they were');
});

test('a closed window of which the server can say nothing is no no, either', async () => {
  it.server.onStream = ready;
  it.server.onStatus = (response) => (it.server.fail(response, 503, 'UNAVAILABLE'), true);
  const promise = it.pay.requestPayment(ORDER);
  await until(() => it.server.streams.length);
  it.browser.opened[0].closed = true;
  const error = await rejected(promise);
  assert.deepEqual([error.code, error.outcome, error.orderId], ['WINDOW_CLOSED', 'unknown', 'order 1']);
});

test('a window closed while the phone approves is no no', async () => {
  it.server.onStream = ready;
  it.server.status = { status: 'IN_VERIFICATE' };
  const promise = it.pay.requestPayment(ORDER);
  await until(() => it.server.streams.length);
  it.browser.opened[0].closed = true;
  await until(() => it.server.polls > 2);
  it.server.streams[0].send(4, 'payment-in-progress', { paymentKey: 'pk' });
  assert.equal((await promise).paymentKey, 'pk');
});

for (const [lang, message] of [['ko', '결제 유효 시간이 지났습니다.'], ['en', 'The payment has expired.']]) {
  test(`an expired payment is a typed error (${lang})`, async () => {
    open({ lang });
    it.server.onStream = ended('payment-expired');
    const error = await rejected(it.pay.requestPayment(ORDER));
    assert.deepEqual([error.code, error.outcome, error.message, error.orderId], ['PAYMENT_EXPIRED', 'none', message, 'order 1']);
    assert.equal(it.browser.opened[0].closed, true);
  });
}

test('a failUrl gets code, message and order, once', async () => {
  it.server.onStream = ended('payment-aborted', { failureCode: 'TOO_MANY_ATTEMPTS' });
  it.pay.requestPayment({ ...ORDER, ...URLS });
  await until(() => it.browser.visited.length);
  await tick();
  assert.equal(it.browser.visited.length, 1);
  const query = Object.fromEntries(it.browser.visited[0].searchParams);
  assert.deepEqual(query, { code: 'PAYMENT_ABORTED', message: '결제가 중단되었습니다. 결제되지 않았습니다.', orderId: 'order 1' });
});

test('redirect: false keeps a failure in the page, too', async () => {
  it.server.onStream = ended('payment-canceled');
  const error = await rejected(it.pay.requestPayment({ ...ORDER, ...URLS, redirect: false }));
  assert.equal(error.code, 'PAYMENT_CANCELED');
  assert.equal(it.browser.visited.length, 0);
});

test('why it was aborted comes along, and that nothing was charged', async () => {
  it.server.onStream = ended('payment-aborted', { failureCode: 'CARD_LOST' });
  const error = await rejected(it.pay.requestPayment(ORDER));
  assert.deepEqual([error.code, error.outcome, error.reason], ['PAYMENT_ABORTED', 'declined', 'CARD_LOST']);
});

/** A card is refused; then the customer ends it in one way or another. */
const refused = (stream) => {
  ready(stream);
  stream.send(3, 'payment-in-verificate');
  stream.send(4, 'payment-ready', { failureCode: 'CARD_NOT_VALID' });
};

test('whoever gives up after a card was refused is told why it was', async () => {
  it.server.onStream = (stream) => { refused(stream); stream.send(5, 'payment-canceled'); };
  const error = await rejected(it.pay.requestPayment(ORDER));
  assert.deepEqual([error.code, error.outcome, error.reason], ['PAYMENT_CANCELED', 'none', 'CARD_NOT_VALID']);
  it.server.onStream = refused;
  const promise = it.pay.requestPayment({ ...ORDER, orderId: 'next' });
  await until(() => it.server.streams.length === 2);
  await tick();
  it.browser.opened[1].closed = true;
  const closed = await rejected(promise);
  assert.deepEqual([closed.code, closed.outcome, closed.reason], ['WINDOW_CLOSED', 'none', 'CARD_NOT_VALID']);
});

test('a card that was refused before is no reason for what came of the next one', async () => {
  it.server.onStream = (stream) => { refused(stream); stream.send(5, 'payment-in-verificate'); stream.send(8, 'payment-expired'); };
  assert.equal((await rejected(it.pay.requestPayment(ORDER))).reason, undefined);
  // It was aborted while the page did not hear of it: of the refusal it heard, it cannot tell that it was the last one.
  it.server.onStream = (stream, count) => { if (count === 2) { refused(stream); it.server.status = { status: 'ABORTED' }; } };
  const promise = it.pay.requestPayment({ ...ORDER, orderId: 'next' });
  await until(() => it.server.streams.length === 2);
  await tick();
  it.browser.window.fire('online');
  const error = await rejected(promise);
  assert.deepEqual([error.code, error.reason], ['PAYMENT_ABORTED', undefined]);
});

test('a cancel is a typed error', async () => {
  it.server.onStream = ended('payment-canceled');
  assert.equal((await rejected(it.pay.requestPayment(ORDER))).code, 'PAYMENT_CANCELED');
});

test('a payment that has failed before is not taken for approved because it once was', async () => {
  it.server.replayed = true;
  it.server.status = { status: 'ABORTED', paymentKey: 'pk' };
  it.server.onStream = (stream) => { approves(stream); stream.send(9, 'payment-aborted'); };
  assert.equal((await rejected(it.pay.requestPayment(ORDER))).code, 'PAYMENT_ABORTED');
});

test('what the server refuses is told in its words, and never leaves the page', async () => {
  it.server.onCreate = (response) => { it.server.fail(response, 409, 'ORDER_ALREADY_EXISTS', '이미 사용된 주문 번호입니다.'); return true; };
  const error = await rejected(it.pay.requestPayment({ ...ORDER, ...URLS }));
  assert.deepEqual([error.code, error.message, error.status], ['ORDER_ALREADY_EXISTS', '이미 사용된 주문 번호입니다.', 409]);
  assert.equal(it.server.created.length, 1);
  assert.equal(it.browser.opened[0].closed, true);
  assert.equal(it.browser.visited.length, 0);
});

test('a create that was lost is sent again under the same key', async () => {
  it.server.onStream = approves;
  it.server.onCreate = (response, count) => count < 3 && (response.destroy(), true);
  assert.equal((await it.pay.requestPayment(ORDER)).paymentKey, 'pk');
  assert.equal(new Set(it.server.created.map(({ headers }) => headers['idempotency-key'])).size, 1);
  assert.equal(it.server.created.length, 3);
});

test('a server out of reach is a network error in the language of the page', async () => {
  open({ lang: 'en' });
  it.server.onCreate = (response) => (response.destroy(), true);
  const error = await rejected(it.pay.requestPayment(ORDER));
  assert.deepEqual([error.code, error.message], ['NETWORK_ERROR', 'The payment server cannot be reached. Try again in a moment.']);
});

test('a mistake of the page is told at once', async () => {
  assert.throws(() => Paygate({ baseUrl: it.server.base }), { code: 'INVALID_REQUEST' });
  assert.throws(() => Paygate({ clientKey: 'ck' }), { code: 'INVALID_REQUEST' });
  for (const wrong of [{ mode: 'redirect' }, { mode: 'embedded' }, { mode: 'tab' }, { successUrl: 'http://[' }]) {
    assert.equal((await rejected(it.pay.requestPayment({ ...ORDER, ...wrong }))).code, 'INVALID_REQUEST');
  }
  assert.equal(it.browser.opened.length, 0);
});
