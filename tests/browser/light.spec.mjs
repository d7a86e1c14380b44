// What a page costs, and what it is without scripts.
import { expect, linkOn, signIn, state, test } from './support/test.mjs';
import { go, signInAt } from './support/desk.mjs';
import { customer, newcomer, shop, SHOP } from './support/people.mjs';
import { startServer } from './support/server.mjs';

const KIB = 1024;

/** Bytes on the wire of all that the page loaded so far, as it was sent. */
async function weightOf(page, url, settled) {
  await page.goto(url);
  await settled();
  return page.evaluate(() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .filter(({ name }) => !/\/events\?|\/api\//.test(name))
    .reduce((sum, { transferSize }) => sum + transferSize, 0));
}

/** A payment with all that one may have, and more refunds than a page shows; its order number. */
async function longestLife(url) {
  const merchant = await shop(url);
  const order = { orderId: 'o'.repeat(100), orderName: '가'.repeat(100), amount: 100_000, metadata: { text: '"'.repeat(1_000) } };
  const { paymentKey } = await merchant.sell(await customer(url, ['good']), order);
  // Of what may stand in a page, `<` is written longest.
  for (let i = 1; i <= 30; i += 1) await merchant.refund(paymentKey, 1_000 + i, '<'.repeat(200));
  return order.orderId;
}

/** More charges in doubt than a page shows, each waiting for a person. */
async function manyDoubts(url, count) {
  const [merchant, payer] = [await shop(url), await customer(url, ['silent'])];
  const order = (i) => ({ orderId: `doubt-${i}`.padEnd(100, 'x'), orderName: '<'.repeat(100), amount: 23_000 });
  await Promise.all(Array.from({ length: count }, (_, i) => merchant.sell(payer, order(i), 'silent')));
}

test.describe('weight', () => {
  test.use({ serviceWorkers: 'block' });

  test('the pages stay below 60 KiB, the phone with its decoder below 120 KiB', async ({ browser, watch, server, people }) => {
    const { token } = await (await people.shop()).create();
    const who = await people.customer();
    const [checkout, pay] = [`/checkout/${token}`, `/m/#/pay/${token}`];
    const places = [
      ['/shop/', '.good', 60], ['/shop/fail?code=PAYMENT_CANCELED', '.receipt', 60], [checkout, '.qr', 60],
      ['/checkout/nonsense', '.notice', 60], ['/api-docs', 'details', 60], ['/docs/', 'pre', 60],
      ['/backoffice/sign-in', '.door', 60], ['/backoffice/sign-up', '.door', 60],
      ['/m/#/', '.panel', 60], [pay, '.number-choice', 60], ['/m/#/scan', '.blocked:not([hidden])', 120],
    ];
    watch.allow(/status of 404/);
    for (const [path, selector, limit] of places) {
      const context = watch.over(await browser.newContext({ serviceWorkers: 'block' }));
      await signIn(context, server.url, who);
      const page = await context.newPage();
      const weight = await weightOf(page, `${server.url}${path}`, async () => {
        await page.locator(selector).first().waitFor();
        await page.waitForLoadState('load');
        // The decoder comes when the scanner does.
        if (limit === 120) await page.waitForFunction(() => performance.getEntriesByName(`${location.origin}${document.querySelector('.app').dataset.assets}/vendor/jsqr.js`).length);
      });
      expect.soft(weight, path).toBeGreaterThan(1 * KIB);
      expect.soft(weight, path).toBeLessThan(limit * KIB);
      await context.close();
    }
  });

  test('so do those of the back office, with two years of payments', async ({ context, page, watch }) => {
    const server = await startServer();
    try {
      await server.makePast(2_000);
      await signInAt(page, server.url, SHOP);
      await page.goto(`${server.url}/backoffice/payments?status=DONE`);
      const payment = await page.locator('.rows .order a').first().getAttribute('href');
      const list = '/backoffice/payments';
      const long = await longestLife(server.url);
      await page.goto(`${server.url}${list}?key=${long}`);
      const longest = await page.locator('.rows .order a').first().getAttribute('href');
      await page.goto(`${server.url}${longest}`);
      const earlier = await page.getByRole('link', { name: /^Show \d+ earlier/ }).getAttribute('href');
      const cookies = await context.cookies();
      for (const path of ['/backoffice/', list, `${list}?name=zzz`, payment, longest, earlier, `${payment}/refund`, '/backoffice/doubts', '/backoffice/keys', '/backoffice/profile']) {
        // Nothing is in its cache.
        const fresh = watch.over(await context.browser().newContext({ serviceWorkers: 'block' }));
        await fresh.addCookies(cookies);
        const weight = await weightOf(await fresh.newPage(), `${server.url}${path}`, () => {});
        expect.soft(weight, path).toBeGreaterThan(1 * KIB);
        expect.soft(weight, path).toBeLessThan(60 * KIB);
        await fresh.close();
      }
    } finally {
      await server.stop();
    }
  });
});

test('a page of money in doubt stays light, shows a dozen and leads to the rest', async ({ page }) => {
  const impatient = { ACQUIRER__CARD__CALL_TIMEOUT_MS: 300, PAYMENT__ACQUIRER_TIMEOUT_MS: 300, PAYMENT__ANSWER_BUDGET_MS: 1500 };
  const server = await startServer({ ...impatient, ACQUIRER__CARD__DIALECT: 'basic' });
  try {
    await manyDoubts(server.url, 12);
    await signInAt(page, server.url, SHOP);
    const forms = page.getByRole('button', { name: 'Record the result' });
    expect(await weightOf(page, `${server.url}/backoffice/doubts`, () => expect(forms).toHaveCount(12))).toBeLessThan(60 * KIB);
    await expect(page.getByText('12 of them')).toHaveCount(0);
    const payer = await customer(server.url, ['silent']);
    await (await shop(server.url)).sell(payer, { orderId: 'thirteenth', orderName: 'Thirteenth' }, 'silent');
    await page.reload();
    await expect(forms).toHaveCount(12);
    await expect(page.getByText('12 of them: first those that wait for a person, then the oldest.')).toBeVisible();
    // The newest is not among them, and can be decided all the same.
    await expect(page.getByRole('link', { name: 'Thirteenth' })).toHaveCount(0);
    await page.getByRole('link', { name: 'See all in the list' }).click();
    await expect(page.locator('.rows tbody tr')).toHaveCount(13);
    await expect(page.getByLabel('Status')).toHaveValue('IN_DOUBT');
    await page.getByRole('link', { name: 'Thirteenth' }).click();
    await page.getByRole('main').getByRole('link', { name: 'In doubt' }).click();
    await expect(forms).toHaveCount(1);
    await page.getByLabel('It was approved').check();
    await page.getByRole('checkbox').check();
    await page.getByLabel('Who said so').fill('Ms Kim');
    await forms.click();
    await expect(page.getByRole('status').filter({ hasText: 'The result is recorded.' })).toBeVisible();
    expect(await (await shop(server.url)).order('thirteenth')).toMatchObject({ status: 'DONE' });
  } finally {
    await server.stop();
  }
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('a purchase works, from the shop to the receipt', async ({ page, server, people }) => {
    await page.goto(`${server.url}/shop/`);
    await page.getByRole('button', { name: 'Buy' }).first().click();
    await expect(page.getByText('₩4,500')).toBeVisible();
    await expect(page.getByText('Matching number')).toBeVisible();
    const link = await linkOn(page);
    await (await people.customer()).approve(new URL(link).searchParams.get('token'), 'good');
    // The page looks again by itself.
    await expect(page.getByRole('heading', { name: 'Approved' })).toBeVisible();
    await page.getByRole('link', { name: 'Return to the shop' }).click();
    await expect(page.getByRole('heading', { name: 'Thank you for your order' })).toBeVisible();
  });

  test('a payment can be canceled', async ({ page, server }) => {
    await page.goto(`${server.url}/shop/`);
    await page.getByRole('button', { name: 'Buy' }).nth(2).click();
    await page.getByRole('button', { name: 'Cancel payment' }).click();
    await state(page).toHaveAttribute('data-state', 'canceled');
    await page.getByRole('link', { name: 'Return to the shop' }).click();
    await expect(page.getByText('The payment was canceled.')).toBeVisible();
  });

  test('a shop signs in, finds a payment and gives it back', async ({ page, server, people }) => {
    const owner = newcomer();
    const merchant = await shop(server.url, owner);
    await merchant.sell(await people.customer(), { orderId: 'plain', orderName: 'Plain mug', amount: 8_000 });
    await signInAt(page, server.url, owner);
    await go(page, 'Payments');
    await page.getByLabel('Order or customer').fill('plain');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('link', { name: 'Plain mug' }).click();
    await page.getByRole('link', { name: 'Refund' }).click();
    await page.getByLabel('Reason', { exact: true }).fill('Broken');
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Give back' }).click();
    await expect(page.getByText('₩8,000 was given back.')).toBeVisible();
    expect(await merchant.order('plain')).toMatchObject({ status: 'CANCELED', balanceAmount: 0 });
    await go(page, 'API keys');
    await page.getByText('Show').first().click();
    await expect(page.locator('.clear').first()).toBeVisible();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page.getByRole('status')).toHaveText('You are signed out.');
  });

  test('the documents can be read', async ({ page, server }) => {
    await page.goto(`${server.url}/docs/`);
    await expect(page.getByRole('region', { name: 'Test cards' }).getByRole('row')).not.toHaveCount(0);
    await expect(page.locator('pre').first()).toContainText('curl');
    await page.goto(`${server.url}/api-docs`);
    await page.locator('summary').first().click();
    await expect(page.locator('details').first()).toHaveAttribute('open');
  });

  test('the phone app says what it needs', async ({ page, server }) => {
    await page.goto(`${server.url}/m/`);
    await expect(page.locator('noscript .empty')).toBeVisible();
    await expect(page.locator('.spinner')).toBeHidden();
  });

  test('the chosen language stays, from the shop to the receipt', async ({ page, server }) => {
    await page.goto(`${server.url}/shop/`);
    await page.getByRole('link', { name: '한국어' }).click();
    await expect(page.getByRole('heading', { name: '데모 상점' })).toBeVisible();
    await page.getByRole('button', { name: '구매하기' }).first().click();
    await page.getByRole('button', { name: '결제 취소' }).click();
    await page.getByRole('link', { name: '상점으로 돌아가기' }).click();
    await expect(page.getByRole('heading', { name: '주문하지 못했습니다' })).toBeVisible();
  });
});
