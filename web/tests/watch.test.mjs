import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';

/** A stream that does what the test says. */
class Stream extends EventTarget {
  static CLOSED = 2;
  static all = [];
  constructor(url) {
    super();
    Object.assign(this, { url, readyState: 1 });
    Stream.all.push(this);
  }
  close() { this.readyState = Stream.CLOSED; }
  says(id, status, more = {}) {
    this.dispatchEvent(Object.assign(new Event(status), { lastEventId: String(id), data: JSON.stringify({ status, ...more }) }));
  }
  isRefused() {
    this.close();
    this.onerror();
  }
}
Object.assign(globalThis, { EventSource: Stream, document: new EventTarget() });
const outside = new EventTarget();
for (const name of ['addEventListener', 'removeEventListener']) globalThis[name] = outside[name].bind(outside);
const { watch } = await import('../static/watch.js');

const open = () => Stream.all.filter(({ readyState }) => readyState !== Stream.CLOSED);
const comesBack = () => document.dispatchEvent(new Event('visibilitychange'));
const isOnline = () => outside.dispatchEvent(new Event('online'));
/** Until promises that are fulfilled have been heard of. */
const heard = () => new Promise(setImmediate);

let told;
let unknown;
let stop;
beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  Object.assign(document, { visibilityState: 'visible' });
  Stream.all = [];
  [told, unknown] = [[], 0];
  stop = watch('a.b.c', { lastId: '4', onState: ({ state }) => told.push(state), onUnknown: () => { unknown += 1; } });
});
afterEach(() => {
  stop();
  mock.timers.reset();
});
const settle = () => mock.timers.tick(60);
const answer = (status) => { globalThis.fetch = async () => new Response('', { status }); };

test('of what comes at once the last is told', () => {
  const [stream] = Stream.all;
  assert.equal(stream.url, '/checkout/a.b.c/events?lastEventId=4');
  stream.says(5, 'payment-in-verificate');
  stream.says(7, 'payment-ready', { failureCode: 'CARD_EXPIRED' });
  settle();
  stream.says(9, 'payment-in-verificate');
  settle();
  assert.deepEqual(told, ['failed', 'verifying']);
});

test('what the browser asks for again when it connects again is no news', () => {
  const [stream] = Stream.all;
  stream.says(5, 'payment-ready', { failureCode: 'CARD_EXPIRED' });
  settle();
  stream.says(4, 'payment-in-verificate');
  stream.says(5, 'payment-ready', { failureCode: 'CARD_EXPIRED' });
  settle();
  assert.deepEqual(told, ['failed']);
});

test('there is one stream, whatever calls for another', async () => {
  answer(503);
  Stream.all[0].isRefused();
  comesBack();
  await heard();
  mock.timers.tick(10_000);
  assert.equal(open().length, 1);
  open()[0].isRefused();
  await heard();
  isOnline();
  mock.timers.tick(10_000);
  assert.equal(open().length, 1);
  stop();
  comesBack();
  isOnline();
  mock.timers.tick(10_000);
  assert.equal(open().length, 0);
});

test('a page that is not shown holds no stream; when it is shown again it goes on after what it has heard', () => {
  const [silent] = Stream.all;
  silent.says(6, 'payment-in-verificate');
  document.visibilityState = 'hidden';
  comesBack();
  isOnline();
  mock.timers.tick(60_000);
  assert.equal(open().length, 0);
  assert.equal(Stream.all.length, 1);
  document.visibilityState = 'visible';
  comesBack();
  isOnline();
  assert.equal(open().length, 1);
  assert.equal(open()[0].url, '/checkout/a.b.c/events?lastEventId=6');
  open()[0].says(8, 'payment-in-progress');
  settle();
  assert.deepEqual(told, ['verifying', 'approved'], 'no retry took the place of what was to be told');
});

test('a refusal for a time is asked about again, one for good is told once', async () => {
  for (const status of [503, 429, 200]) {
    answer(status);
    Stream.all.at(-1).isRefused();
    await heard();
    mock.timers.tick(2000);
    assert.equal(open().length, 1, status);
  }
  answer(404);
  Stream.all.at(-1).isRefused();
  await heard();
  mock.timers.tick(10_000);
  assert.deepEqual([open().length, unknown], [0, 1]);
});

test('a page opened in the background asks for nothing before it is shown', () => {
  stop();
  Stream.all = [];
  document.visibilityState = 'hidden';
  stop = watch('a.b.c', { onState: () => {} });
  mock.timers.tick(60_000);
  assert.equal(Stream.all.length, 0);
  document.visibilityState = 'visible';
  comesBack();
  assert.equal(Stream.all[0].url, '/checkout/a.b.c/events?lastEventId=0');
});

test('the time that is left is the server’s, each time the stream begins', () => {
  stop();
  const left = [];
  stop = watch('a.b.c', { onState: () => {}, onClock: (ms) => left.push(ms) });
  const tells = (remainingMs) => open()[0].dispatchEvent(Object.assign(new Event('payment-clock'), { data: JSON.stringify({ remainingMs }) }));
  tells(600_000);
  comesBack();
  tells(510_000);
  assert.deepEqual(left, [600_000, 510_000]);
  assert.equal(open().length, 1, 'the stream stays');
});

test('a device that slept with the page open gets a fresh stream', () => {
  mock.timers.reset();
  stop();
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  Stream.all = [];
  stop = watch('a.b.c', { onState: () => {} });
  for (let beats = 12; beats; beats -= 1) mock.timers.tick(5_000);
  assert.equal(Stream.all.length, 1, 'time that passes is no sleep');
  mock.timers.tick(600_000);
  assert.equal(Stream.all.length, 2);
  assert.equal(open().length, 1);
});

test('where other pages hold the streams, a page looks now and then, and holds nothing', async () => {
  stop();
  const held = new Set(['paygate-stream-1', 'paygate-stream-2', 'paygate-stream-3']);
  const locks = {
    async request(name, _, run) {
      if (held.has(name)) return run(null);
      held.add(name);
      await run({ name });
      held.delete(name);
    },
  };
  Object.defineProperty(globalThis, 'navigator', { value: { locks }, configurable: true });
  Stream.all = [];
  told = [];
  stop = watch('a.b.c', { onState: ({ state }) => told.push(state) });
  await heard();
  const look = open()[0];
  look.says(6, 'payment-in-verificate');
  look.dispatchEvent(Object.assign(new Event('payment-clock'), { data: '{"remainingMs":1}' }));
  assert.equal(open().length, 0);
  settle();
  assert.deepEqual(told, ['verifying'], 'what it has heard it tells');
  held.delete('paygate-stream-2');
  mock.timers.tick(2500);
  await heard();
  assert.equal(open()[0].url, '/checkout/a.b.c/events?lastEventId=6');
  assert.ok(held.has('paygate-stream-2'), 'now it has a stream of its own');
  open()[0].dispatchEvent(Object.assign(new Event('payment-clock'), { data: '{"remainingMs":1}' }));
  assert.equal(open().length, 1);
  document.visibilityState = 'hidden';
  comesBack();
  await heard();
  assert.deepEqual([open().length, held.has('paygate-stream-2')], [0, false], 'others get it');
});
