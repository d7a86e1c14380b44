import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ORDER, approves, it, ready, rejected, tick, timing, until } from './support.mjs';

test('a stream that was cut goes on after the last event', async () => {
  it.server.onStream = (stream, count) => {
    if (count === 1) { ready(stream); setTimeout(stream.cut, 20); return; }
    stream.open();
    stream.send(4, 'payment-in-progress', { paymentKey: 'pk' });
  };
  assert.equal((await it.pay.requestPayment(ORDER)).paymentKey, 'pk');
  assert.deepEqual(it.server.queries.map((query) => query.get('lastEventId')), [null, '1']);
});

test('events cut anywhere, and comments between them, are read whole', async () => {
  it.server.onStream = async (stream) => {
    stream.open();
    const text = ': still here\n\nevent: payment-in-progress\ndata: {"status":"payment-in-progress","paymentKey":"키"}\nid: 4\n\n';
    for (const byte of Buffer.from(text)) { stream.raw(Buffer.from([byte])); await tick(1); }
  };
  assert.equal((await it.pay.requestPayment(ORDER)).paymentKey, '키');
});

test('after two streams that failed it asks instead', async () => {
  it.server.onStream = (stream) => stream.cut();
  const promise = it.pay.requestPayment(ORDER);
  await until(() => it.server.polls > 2);
  assert.equal(it.server.streams.length, 2);
  it.server.status = { status: 'IN_PROGRESS', paymentKey: 'pk' };
  assert.equal((await promise).paymentKey, 'pk');
});

test('a stream that says nothing counts as failed', async (test) => {
  const { firstByte } = timing;
  timing.firstByte = 150;
  test.after(() => { timing.firstByte = firstByte; });
  it.server.onStream = () => {};
  it.server.status = { status: 'IN_PROGRESS', paymentKey: 'pk' };
  assert.equal((await it.pay.requestPayment(ORDER)).paymentKey, 'pk');
  assert.equal(it.server.streams.length, 2);
});

test('a charge whose approval was missed leads to the key', async () => {
  it.server.onStream = (stream) => { ready(stream); stream.send(6, 'payment-done'); };
  it.server.status = { status: 'DONE', paymentKey: 'pk' };
  assert.equal((await it.pay.requestPayment(ORDER)).paymentKey, 'pk');
});

for (const [what, fire] of [
  ['comes back to the front', (browser) => browser.document.fire('visibilitychange')],
  ['is online again', (browser) => browser.window.fire('online')],
]) {
  test(`a page that ${what} looks at once`, async () => {
    it.server.onStream = ready;
    const promise = it.pay.requestPayment(ORDER);
    await until(() => it.server.streams.length);
    it.server.status = { status: 'IN_PROGRESS', paymentKey: 'pk' };
    await tick();
    assert.equal(it.server.polls, 0);
    fire(it.browser);
    assert.equal((await promise).paymentKey, 'pk');
  });
}

test('a message is only a hint to look, and only from the checkout', async () => {
  it.server.onStream = ready;
  const promise = it.pay.requestPayment(ORDER);
  await until(() => it.server.streams.length);
  const [popup] = it.browser.opened;
  it.server.status = { status: 'IN_PROGRESS', paymentKey: 'pk' };
  const message = { data: 'whatever it says', origin: new URL(it.server.base).origin, source: popup };
  it.browser.window.fire('message', { ...message, origin: 'https://evil.example.com' });
  it.browser.window.fire('message', { ...message, source: {} });
  await tick();
  assert.equal(it.server.polls, 0);
  it.browser.window.fire('message', message);
  assert.equal((await promise).paymentKey, 'pk');
});

test('a key that was revoked ends it', async () => {
  it.server.onStream = (stream) => stream.refuse(401, 'UNAUTHORIZED');
  assert.equal((await rejected(it.pay.requestPayment(ORDER))).code, 'UNAUTHORIZED');
});

test('a busy server is asked again', async () => {
  it.server.onStream = (stream, count) => (count === 1 ? stream.refuse(503, 'OVERLOADED') : approves(stream));
  assert.equal((await it.pay.requestPayment(ORDER)).paymentKey, 'pk');
});

test('a deadline passed in silence ends as unknown', async () => {
  it.server.life = 0;
  it.server.onStream = (stream) => stream.cut();
  it.server.onStatus = (response) => (response.destroy(), true);
  const error = await rejected(it.pay.requestPayment(ORDER));
  assert.deepEqual([error.code, error.outcome], ['NETWORK_ERROR', 'unknown']);
  assert.ok(timing.giveUp > 0);
});

/** The page goes into the background, or comes back. */
const turn = (visibilityState) => {
  it.browser.document.visibilityState = visibilityState;
  it.browser.document.fire('visibilitychange');
};

test('a hidden page gives its connection up, asks now and then, and goes on after the last event when it is shown', async () => {
  let closed = 0;
  it.server.onStream = (stream) => { ready(stream); stream.onClose(() => { closed += 1; }); };
  const promise = it.pay.requestPayment(ORDER);
  await until(() => it.server.streams.length === 1);
  await tick(250); // It has read the event.
  turn('hidden');
  await until(() => closed === 1);
  await until(() => it.server.polls > 2);
  assert.equal(it.server.streams.length, 1);
  turn('visible');
  await until(() => it.server.streams.length === 2);
  assert.equal(it.server.queries[1].get('lastEventId'), '1');
  for (let left = 3; left; left -= 1) { turn('hidden'); turn('visible'); }
  await until(() => it.server.streams.length > 2, 'hiding it is no failure of the stream');
  turn('hidden');
  it.server.status = { status: 'IN_PROGRESS', paymentKey: 'pk' };
  assert.equal((await promise).paymentKey, 'pk', 'it need not be shown to hear of the approval');
});

test('a page for which no connection is left asks until there is one', async () => {
  const held = new Set(['paygate-stream-1', 'paygate-stream-2', 'paygate-stream-3']);
  navigator.locks = {
    async request(name, { ifAvailable }, run) {
      assert.equal(ifAvailable, true);
      if (held.has(name)) return run(null);
      held.add(name);
      await run({ name });
      held.delete(name);
    },
  };
  it.server.onStream = approves;
  const promise = it.pay.requestPayment(ORDER);
  await until(() => it.server.polls > 2);
  assert.equal(it.server.streams.length, 0);
  held.delete('paygate-stream-2');
  assert.equal((await promise).paymentKey, 'pk');
  await until(() => !held.has('paygate-stream-2'), 'it is given back');
});

test('a deadline is one of the server’s clock, whatever the device’s says', async () => {
  const { now } = Date;
  Date.now = () => now() + 3_600_000;
  try {
    it.server.clock = now;
    it.server.onStream = (stream) => stream.cut();
    it.server.onStatus = (response) => (response.destroy(), true);
    const promise = it.pay.requestPayment(ORDER);
    let isSettled = false;
    promise.catch(() => {}).finally(() => { isSettled = true; });
    await until(() => it.server.polls > 30);
    assert.equal(isSettled, false, 'there are ten minutes yet');
    it.server.onStatus = null;
    it.server.status = { status: 'IN_PROGRESS', paymentKey: 'pk' };
    assert.equal((await promise).paymentKey, 'pk');
  } finally {
    Date.now = now;
  }
});
