import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import vm from 'node:vm';
import { gzipSync } from 'node:zlib';
import { files, version } from '../build.mjs';
import { ORDER, approves, it, until } from './support.mjs';

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

test('the classic scripts are what the build makes of the module', () => {
  for (const [name, text] of Object.entries(files)) assert.equal(read(name), text, `run: node web/sdk/build.mjs (${name})`);
});

test('each script stays below 6 KiB', () => {
  for (const name of ['paygate.mjs', ...Object.keys(files)]) {
    assert.ok(gzipSync(read(name)).length <= 6 * 1024, `${name}: ${gzipSync(read(name)).length}`);
  }
});

test('one version everywhere', () => {
  assert.match(read('paygate.mjs'), new RegExp(`VERSION = '${version}'`));
});

test('the classic script finds its server by its own address', async () => {
  it.server.onStream = approves;
  document.currentScript = { src: `${it.server.base}/sdk/v1/paygate.js` };
  vm.runInThisContext(files[`dist/paygate-${version}.js`]);
  const result = await window.Paygate({ clientKey: 'ck' }).requestPayment(ORDER);
  assert.equal(result.paymentKey, 'pk');
  assert.equal(window.pay200SDK, undefined);
});

test('the older SDK: a popup, then successUrl with three values', async () => {
  it.server.onStream = approves;
  document.currentScript = { src: `${it.server.base}/sdk/v1/compat.js` };
  vm.runInThisContext(files[`dist/compat-${version}.js`]);
  window.pay200SDK({ apiKey: 'ck' }).requestPayment({ ...ORDER, successUrl: '/ok', failUrl: '/no' });
  assert.equal(it.browser.opened.length, 1);
  await until(() => it.browser.visited.length);
  assert.equal(it.browser.visited[0].href, 'https://shop.example.com/ok?paymentKey=pk&orderId=order+1&amount=15000');
  assert.equal(it.browser.opened[0].closed, true);
});
