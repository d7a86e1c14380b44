// Ways through a purchase other than a window beside the shop: the page itself, one device, a slow network.
import { approve, buy, expect, linkOn, loaded, state, test } from './support/test.mjs';

const thanked = (page) => expect(page.getByRole('heading', { name: 'Thank you for your order' })).toBeVisible();
const openApp = (checkout) => checkout.getByRole('link', { name: 'Pay on this device' });

test.describe('mode redirect', () => {
  /** The page itself goes to the checkout. */
  const leave = async (page, url) => {
    await page.goto(`${url}/shop/?mode=redirect`);
    await page.getByRole('button', { name: 'Buy' }).first().click();
    await page.waitForURL('**/checkout/**');
    return loaded(page);
  };

  test('the page goes to the checkout, and from there to the receipt', async ({ page, phone, server, people }) => {
    const checkout = await leave(page, server.url);
    const app = await phone(await people.customer());
    await app.goto(await linkOn(checkout));
    await approve(app, checkout);
    await thanked(page);
    expect(page.context().pages(), 'one window').toHaveLength(1);
    const order = await (await people.shop()).order(new URL(page.url()).searchParams.get('orderId'));
    expect(order).toMatchObject({ status: 'DONE', amount: 4_500 });
    expect(order.transactions).toHaveLength(1);
  });

  test('what is canceled there leads back with the reason', async ({ page, server }) => {
    await leave(page, server.url);
    await page.getByRole('button', { name: 'Cancel payment' }).click();
    await page.getByRole('button', { name: 'Cancel it' }).click();
    await page.waitForURL('**/shop/fail?*code=PAYMENT_CANCELED*');
    await expect(page.locator('.receipt')).toContainText('The payment was canceled.');
  });

  test('a shop that another page has opened is led back to, as any other', async ({ page, server }) => {
    await page.goto(`${server.url}/docs/`);
    const opened = page.waitForEvent('popup');
    await page.evaluate(() => { window.open('about:blank'); });
    const shop = await opened;
    await leave(shop, server.url);
    expect(await shop.evaluate(() => Boolean(window.opener))).toBe(true);
    await shop.getByRole('button', { name: 'Cancel payment' }).click();
    await shop.getByRole('button', { name: 'Cancel it' }).click();
    await shop.waitForURL('**/shop/fail?*code=PAYMENT_CANCELED*');
  });
});

test('on a phone the checkout leads to the app on the same device', async ({ phone, server, people }) => {
  const page = await phone(await people.customer());
  await page.goto(`${server.url}/shop/?mode=redirect`);
  await page.getByRole('button', { name: 'Buy' }).first().click();
  await page.waitForURL('**/checkout/**');
  await loaded(page);
  await expect(openApp(page)).toBeVisible();
  const opened = page.waitForEvent('popup');
  await openApp(page).click();
  const app = await opened;
  // Nothing to compare: it is the same device.
  await app.getByRole('button', { name: 'Pay ₩4,500' }).click();
  await thanked(page);
  await expect(app.getByRole('heading', { name: 'Payment complete' })).toBeVisible();
});

test('on a computer without a phone at hand the checkout leads to the app in another tab', async ({ page, server, people }) => {
  const checkout = await buy(page, server.url);
  const opened = checkout.waitForEvent('popup');
  await checkout.getByRole('link', { name: 'No phone at hand? Pay in this browser' }).click();
  const app = await opened;
  await expect(app.getByText('Sign in to continue your payment.')).toBeVisible();
  expect(await app.evaluate(() => window.opener)).toBeNull();
  await state(checkout).toHaveAttribute('data-state', 'ready');
  const { email, password } = await people.customer();
  await app.getByLabel('E-mail').fill(email);
  await app.getByLabel('Password').fill(password);
  await app.getByRole('button', { name: 'Sign in' }).click();
  await app.getByRole('button', { name: 'Pay ₩4,500' }).click();
  await thanked(page);
  await expect(app.getByRole('heading', { name: 'Payment complete' })).toBeVisible();
});

test('the way to the app in another tab is there in Korean, and not on a phone', async ({ page, phone, server, people }) => {
  const { token } = await (await people.shop()).create();
  const link = (one) => one.getByRole('link', { name: '휴대폰이 없나요? 이 브라우저에서 결제하기' });
  await page.goto(`${server.url}/checkout/${token}?lang=ko`);
  await expect(link(page)).toHaveAttribute('href', `/m/?lang=ko#/pay/${token}`);
  await expect(link(page)).toBeVisible();
  const touched = await phone(null);
  await touched.goto(`${server.url}/checkout/${token}?lang=ko`);
  await expect(touched.locator('.on-touch')).toBeVisible();
  await expect(touched.locator('.on-desk')).toBeHidden();
});

test('on a computer the checkout has a code to scan and no such button', async ({ page, server }) => {
  const checkout = await buy(page, server.url);
  await expect(checkout.locator('.qr')).toBeVisible();
  await expect(checkout.locator('.on-touch')).toHaveCount(1);
  await expect(openApp(checkout)).toBeHidden();
});

test('on a slow network a payment takes longer, and ends as it should', async ({ page, phone, server, people }) => {
  test.slow();
  /** As far away as a satellite, as narrow as the edge of a cell. */
  const slow = async (one) => {
    const session = await one.context().newCDPSession(one);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', { offline: false, latency: 600, downloadThroughput: 40_000, uploadThroughput: 15_000 });
  };
  const patient = expect.configure({ timeout: 30_000 });
  page.context().on('page', (opened) => { slow(opened).catch(() => {}); });
  await slow(page);
  const app = await phone(await people.customer(), { serviceWorkers: 'block' });
  await slow(app);
  const checkout = await buy(page, server.url);
  await app.goto(await linkOn(checkout));
  await patient(app.locator('.number-choice').first()).toBeVisible();
  const number = await checkout.locator('.matching .number').textContent();
  await app.getByRole('button', { name: number, exact: true }).click();
  // Impatient, twice.
  await app.getByRole('button', { name: 'Pay ₩4,500' }).dblclick();
  await patient(page.getByRole('heading', { name: 'Thank you for your order' })).toBeVisible();
  await patient(app.getByRole('heading', { name: 'Payment complete' })).toBeVisible();
  const order = await (await people.shop()).order(new URL(page.url()).searchParams.get('orderId'));
  expect(order).toMatchObject({ status: 'DONE', balanceAmount: 4_500 });
  expect(order.transactions).toHaveLength(1);
});
