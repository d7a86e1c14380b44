import assert from 'node:assert/strict';
import { test } from 'node:test';

globalThis.document = { documentElement: { lang: 'ko' } };
const { cardNumber, clock, day, daysOf, expiry, isExpiry, moment, shift, won } = await import('../static/m/format.js');

test('money has its sign in front and its currency', () => {
  assert.equal(won(1234567), '1,234,567원');
  assert.equal(won(-5000), '−5,000원');
});

test('a card number is written in fours while it is typed', () => {
  for (const [typed, written] of [['9', '9'], ['99990', '9999-0'], ['9999-0000 0000-0001', '9999-0000-0000-0001'], ['9'.repeat(30), '9999-9999-9999-9999-999'], ['ab', '']]) {
    assert.equal(cardNumber(typed), written);
  }
});

test('an expiry date is written as a month and a year', () => {
  for (const [typed, written] of [['1', '1'], ['12', '12'], ['123', '12/3'], ['1239', '12/39'], ['12/3', '12/3'], ['4', '04'], ['431', '04/31'], ['12399', '12/39']]) {
    assert.equal(expiry(typed), written);
  }
});

test('a card is good to the end of its month, in Seoul', () => {
  const late = new Date('2026-11-30T14:59:00Z');
  const midnight = new Date('2026-11-30T15:00:00Z');
  assert.equal(isExpiry('11/26', late), true);
  assert.equal(isExpiry('11/26', midnight), false);
  for (const wrong of ['00/30', '13/30', '1/30', '', '12/3', '10/26']) assert.equal(isExpiry(wrong, late), false, wrong);
});

test('days, months and moments are those of Seoul', () => {
  assert.equal(day('2026-11-30T15:00:00Z'), '2026-12-01');
  assert.match(moment('2026-11-30T15:05:00Z'), /12월 1일 00:05$/);
  assert.deepEqual(daysOf({ year: 2028, month: 2 }), { startDate: '2028-02-01', endDate: '2028-02-29' });
  assert.deepEqual(shift({ year: 2026, month: 1 }, -1), { year: 2025, month: 12 });
  assert.deepEqual(shift({ year: 2026, month: 12 }, 1), { year: 2027, month: 1 });
  assert.equal(clock(599), '09:59');
});
