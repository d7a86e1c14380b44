// Many checkouts in one browser. Over HTTP/1.1 it has six connections to a server, and a stream holds one.
import { chromium } from '@playwright/test';
import { launchOptions } from './support/browser.mjs';
import { customer, shop } from './support/people.mjs';
import { startServer } from './support/server.mjs';
import { expect, state, test } from './support/test.mjs';

/** Streams that the server holds open. */
async function streams(server) {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^paygate_sse_streams (\d+)/m.exec(text)?.[1] ?? 0);
}

/** As a browser does for a tab that others cover. */
const turn = (page, visibilityState) => page.evaluate((now) => {
  Object.defineProperty(document, 'visibilityState', { value: now, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}, visibilityState);

test('seven checkouts beside each other: each page loads, and each follows its payment', async ({ context, server, people }) => {
  const [merchant, payer] = [await people.shop(), await people.customer()];
  const all = [];
  for (let number = 1; number <= 7; number += 1) {
    const { token } = await merchant.create();
    const page = await context.newPage();
    await page.goto(`${server.url}/checkout/${token}?lang=en`);
    await expect(page.locator('#countdown')).toHaveText(/^0?9:|^10:/);
    all.push({ token, page });
  }
  const another = await context.newPage();
  await another.goto(`${server.url}/docs/?lang=en`);
  await expect(another.locator('h1')).toBeVisible();
  for (const { token, page } of all) {
    await payer.approve(token);
    await state(page).toHaveAttribute('data-state', 'approved');
  }
});

test('seven purchases in the demo shop, each with its window', async ({ context, server, people }) => {
  const payer = await people.customer();
  const all = [];
  for (let number = 1; number <= 7; number += 1) {
    const page = await context.newPage();
    await page.goto(`${server.url}/shop/?lang=en`);
    const opened = page.waitForEvent('popup');
    await page.getByRole('button', { name: 'Buy' }).first().click();
    const checkout = await opened;
    await expect(checkout.locator('#checkout')).toHaveAttribute('data-state', 'ready');
    all.push({ page, checkout });
  }
  for (const { page, checkout } of all) {
    await payer.approve(new URL(checkout.url()).pathname.split('/').pop());
    await expect(page.getByRole('heading', { name: 'Thank you for your order' })).toBeVisible();
  }
});

test('of seven tabs the one that is shown holds a stream; another catches up when it is shown', async () => {
  // A server and a browser of its own: nobody else holds streams, and no tool makes tabs believe that they are shown.
  const server = await startServer();
  const browser = await chromium.launch(launchOptions());
  try {
    const [merchant, payer] = [await shop(server.url), await customer(server.url)];
    const devtools = await browser.newBrowserCDPSession();
    const tabs = [];
    for (let number = 1; number <= 7; number += 1) {
      const { token } = await merchant.create({ successUrl: `${server.url}/docs/` });
      const { targetId } = await devtools.send('Target.createTarget', { url: `${server.url}/checkout/${token}?lang=en` });
      tabs.push({ token, targetId });
      await expect.poll(() => streams(server)).toBe(1);
    }
    const address = async () => {
      const { targetInfos } = await devtools.send('Target.getTargets');
      return new URL(targetInfos.find(({ targetId }) => targetId === tabs[2].targetId).url).pathname;
    };
    await payer.approve(tabs[2].token);
    await new Promise((next) => setTimeout(next, 1000));
    expect(await address()).toBe(`/checkout/${tabs[2].token}`);
    await devtools.send('Target.activateTarget', { targetId: tabs[2].targetId });
    await expect.poll(address, 'it leads back to the shop').toBe('/docs/');
  } finally {
    await browser.close();
    await server.stop();
  }
});

test('a checkout in a hidden tab holds no stream, and has caught up when it is shown again', async ({ page, server, people }) => {
  const [merchant, payer] = [await people.shop(), await people.customer()];
  const { token } = await merchant.create();
  const before = await streams(server);
  await page.goto(`${server.url}/checkout/${token}?lang=en`);
  await expect.poll(() => streams(server)).toBe(before + 1);
  await turn(page, 'hidden');
  await expect.poll(() => streams(server)).toBe(before);
  await payer.approve(token);
  await page.waitForTimeout(500);
  await state(page).toHaveAttribute('data-state', 'ready');
  await turn(page, 'visible');
  await state(page).toHaveAttribute('data-state', 'approved');
});

test('a phone in a pocket holds no stream, and has caught up when it is looked at', async ({ phone, server, people }) => {
  const merchant = await people.shop();
  const orderId = `pocket-${Date.now()}`;
  const { token } = await merchant.create({ orderId });
  const before = await streams(server);
  const app = await phone(await people.customer());
  await app.goto(`${server.url}/m/#/pay/${token}`);
  await expect(app.getByRole('button', { name: /^Pay ₩/ })).toBeVisible();
  await expect.poll(() => streams(server)).toBe(before + 1);
  await turn(app, 'hidden');
  await expect.poll(() => streams(server)).toBe(before);
  await merchant.cancel(orderId);
  await app.waitForTimeout(500);
  await expect(app.getByRole('button', { name: /^Pay ₩/ })).toBeVisible();
  await turn(app, 'visible');
  await expect(app.getByRole('heading', { name: 'The payment was canceled' })).toBeVisible();
});
