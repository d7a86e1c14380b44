import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ORDER, URLS, approves, it, open, ready, rejected, tick, until } from './support.mjs';

test('an approval resolves once, with what the server confirms with, and closes the window', async () => {
  it.server.onStream = approves;
  const result = await it.pay.requestPayment(ORDER);
  assert.deepEqual(result, { paymentKey: 'pk', orderId: 'order 1', amount: 15000 });
  const [popup] = it.browser.opened;
  assert.deepEqual(popup.urls, [`${it.server.base}/checkout/t.t.t?lang=ko`]);
  assert.equal(popup.closed, true);
  assert.equal(it.browser.visited.length, 0);
  assert.equal(it.browser.window.count() + it.browser.document.count(), 0, 'nothing listens any more');
});

test('with a successUrl the page leaves once, and the promise stays silent', async () => {
  it.server.onStream = approves;
  let settled = false;
  it.pay.requestPayment({ ...ORDER, ...URLS }).finally(() => { settled = true; });
  await until(() => it.browser.visited.length);
  await tick();
  assert.equal(it.browser.visited.length, 1);
  const [url] = it.browser.visited;
  assert.equal(url.origin + url.pathname, 'https://shop.example.com/done');
  assert.deepEqual(Object.fromEntries(url.searchParams), { a: '1', paymentKey: 'pk', orderId: 'order 1', amount: '15000' });
  assert.equal(settled, false);
});

test('parameters of ours replace those of the same name, and the others stay as they are written', async () => {
  it.server.onStream = approves;
  const successUrl = 'https://shop.example.com/ok?orderId=17&a=%20x&paymentKey&order%49d=18&b=+y%26~(c)#top';
  it.pay.requestPayment({ ...ORDER, successUrl, failUrl: '/no' });
  await until(() => it.browser.visited.length);
  const query = 'a=%20x&b=+y%26~(c)&paymentKey=pk&orderId=order+1&amount=15000';
  assert.equal(it.browser.visited[0].href, `https://shop.example.com/ok?${query}#top`);
});

test('redirect: false never leaves the page', async () => {
  it.server.onStream = approves;
  const result = await it.pay.requestPayment({ ...ORDER, ...URLS, redirect: false });
  assert.equal(result.paymentKey, 'pk');
  assert.equal(it.browser.visited.length, 0);
});

test('a second click is the same payment in the same window', async () => {
  it.server.onStream = ready;
  const first = it.pay.requestPayment(ORDER);
  const second = it.pay.requestPayment(ORDER);
  assert.equal(first, second);
  await until(() => it.server.streams.length);
  it.pay.requestPayment(ORDER);
  assert.equal(it.browser.opened.length, 1);
  assert.equal(it.browser.opened[0].focused, 2);
  assert.equal(it.server.created.length, 1);
  const other = await rejected(it.pay.requestPayment({ ...ORDER, orderId: 'other' }));
  assert.equal(other.code, 'PAYMENT_IN_PROGRESS');
  it.server.streams[0].send(4, 'payment-in-progress', { paymentKey: 'pk' });
  assert.equal((await first).paymentKey, 'pk');
  it.server.onStream = approves;
  assert.equal((await it.pay.requestPayment({ ...ORDER, orderId: 'next' })).orderId, 'next', 'the page is free again');
});

test('the window opens in the click itself, and the order goes out under its own key', async () => {
  it.server.onStream = approves;
  const promise = it.pay.requestPayment(ORDER);
  assert.equal(it.browser.opened.length, 1);
  await promise;
  const [{ body, headers }] = it.server.created;
  assert.deepEqual(body, ORDER);
  assert.equal(headers.authorization, `Basic ${btoa('ck:')}`);
  assert.equal(headers['idempotency-key'], 'order-order%201');
});

test('redirect mode leaves for the checkout', async () => {
  it.pay.requestPayment({ ...ORDER, ...URLS, mode: 'redirect' });
  await until(() => it.browser.visited.length);
  assert.equal(it.browser.visited[0].href, `${it.server.base}/checkout/t.t.t?lang=ko`);
  assert.equal(it.browser.opened.length, 0);
  assert.equal(it.server.created[0].body.successUrl, 'https://shop.example.com/done?a=1');
});

test('a blocked popup becomes a frame over the page', async () => {
  open({ blocked: true });
  it.server.embeddable = true;
  it.server.onStream = ready;
  const promise = it.pay.requestPayment({ ...ORDER, ...URLS, redirect: false });
  await until(() => it.server.streams.length);
  const [dialog] = it.browser.body.children;
  assert.equal(dialog.tag, 'dialog');
  assert.equal(dialog.open, true);
  assert.equal(dialog.children[0].src, `${it.server.base}/checkout/t.t.t?lang=ko`);
  it.server.streams[0].send(4, 'payment-in-progress', { paymentKey: 'pk' });
  assert.equal((await promise).paymentKey, 'pk');
  assert.equal(it.browser.body.children.length, 0);
});

test('a blocked popup where no frame is possible leaves the page, or says so', async () => {
  open({ blocked: true });
  // Addresses of its own make a page no page that its shop has registered.
  it.pay.requestPayment({ ...ORDER, ...URLS });
  await until(() => it.browser.visited.length);
  assert.equal(it.browser.visited[0].href, `${it.server.base}/checkout/t.t.t?lang=ko`);
  assert.equal((await rejected(it.pay.requestPayment({ ...ORDER, orderId: 'x' }))).code, 'POPUP_BLOCKED');
  assert.equal(it.browser.body.children.length, 0);
});

test('embedded where no frame is possible leaves the page, or is a mistake of it', async () => {
  it.pay.requestPayment({ ...ORDER, ...URLS, mode: 'embedded' });
  await until(() => it.browser.visited.length);
  assert.equal(it.browser.visited[0].href, `${it.server.base}/checkout/t.t.t?lang=ko`);
  const error = await rejected(it.pay.requestPayment({ ...ORDER, orderId: 'x', successUrl: '/ok', mode: 'embedded' }));
  assert.equal(error.code, 'INVALID_REQUEST');
  const stays = { ...URLS, redirect: false, mode: 'embedded' };
  assert.equal((await rejected(it.pay.requestPayment({ ...ORDER, orderId: 'y', ...stays }))).code, 'INVALID_REQUEST');
  assert.equal(it.browser.visited.length, 1);
  assert.equal(it.browser.body.children.length, 0);
});

test('embedded goes where the page says', async () => {
  it.browser.container = it.browser.document.createElement('div');
  it.server.embeddable = true;
  it.server.onStream = ready;
  const promise = it.pay.requestPayment({ ...ORDER, ...URLS, redirect: false, mode: 'embedded', container: '#here' });
  await until(() => it.server.streams.length);
  assert.equal(it.browser.container.children[0].tag, 'iframe');
  it.server.streams[0].send(4, 'payment-in-progress', { paymentKey: 'pk' });
  await promise;
  assert.equal(it.browser.container.children.length, 0);
});
