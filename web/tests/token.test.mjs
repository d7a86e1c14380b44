import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findToken, readToken } from '../static/m/token.js';

const claims = { merchantId: 'm', merchantName: '데모 상점', orderId: 'o', orderName: '커피 ☕', amount: 15000, exp: 1 };
const TOKEN = `h.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.s-_9`;

test('a token is found in whatever the customer has', () => {
  for (const text of [TOKEN, ` ${TOKEN}\n`, `https://p.example.com/m/payment/deeplink/success?token=${TOKEN}&expiredAt=2026`, `http://127.0.0.1:8080/checkout/${TOKEN}?lang=en`, `https://p.example.com/m/#/pay/${TOKEN}`]) {
    assert.equal(findToken(text), TOKEN, text);
  }
});

test('nothing else is taken for one', () => {
  for (const text of ['', 'hello', 'https://example.com', 'https://example.com/?token=%3Cscript%3E', 'a.b', 'javascript:a.b.c()', 'a.b.c d']) {
    assert.equal(findToken(text), null, text);
  }
});

test('its payload is read as UTF-8, and what is none is refused', () => {
  assert.deepEqual(readToken(TOKEN), claims);
  for (const wrong of ['', 'a', 'a.b.c', 'a.e30.c', `a.${Buffer.from('null').toString('base64url')}.c`]) assert.equal(readToken(wrong), null, wrong);
});
