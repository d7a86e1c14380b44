import assert from 'node:assert/strict';
import { test } from 'node:test';

globalThis.document = { documentElement: { lang: 'ko' } };
const { cardNumber, day, daysOf, digits, expiry, expiryIn, isPast, moment, shift, won } = await import('../static/m/format.js');

test('money has its sign in front and its currency', () => {
  assert.equal(won(1234567), '1,234,567원');
  assert.equal(won(-5000), '−5,000원');
});

test('a card number is written in fours while it is typed', () => {
  for (const [typed, written] of [['9', '9'], ['99990', '9999-0'], ['9999-0000 0000-0001', '9999-0000-0000-0001'], ['9'.repeat(30), '9999-9999-9999-9999-999'], ['ab', ''], ['９９９９００００', '9999-0000']]) {
    assert.equal(cardNumber(typed), written);
  }
  assert.equal(digits('１2 ３'), '123');
});

test('an expiry date is read as what it says, however it was pasted, filled in or typed', () => {
  const december = [
    '12/39', '12/2039', '12 / 39', '12 / 2039', '2039-12', '2039/12', '2039.12', '2039. 12.', '1239', '122039', '203912',
    '12-39', '12.39', '12 39', '12–39', '１２／３９', '１２３９', '１２／２０３９', '12\u200e/\u200e39', ' 12/39 ', '2039년 12월', '39년 12월',
  ];
  for (const text of december) {
    assert.equal(expiryIn(text), '12/39', text);
    assert.equal(expiryIn(expiry(text)), '12/39', `${text}, rewritten as ${expiry(text)}`);
  }
  for (const text of ['4/39', '04/39', '2039-4', '4/2039', '0439', '2039년 4월']) assert.equal(expiryIn(text), '04/39', text);
  assert.equal(expiryIn('02/03'), '02/03');
});

test('an expiry date that may be read in two ways, or in none, is not guessed', () => {
  for (const text of ['', '12', '12/', '12/3', '12/203', '13/39', '00/39', '39/12', '3912', '139', '12/31/2039', '2039-12-31', '2039-13', '12/1939', '12/2139', '1/2/39', 'Dec 39', '12/39x', '12039', '12/039']) {
    assert.equal(expiryIn(text), undefined, text);
  }
});

test('an expiry date gets its slash and its zero while it is typed, and loses nothing', () => {
  /** What stands in the field after each key. */
  const typed = (keys) => [...keys].reduce((shown, key) => expiry(shown + key), '');
  for (const [keys, shown] of [
    ['1', '1'], ['12', '12'], ['123', '12/3'], ['1239', '12/39'], ['12/3', '12/3'], ['12/39', '12/39'], ['4', '04'], ['431', '04/31'],
    ['2', '2'], ['231', '02/31'], ['122039', '12/2039'], ['12/2039', '12/2039'], ['2039', '2039'], ['2039-12', '2039-12'], ['203912', '2039-12'],
    ['1339', '1339'], ['nonsense', 'nonsense'],
  ]) {
    assert.equal(typed(keys), shown, keys);
  }
});

test('a card is good to the end of its month, in Seoul', () => {
  const late = new Date('2026-11-30T14:59:00Z');
  const midnight = new Date('2026-11-30T15:00:00Z');
  assert.deepEqual(['11/26', '12/26', '01/27', '10/26', '12/25'].map((expiry) => isPast(expiry, late)), [false, false, false, true, true]);
  assert.equal(isPast('11/26', midnight), true);
});

test('days, months and moments are those of Seoul', () => {
  assert.equal(day('2026-11-30T15:00:00Z'), '2026-12-01');
  assert.match(moment('2026-11-30T15:05:00Z'), /12월 1일 00:05$/);
  assert.deepEqual(daysOf({ year: 2028, month: 2 }), { startDate: '2028-02-01', endDate: '2028-02-29' });
  assert.deepEqual(shift({ year: 2026, month: 1 }, -1), { year: 2025, month: 12 });
  assert.deepEqual(shift({ year: 2026, month: 12 }, 1), { year: 2027, month: 1 });
});
