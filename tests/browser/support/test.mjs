// What every browser test begins with: a server, a customer's computer and phone, and a watch over both.
import { test as base, expect } from '@playwright/test';
import { startServer } from './server.mjs';
import { customer, shop } from './people.mjs';
import { textOf } from './qr.mjs';

export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

export const test = base.extend({
  server: [async ({}, use) => {
    const server = await startServer();
    await use(server);
    await server.stop();
  }, { scope: 'worker' }],

  /** No page may write an error to its console, or ask another host for anything. */
  watch: async ({ server: _ }, use) => {
    const watch = { problems: [], allowed: [] };
    watch.allow = (...patterns) => watch.allowed.push(...patterns);
    watch.over = (context) => {
      const note = (problem) => watch.problems.push(problem);
      context.on('console', (message) => { if (message.type() === 'error') note(`console: ${message.text()} (${message.location().url})`); });
      context.on('weberror', (error) => note(`exception: ${error.error().stack}`));
      context.on('request', (request) => {
        const { protocol, hostname } = new URL(request.url());
        if (protocol.startsWith('http') && hostname !== '127.0.0.1') note(`foreign: ${request.url()}`);
      });
      return context;
    };
    await use(watch);
    const problems = watch.problems.filter((problem) => !watch.allowed.some((pattern) => pattern.test(problem)));
    expect(problems, 'no error in a console, no request to another host').toEqual([]);
  },

  context: async ({ context, watch }, use) => use(watch.over(context)),

  /** Opens a phone: a browser of its own, signed in as `who` unless that is null. */
  phone: async ({ browser, watch, server }, use) => {
    const open = [];
    await use(async (who, { url = server.url, from = browser, ...options } = {}) => {
      const context = watch.over(await from.newContext({ ...PHONE, locale: 'en-US', ...options }));
      open.push(context);
      if (who) await signIn(context, url, who);
      return context.newPage();
    });
    for (const context of open) await context.close();
  },

  people: async ({ server }, use) => use({ customer: (cards) => customer(server.url, cards), shop: () => shop(server.url) }),
});

export { expect };

/** As if they had signed in a moment ago. */
export async function signIn(context, url, who) {
  await context.addInitScript(([origin, token]) => {
    if (location.origin === origin && !sessionStorage.signedIn) localStorage.setItem('paygate.session', token);
    if (location.origin === origin) sessionStorage.signedIn = 'yes';
  }, [url, who.accessToken]);
}

/** Chooses a product of the demo shop; returns the window of the checkout. */
export async function buy(page, url, product = 'Drip coffee') {
  await page.goto(`${url}/shop/`);
  const opened = page.waitForEvent('popup');
  await page.getByRole('listitem').filter({ hasText: product }).getByRole('button', { name: 'Buy' }).click();
  return loaded(await opened);
}

/** A checkout that waits for the customer, with its script: before that, Cancel cancels and does not ask. */
export async function loaded(checkout) {
  await expect(checkout.locator('#checkout')).toHaveAttribute('data-state', 'ready');
  await checkout.waitForLoadState('load');
  return checkout;
}

/** What a camera reads off a checkout. */
export async function linkOn(checkout) {
  const link = textOf(await pictureOf(checkout));
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/m\/payment\/deeplink\/success\?token=[\w.-]+&expiredAt=/);
  return link;
}

/** The checkout's QR code as it is drawn. */
export async function pictureOf(checkout) {
  const picture = checkout.locator('.qr img');
  await expect.poll(() => picture.evaluate((image) => image.complete && image.naturalWidth)).toBeTruthy();
  return checkout.locator('.qr').screenshot();
}

/** Says yes on the phone, to the number that stands on the checkout. */
export async function approve(phone, checkout) {
  const number = await checkout.locator('.matching .number').textContent();
  await phone.getByRole('button', { name: number, exact: true }).click();
  await phone.getByRole('button', { name: /^Pay ₩/ }).click();
}

export const state = (checkout) => expect(checkout.locator('#checkout'));
