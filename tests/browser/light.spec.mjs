// What a page costs, and what it is without scripts.
import { expect, linkOn, signIn, state, test } from './support/test.mjs';

const KIB = 1024;

/** Bytes on the wire of all that the page loaded so far, as it was sent. */
async function weightOf(page, url, settled) {
  await page.goto(url);
  await settled();
  return page.evaluate(() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .filter(({ name }) => !/\/events\?|\/api\//.test(name))
    .reduce((sum, { transferSize }) => sum + transferSize, 0));
}

test.describe('weight', () => {
  test.use({ serviceWorkers: 'block' });

  test('the pages stay below 60 KiB, the phone with its decoder below 120 KiB', async ({ browser, watch, server, people }) => {
    const { token } = await (await people.shop()).create();
    const who = await people.customer();
    const [checkout, pay] = [`/checkout/${token}`, `/m/#/pay/${token}`];
    const places = [
      ['/shop/', '.good', 60], ['/shop/fail?code=PAYMENT_CANCELED', '.receipt', 60], [checkout, '.qr', 60],
      ['/checkout/nonsense', '.notice', 60], ['/api-docs', 'details', 60],
      ['/m/#/', '.panel', 60], [pay, '.number-choice', 60], ['/m/#/scan', '.notice-warn:not([hidden])', 120],
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

  test('the phone app says what it needs', async ({ page, server }) => {
    await page.goto(`${server.url}/m/`);
    await expect(page.locator('noscript .empty')).toBeVisible();
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
