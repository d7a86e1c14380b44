import assert from 'node:assert/strict';
import { test } from 'node:test';

globalThis.document = { documentElement: { lang: 'ko' } };
let token = 'token';
globalThis.localStorage = { getItem: () => token, removeItem() { token = null; } };
let signedOut = 0;
globalThis.dispatchEvent = () => { signedOut += 1; };
const { get, isMine } = await import('../static/m/api.js');

const answering = (answer) => {
  globalThis.fetch = async () => answer();
  return isMine({ merchantId: '1', orderId: 'order-1' });
};
const status = (code) => answering(() => new Response('', { status: code }));

test('only a definite answer says whose payment it is', async () => {
  assert.equal(await status(200), true);
  for (const code of [403, 409]) assert.equal(await status(code), false, code);
  for (const code of [404, 408, 429, 500, 502, 503]) assert.equal(await status(code), undefined, code);
  assert.equal(await answering(() => { throw new TypeError('offline'); }), undefined);
  assert.equal(signedOut, 0);
});

test('a session that has ended says nothing about the payment', async () => {
  assert.equal(await status(401), undefined);
  assert.equal(signedOut, 1);
});

test('a session ends once, and another one not at all', async () => {
  signedOut = 0;
  token = 'old';
  let refuse;
  const refusal = new Promise((settle) => { refuse = () => settle(new Response('{"error":{"code":"UNAUTHORIZED","message":"No"}}', { status: 401 })); });
  globalThis.fetch = async () => (await refusal).clone();
  const [first, second] = [get('/cards'), get('/payments')];
  refuse();
  await assert.rejects(first);
  await assert.rejects(second);
  assert.deepEqual([signedOut, token], [1, null]);
  // A refusal that arrives when somebody has signed in again.
  token = 'late';
  const late = get('/me');
  token = 'new';
  await assert.rejects(late);
  assert.deepEqual([signedOut, token], [1, 'new']);
});
