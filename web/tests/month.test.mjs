import assert from 'node:assert/strict';
import { test } from 'node:test';

globalThis.document = { documentElement: { lang: 'ko' } };
const { reader } = await import('../static/m/month.js');

/** A server with these payments, newest first; it pages by offset, as the real one does. */
const server = (payments) => async ({ page, limit }) => payments.slice(page * limit, (page + 1) * limit);
const made = (count, createdAt, name = 'p') => Array.from({ length: count }, (_, at) => ({ paymentKey: `${name}${at}`, createdAt }));
const keys = ({ payments }) => payments.map(({ paymentKey }) => paymentKey);

test('a payment belongs to the month in which it was made, in Seoul, whenever it was charged', async () => {
  const late = { paymentKey: 'late', createdAt: '2026-10-31T14:59:00Z', transactions: [{ completedAt: '2026-10-31T15:01:00Z' }] };
  const early = { paymentKey: 'early', createdAt: '2026-10-31T15:00:00Z' };
  assert.deepEqual(keys(await reader('2026-10-31', server([early, late]))()), ['late']);
  assert.deepEqual(keys(await reader('2026-11-30', server([early]))()), ['early']);
});

test('a first page of the next month only is not the end', async () => {
  const payments = [...made(25, '2026-10-31T16:00:00Z', 'next'), ...made(3, '2026-10-30T00:00:00Z')];
  const found = await reader('2026-10-31', server(payments))();
  assert.deepEqual([keys(found), found.isMore], [['p0', 'p1', 'p2'], false]);
  assert.deepEqual(await reader('2026-10-31', server(payments.slice(0, 20)))(), { payments: [], isMore: false });
});

test('a payment that arrives between two pages doubles none', async () => {
  const payments = made(30, '2026-10-30T00:00:00Z');
  const next = reader('2026-10-31', server(payments));
  const first = await next();
  assert.equal(first.isMore, true);
  payments.unshift({ paymentKey: 'arrived', createdAt: '2026-10-30T01:00:00Z' });
  const all = [...keys(first), ...keys(await next())];
  assert.deepEqual(all, made(30).map(({ paymentKey }) => paymentKey));
});

test('what could not be read is read again', async () => {
  let isDown = true;
  const payments = made(3, '2026-10-30T00:00:00Z');
  const next = reader('2026-10-31', async (paging) => {
    if (isDown) throw new Error('offline');
    return server(payments)(paging);
  });
  await assert.rejects(next());
  isDown = false;
  assert.equal((await next()).payments.length, 3);
});
