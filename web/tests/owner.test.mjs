import assert from 'node:assert/strict';
import { test } from 'node:test';

globalThis.document = { documentElement: { lang: 'ko' } };
globalThis.localStorage = { getItem: () => 'token', removeItem() {} };
let signedOut = 0;
globalThis.dispatchEvent = () => { signedOut += 1; };
const { isMine } = await import('../static/m/api.js');

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
