// Finding payments in the back office, and taking them along as a file.
import { expect, test } from './support/test.mjs';
import { download, go, ordersOfAll, ordersOn, signInAt } from './support/desk.mjs';
import { newcomer, shop, SHOP } from './support/people.mjs';
import { startServer } from './support/server.mjs';

const FIELDS = { name: 'Order or customer', start: 'From', end: 'To', status: 'Status', type: 'Type' };

/** Clears the filters, and fills in others. */
async function search(page, wanted) {
  await page.goto(new URL('/backoffice/payments', page.url()).href);
  if (wanted.type) await page.getByText('More filters').click();
  for (const [name, value] of Object.entries(wanted)) {
    const field = page.getByLabel(FIELDS[name], { exact: true });
    if (name === 'status' || name === 'type') await field.selectOption({ label: value });
    else await field.fill(value);
  }
  await page.getByRole('button', { name: 'Search' }).click();
  await expect(page.getByRole('link', { name: 'Clear' })).toBeVisible();
}

test('payments are found by order, customer, day, type and status', async ({ page, server, people }) => {
  const owner = newcomer();
  const merchant = await shop(server.url, owner);
  const [ann, bob] = [await people.customer(['good', 'limit']), await people.customer()];
  await merchant.sell(ann, { orderId: 'a-beans', orderName: '원두 500 g', amount: 23_000 });
  await merchant.sell(bob, { orderId: 'b-mug', orderName: 'Stoneware mug', amount: 18_000 });
  await merchant.sell(ann, { orderId: 'a-lost', orderName: '100% wool, "thick"', amount: 41_000 }, 'limit');
  await merchant.sell(bob, { orderId: 'b-back', orderName: 'Mug, returned', amount: 18_000 });
  await merchant.cancel('b-back');
  const { paymentKey } = await merchant.sell(ann, { orderId: 'a-part', orderName: 'Two mugs', amount: 36_000 });
  await merchant.refund(paymentKey, 18_000);
  await merchant.create({ orderId: 'waits', orderName: 'Coffee', amount: 4_500 });
  const all = ['waits', 'a-part', 'b-back', 'a-lost', 'b-mug', 'a-beans'];

  await signInAt(page, server.url, owner);
  await go(page, 'Payments');
  expect(await ordersOn(page)).toEqual(all);
  const [today, yesterday] = await page.evaluate(() => [0, 1].map((days) => new Date(Date.now() + (9 - 24 * days) * 3_600_000).toISOString().slice(0, 10)));
  for (const [wanted, expected] of [
    [{ name: 'mug' }, ['a-part', 'b-back', 'b-mug']],
    [{ name: '100%' }, ['a-lost']],
    [{ name: '원두' }, ['a-beans']],
    [{ name: ann.email.slice(0, 14).toUpperCase() }, ['a-part', 'a-lost', 'a-beans']],
    [{ status: 'Waiting' }, ['waits']],
    [{ status: 'Failed' }, ['a-lost']],
    [{ status: 'Canceled' }, ['b-back']],
    [{ type: 'Payment' }, ['a-part', 'b-back', 'b-mug', 'a-beans']],
    [{ type: 'Cancel' }, ['a-part', 'b-back']],
    [{ type: 'Refund' }, []],
    [{ name: bob.email, type: 'Cancel', status: 'Canceled' }, ['b-back']],
    [{ start: today, end: today, name: 'Coffee' }, ['waits']],
    [{ end: yesterday }, []],
  ]) {
    await search(page, wanted);
    expect(await ordersOn(page), JSON.stringify(wanted)).toEqual(expected);
    for (const [name, value] of Object.entries(wanted)) {
      if (name !== 'status' && name !== 'type') await expect(page.getByLabel(FIELDS[name], { exact: true })).toHaveValue(value);
    }
    if (!expected.length) await expect(page.getByText('No payments match these filters.')).toBeVisible();
    expect((await download(page)).map((row) => row['Order number'])).toEqual(expected);
  }
  await search(page, { name: 'wool' });
  const [row] = await download(page);
  expect(row).toMatchObject({ 'Order name': '100% wool, "thick"', Customer: ann.email, Status: 'Failed', Amount: '41000' });
  await page.getByRole('link', { name: 'Clear' }).click();
  await expect(page.locator('.rows tbody tr')).toHaveCount(all.length);
  await page.getByRole('link', { name: 'Today' }).click();
  await expect(page.getByLabel('From', { exact: true })).toHaveValue(today);
  expect(await ordersOn(page)).toEqual(all);
});

test('two years of payments: pages, refunds, days, and a file of exactly what was asked for', async ({ page }) => {
  const server = await startServer();
  try {
    await server.makePast(300);
    await signInAt(page, server.url, SHOP);
    await go(page, 'Payments');
    const whole = await download(page);
    expect(whole.length).toBeGreaterThan(200);
    expect(await ordersOfAll(page)).toEqual(whole.map((row) => row['Order number']));
    const dayOf = (row) => row['Requested (Seoul)'].slice(0, 10);
    const [end, start] = [whole[10], whole[60]].map(dayOf);
    const isOf = {
      refunds: { wanted: { type: 'Refund' }, fits: (row) => row.Status !== 'Paid' && Number(row['Given back']) > 0 && dayOf(row) <= dayOf(whole[0]) },
      days: { wanted: { start, end }, fits: (row) => start <= dayOf(row) && dayOf(row) <= end },
      paid: { wanted: { status: 'Paid', start }, fits: (row) => row.Status === 'Paid' && start <= dayOf(row) },
    };
    for (const [name, { wanted, fits }] of Object.entries(isOf)) {
      await search(page, wanted);
      const file = await download(page);
      const orders = file.map((row) => row['Order number']);
      expect(orders.length, name).toBeGreaterThan(3);
      expect(file.every(fits), name).toBe(true);
      // Which of what was given back was a cancel of the same day, the file does not say.
      if (name !== 'refunds') expect(orders, name).toEqual(whole.filter(fits).map((row) => row['Order number']));
      expect(await ordersOfAll(page), name).toEqual(orders);
    }
    // From the last page back to the first.
    await page.getByRole('link', { name: 'First' }).click();
    expect((await ordersOn(page))[0]).toBe(whole[0]['Order number']);
  } finally {
    await server.stop();
  }
});
