// What a shop is careful with: its keys, its websites, its password, and money that nobody answers for.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { expect, test } from './support/test.mjs';
import { go, readKey, signInAt, signUpAt } from './support/desk.mjs';
import { customer, newcomer, shop, shopWith } from './support/people.mjs';
import { startCardNetwork, startServer } from './support/server.mjs';
import { startWire } from './support/wire.mjs';

test.describe('keys', () => {
  test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

  test('new keys are in force at once, the old ones until their grace is over or somebody stops them', async ({ page, server }) => {
    const owner = newcomer();
    await signUpAt(page, server.url, owner);
    await go(page, 'API keys');
    await page.getByRole('button', { name: 'Issue keys' }).click();
    const [old, client] = [await readKey(page, 'Secret key'), await readKey(page, 'Client key')];
    expect(client).not.toBe(old);
    const works = (key) => shopWith(server.url, key).create().then(() => true, ({ code }) => code);
    expect(await works(old)).toBe(true);
    // A client key may create, and not look up.
    await shopWith(server.url, client).create({ orderId: 'page' });
    await expect(shopWith(server.url, client).order('page')).rejects.toThrow(/FORBIDDEN|UNAUTHORIZED/);

    await page.getByLabel('Stop in 24 hours').check();
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Renew the keys' }).click();
    await expect(page.getByRole('status')).toHaveText('The new keys are in force.');
    const fresh = await readKey(page, 'Secret key');
    expect(fresh).not.toBe(old);
    expect([await works(fresh), await works(old)]).toEqual([true, true]);
    // A reload is no further renewal.
    await page.reload();
    expect(await readKey(page, 'Secret key')).toBe(fresh);

    await expect(page.getByRole('heading', { name: 'Old keys in their grace period' })).toBeVisible();
    await page.getByRole('button', { name: 'Stop now' }).click();
    await expect(page.getByRole('status')).toHaveText('The old keys are stopped.');
    expect([await works(fresh), await works(old)]).toEqual([true, 'UNAUTHORIZED']);
  });
});

test.describe('copying a key', () => {
  test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

  // Plain HTTP to another machine is no secure context: there is no clipboard in it. Elsewhere it may be forbidden.
  const clipboards = {
    'where there is no clipboard': () => { delete Navigator.prototype.clipboard; },
    'where the clipboard refuses': () => { Clipboard.prototype.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError')); },
  };
  for (const [name, without] of Object.entries(clipboards)) {
    test(`${name}, the button copies all the same, or says that it did not`, async ({ page, server }) => {
      await page.addInitScript(without);
      await signUpAt(page, server.url, newcomer());
      await go(page, 'API keys');
      await page.getByRole('button', { name: 'Issue keys' }).click();
      const card = page.locator('.key').first();
      const copy = card.getByRole('button', { name: 'Copy' });
      await copy.click();
      await expect(card.getByRole('button', { name: 'Copied' })).toBeFocused();
      await page.getByLabel('Origin').focus();
      await page.keyboard.press('ControlOrMeta+v');
      await expect(page.getByLabel('Origin')).toHaveValue(await card.locator('.clear').textContent());
      await expect(copy).toBeVisible();
      await page.evaluate(() => { document.execCommand = () => false; });
      await copy.click();
      await expect(card.getByRole('button', { name: 'Not copied' })).toBeVisible();
    });
  }
});

/** A shop's own website, which shows a page in a frame. */
async function website() {
  const server = createServer((request, response) => {
    const frame = new URL(request.url, 'http://shop').searchParams.get('frame');
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><title>Shop</title><link rel="icon" href="data:,"><iframe src="${frame ?? 'about:blank'}" width="420" height="700"></iframe>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => { server.close(); server.closeAllConnections(); } };
}

test('a website may show the checkout in a frame once it is registered, and not any more when it is removed', async ({ page, server, watch }) => {
  watch.allow(/frame-ancestors/, /status of 400 .*origins/, /chromewebdata/);
  const owner = newcomer();
  const merchant = await shop(server.url, owner);
  const { token } = await merchant.create();
  const site = await website();
  const framed = async () => {
    const look = await page.context().newPage();
    const answered = look.waitForResponse((response) => response.url().includes('/checkout/'));
    await look.goto(`${site.url}/?frame=${server.url}/checkout/${token}`);
    await (await answered).finished();
    await look.waitForLoadState('load');
    const isShown = await look.frameLocator('iframe').locator('#checkout').count();
    await look.close();
    return Boolean(isShown);
  };
  try {
    await signInAt(page, server.url, owner);
    await go(page, 'API keys');
    expect(await framed()).toBe(false);
    await page.getByLabel('Origin').fill('ftp://shop.example.com');
    await page.getByRole('button', { name: 'Add' }).click();
    await expect(page.getByText('must be an origin such as https://shop.example.com')).toBeVisible();
    await page.getByLabel('Origin').fill(`${site.url}/a/page`);
    await page.getByRole('button', { name: 'Add' }).click();
    await expect(page.locator('#origins .lines')).toContainText(site.url);
    expect(await framed()).toBe(true);
    await page.getByRole('button', { name: `Remove ${site.url}` }).click();
    await expect(page.getByText('No origins are registered.')).toBeVisible();
    expect(await framed()).toBe(false);
  } finally {
    site.stop();
  }
});

test('the SDK shows the checkout in a page of a registered website, and in no other', async ({ page, server }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await signUpAt(page, server.url, newcomer());
  await go(page, 'API keys');
  await page.getByRole('button', { name: 'Issue keys' }).click();
  const clientKey = await readKey(page, 'Client key');
  const site = await website();
  const pays = async (order) => {
    const look = await page.context().newPage();
    await look.goto(site.url);
    await look.addScriptTag({ url: `${server.url}/sdk/v1/paygate.js` });
    const promise = look.evaluate(([key, options]) => window.Paygate({ clientKey: key }).requestPayment(options).catch(({ code }) => code), [
      clientKey, { orderId: 'order-1', amount: 1000, orderName: 'Coffee', mode: 'embedded', ...order },
    ]);
    return { look, promise };
  };
  try {
    // That the call names the website makes no difference.
    expect(await (await pays({ successUrl: `${site.url}/done` })).promise).toBe('INVALID_REQUEST');
    await page.getByLabel('Origin').fill(site.url);
    await page.getByRole('button', { name: 'Add' }).click();
    await expect(page.locator('#origins .lines')).toContainText(site.url);
    const { look, promise } = await pays({ successUrl: `${site.url}/done` });
    await expect(look.locator('dialog iframe').contentFrame().locator('#checkout')).toHaveAttribute('data-state', 'ready');
    await look.getByRole('button', { name: '닫기' }).or(look.getByRole('button', { name: 'Close' })).click();
    expect(await promise).toBe('WINDOW_CLOSED');
  } finally {
    site.stop();
  }
});

// What a card network that does not answer is soon given up for.
const IMPATIENT = { ACQUIRER__CARD__CALL_TIMEOUT_MS: 300, PAYMENT__ACQUIRER_TIMEOUT_MS: 300, PAYMENT__ANSWER_BUDGET_MS: 1500 };

test('a charge in doubt is told, asked about, and settles by itself', async ({ page }) => {
  const network = await startCardNetwork();
  const wire = await startWire(network);
  const server = await startServer({ ...IMPATIENT, ACQUIRER__CARD__BASE_URL: wire.url, RESOLUTION__INQUIRY_EVERY_MS: 1_000 });
  try {
    const owner = newcomer();
    const merchant = await shop(server.url, owner);
    const payer = await customer(server.url, ['chargesSilently']);
    await signInAt(page, server.url, owner);
    await go(page, 'In doubt');
    await expect(page.getByRole('heading', { name: 'No money is in doubt.' })).toBeVisible();
    // The charge gets there, and no question about it does.
    const charging = wire.hears('/card/approve').then(wire.refuse);
    const order = { orderId: 'doubt', orderName: 'Silent charge', amount: 12_000 };
    expect((await merchant.sell(payer, order, 'chargesSilently')).code).toBe('PAYMENT_OUTCOME_UNKNOWN');
    await charging;
    // The page tells of it by itself, and so does the menu.
    const doubt = page.locator('.doubt').filter({ hasText: 'Silent charge' });
    await expect(doubt).toContainText('The card company is being asked what became of the charge.');
    await expect(doubt).toContainText('₩12,000');
    await expect(page.locator('.menu .count')).toHaveText('1');
    await expect(page.getByRole('button', { name: 'Record the result' })).toHaveCount(0);
    await go(page, 'Payments');
    await expect(page.locator('.rows .tag-warn')).toHaveText('In doubt');
    const other = await page.context().newPage();
    await other.goto(`${server.url}/backoffice/doubts`);
    await expect(other.locator('.spinner')).toBeVisible();
    await page.getByRole('link', { name: 'Silent charge' }).click();
    await expect(page.getByRole('main').getByRole('link', { name: 'In doubt' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Refund' })).toHaveCount(0);
    wire.up();
    // The page looks again by itself.
    await expect(page.locator('.tag').first()).toHaveText('Paid');
    await expect(page.getByRole('link', { name: 'Refund' })).toBeVisible();
    expect(await merchant.order('doubt')).toMatchObject({ status: 'DONE', balanceAmount: 12_000 });
    // What turned there has come to an end.
    await expect(other.getByRole('heading', { name: 'No money is in doubt.' })).toBeVisible();
    await expect(other.locator('.spinner')).toHaveCount(0);
  } finally {
    await server.stop();
    wire.stop();
    await network.stop();
  }
});

test('where nobody can be asked, a person decides, once and with a note', async ({ page }) => {
  const server = await startServer({ ...IMPATIENT, ACQUIRER__CARD__DIALECT: 'basic' });
  try {
    const owner = newcomer();
    const merchant = await shop(server.url, owner);
    const payer = await customer(server.url, ['chargesSilently']);
    await merchant.sell(payer, { orderId: 'doubt', orderName: 'Silent charge', amount: 12_000 }, 'chargesSilently');
    await signInAt(page, server.url, owner);
    const told = page.locator('.note-warn');
    await expect(told).toContainText('In doubt 1 · Money whose outcome is not known');
    await told.getByRole('link', { name: 'Look' }).click();
    const note = page.getByLabel('Who said so, and how you found out');
    await page.getByLabel('It was approved').check();
    await note.fill('Ms Kim at the card company, by phone');
    // What comes meanwhile is announced, and takes nothing of it away.
    await merchant.sell(payer, { orderId: 'another', orderName: 'Another charge', amount: 1_000 }, 'chargesSilently');
    await expect(page.getByRole('link', { name: 'What this page shows has changed. Reload' })).toBeVisible();
    await expect(note).toHaveValue('Ms Kim at the card company, by phone');
    await expect(page.locator('.doubt')).toHaveCount(1);
    await page.getByRole('button', { name: 'Record the result' }).click();
    await expect(page.getByRole('checkbox')).toBeFocused();
    expect(await merchant.order('doubt')).toMatchObject({ status: 'IN_PROGRESS' });
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Record the result' }).click();
    const recorded = page.getByRole('status').filter({ hasText: 'The result is recorded.' });
    await expect(recorded).toBeVisible();
    await expect(page.locator('.doubt')).toHaveCount(1);
    expect(await merchant.order('doubt')).toMatchObject({ status: 'DONE', balanceAmount: 12_000 });
    await page.getByLabel('It was not approved').check();
    await note.fill('Ms Kim again');
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Record the result' }).click();
    await expect(page.getByRole('heading', { name: 'No money is in doubt.' })).toBeVisible();
    await go(page, 'Dashboard');
    await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
    await expect(told).toHaveCount(0);
    await go(page, 'Payments');
    await page.getByRole('link', { name: 'Silent charge' }).click();
    await expect(page.locator('.timeline')).toContainText('Ms Kim at the card company, by phone');
  } finally {
    await server.stop();
  }
});

test('a new password ends the sessions of other browsers', async ({ page, browser, server, watch }) => {
  watch.allow(/status of 400 .*password/);
  const owner = newcomer();
  await signUpAt(page, server.url, owner);
  const context = watch.over(await browser.newContext({ locale: 'en-US' }));
  const other = await context.newPage();
  await signInAt(other, server.url, owner);
  await go(page, 'Account');
  await expect(page.locator('#sessions li')).toHaveCount(2);
  const change = async (present) => {
    await page.getByLabel('Present password').fill(present);
    await page.getByLabel('New password', { exact: true }).fill('another1');
    await page.getByLabel('New password again').fill('another1');
    await page.getByRole('button', { name: 'Change it' }).click();
  };
  await change('not-mine-1');
  await expect(page.getByLabel('Present password')).toHaveAttribute('aria-invalid', 'true');
  await change(owner.password);
  await expect(page.getByRole('status')).toContainText('The password is changed');
  await expect(page.locator('#sessions li')).toHaveCount(1);
  await other.reload();
  await expect(other.getByRole('heading', { name: 'Sign in to the back office' })).toBeVisible();
  await context.close();
});
