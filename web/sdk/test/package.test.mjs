import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { gzipSync } from 'node:zlib';
import { files, line, version } from '../build.mjs';
import { ORDER, approves, it, until } from './support.mjs';

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');

test('the classic scripts are what the build makes of the module', () => {
  for (const [name, text] of Object.entries(files)) assert.equal(read(name), text, `run: node web/sdk/build.mjs (${name})`);
});

test('each script stays below 6 KiB, and the module with its comments below 7', () => {
  assert.ok(gzipSync(read('paygate.mjs')).length <= 7 * 1024);
  for (const name of Object.keys(files)) {
    assert.ok(gzipSync(read(name)).length <= 6 * 1024, `${name}: ${gzipSync(read(name)).length}`);
  }
});

test('one version everywhere', () => {
  assert.match(read('paygate.mjs'), new RegExp(`VERSION = '${version}'`));
  assert.ok(read('README.md').includes(`/sdk/v1/paygate-${version}.js`));
});

test('the package depends on nothing, and names scripts that are there', () => {
  const { main, unpkg, jsdelivr, browser, types, exports, ...rest } = JSON.parse(read('package.json'));
  for (const name of Object.keys(rest)) assert.doesNotMatch(name, /dependencies/i);
  for (const path of [main, browser, types, ...Object.values(exports['.'])]) assert.ok(existsSync(new URL(`../${path}`, import.meta.url)), path);
  assert.deepEqual([unpkg, jsdelivr], Array(2).fill(`./dist/paygate-${version}.js`));
});

test('a released script is what it was when it was released', () => {
  const scripts = readdirSync(new URL('../dist/', import.meta.url)).filter((name) => name !== 'INTEGRITY').sort();
  assert.equal(scripts.map((name) => line(name, read(`dist/${name}`))).join(''), read('dist/INTEGRITY'));
});

test('the build changes no released script, and records a new one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'paygate-sdk-'));
  try {
    cpSync(fileURLToPath(new URL('..', import.meta.url)), folder, { recursive: true });
    const edit = (name, from, to) => writeFileSync(join(folder, name), readFileSync(join(folder, name), 'utf8').replaceAll(from, to));
    const build = () => spawnSync(process.execPath, [join(folder, 'build.mjs')], { encoding: 'utf8' });
    const released = () => ['INTEGRITY', ...Object.keys(files).map((name) => name.slice(5))].map((name) => readFileSync(join(folder, 'dist', name), 'utf8'));
    const before = released();
    assert.equal(build().status, 0, 'the same again is no change');
    edit('paygate.mjs', 'retry: 1000', 'retry: 1001');
    const refused = build();
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, new RegExp(`paygate-${version}.js.*version`));
    assert.deepEqual(released(), before);
    for (const name of ['package.json', 'paygate.mjs']) edit(name, version, '99.0.0');
    assert.equal(build().status, 0);
    const [record, ...scripts] = released();
    assert.deepEqual(scripts, before.slice(1));
    const added = record.split('\n').filter((entry) => !before[0].includes(entry));
    assert.deepEqual(added.map((entry) => entry.split(' ')[0]), ['compat-99.0.0.js', 'paygate-99.0.0.js']);
  } finally {
    rmSync(folder, { recursive: true });
  }
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

test('a shop of the older SDK that catches nothing is warned, and no more', async (context) => {
  const warn = context.mock.method(console, 'warn', () => {});
  const unhandled = context.mock.fn();
  process.on('unhandledRejection', unhandled);
  it.server.onCreate = (response) => (it.server.fail(response, 401, 'UNAUTHORIZED', 'No.'), true);
  document.currentScript = { src: `${it.server.base}/sdk/v1/compat.js` };
  vm.runInThisContext(files[`dist/compat-${version}.js`]);
  window.pay200SDK({ apiKey: 'ck' }).requestPayment({ ...ORDER, successUrl: '/ok', failUrl: '/no' });
  await until(() => warn.mock.callCount());
  await new Promise(setImmediate);
  process.off('unhandledRejection', unhandled);
  assert.deepEqual(warn.mock.calls[0].arguments, ['UNAUTHORIZED: No.']);
  assert.equal(unhandled.mock.callCount(), 0);
});
