// What goes wrong around a purchase, and must not go wrong within: windows, networks, servers, impatience.
import { chromium } from '@playwright/test';
import { launchOptions } from './support/browser.mjs';
import { approve, buy, expect, linkOn, signIn, state, test } from './support/test.mjs';
import { CUSTOMER, customer } from './support/people.mjs';
import { startServer } from './support/server.mjs';
import { startWire } from './support/wire.mjs';

const thanked = (page) => expect(page.getByRole('heading', { name: 'Thank you for your order' }));
const BROKEN = [/ERR_/, /Failed to load resource/];

test('a blocked popup: the checkout opens in the page', async ({ phone, watch, server, people }) => {
  const strict = await chromium.launch(launchOptions({ ignoreDefaultArgs: ['--disable-popup-blocking'] }));
  try {
    const context = watch.over(await strict.newContext({ locale: 'en-US' }));
    const page = await context.newPage();
    // No finger on the button, so the browser opens no window.
    await page.addInitScript(() => addEventListener('load', () => document.querySelector('.goods button')?.click()));
    await page.goto(`${server.url}/shop/`);
    const frame = page.locator('dialog iframe');
    await expect(frame).toBeVisible();
    const checkout = frame.contentFrame();
    await expect(checkout.locator('#checkout')).toHaveAttribute('data-state', 'ready');
    expect(context.pages()).toHaveLength(1);
    const app = await phone(await people.customer());
    await app.goto(await checkout.locator('.on-touch').getAttribute('href'));
    await approve(app, checkout);
    await thanked(page).toBeVisible();
  } finally {
    await strict.close();
  }
});

test('an embedded checkout that is closed by hand', async ({ page, server }) => {
  await page.goto(`${server.url}/shop/?mode=embedded`);
  await page.getByRole('button', { name: 'Buy' }).first().click();
  await expect(page.locator('dialog iframe').contentFrame().locator('#checkout')).toHaveAttribute('data-state', 'ready');
  await page.getByRole('button', { name: 'Close' }).click();
  await expect(page.getByRole('alert')).toHaveText('The payment window was closed.');
  // The same order goes on where it was.
  await page.getByRole('button', { name: 'Buy' }).first().click();
  await expect(page.locator('dialog iframe').contentFrame().locator('#checkout')).toHaveAttribute('data-state', 'ready');
});

test('every stream is cut in the middle, and nothing is missed', async ({ page, phone, server, people, watch }) => {
  watch.allow(...BROKEN);
  const wire = await startWire(server);
  try {
    const checkout = await buy(page, wire.url);
    const link = await linkOn(checkout);
    const who = await people.customer();
    // The phone has a network of its own.
    const app = await phone(who);
    await app.goto(link.replace(wire.url, server.url));
    await expect(app.getByRole('button', { name: 'Pay ₩4,500' })).toBeVisible();
    wire.down();
    await expect(checkout.getByText('Connection lost. Reconnecting…')).toBeVisible();
    await approve(app, checkout);
    await expect(app.getByRole('heading', { name: 'You have approved' })).toBeVisible();
    wire.up();
    await thanked(page).toBeVisible();
    await expect(app.getByRole('heading', { name: 'Payment complete' })).toBeVisible();
  } finally {
    wire.stop();
  }
});

test('a stream that fell silent is replaced when the network is back', async ({ page, phone, server, people, watch }) => {
  watch.allow(...BROKEN);
  const wire = await startWire(server);
  try {
    const [who, { token }] = [await people.customer(), await (await people.shop()).create()];
    const app = await phone(who, { url: wire.url });
    await app.goto(`${wire.url}/m/#/pay/${token}`);
    await expect(app.getByRole('button', { name: 'Pay ₩23,000' })).toBeVisible();
    const listens = page.waitForResponse('**/events?*');
    await page.goto(`${wire.url}/checkout/${token}?lang=en`);
    await listens;
    wire.silence('/events?');
    await who.approve(token, 'good');
    const isBack = () => dispatchEvent(new Event('online'));
    await Promise.all([page.evaluate(isBack), app.evaluate(isBack)]);
    await state(page).toHaveAttribute('data-state', 'approved');
    await expect(app.getByRole('heading', { name: 'You have approved' })).toBeVisible();
  } finally {
    wire.stop();
  }
});

test('a checkout whose stream is refused again and again says so, and goes on when it can', async ({ page, server, people, watch }) => {
  watch.allow(...BROKEN);
  const { token } = await (await people.shop()).create();
  await page.route('**/events?*', (route) => route.fulfill({ status: 503 }));
  await page.goto(`${server.url}/checkout/${token}?lang=en`);
  const note = page.getByText('Connection lost. Reconnecting…');
  await expect(note).toBeVisible();
  await page.unrouteAll();
  await expect(note).toBeHidden();
});

test('the server is killed and restarted in the middle of a checkout', async ({ page, phone, watch }) => {
  watch.allow(...BROKEN);
  const server = await startServer();
  const wire = await startWire(server);
  try {
    const checkout = await buy(page, wire.url);
    const app = await phone(await customer(server.url), { url: wire.url });
    await app.goto(await linkOn(checkout));
    await expect(app.getByRole('button', { name: 'Pay ₩4,500' })).toBeVisible();
    await server.kill();
    await expect(checkout.getByText('Connection lost. Reconnecting…')).toBeVisible();
    await server.restart();
    await expect(checkout.getByText('Connection lost. Reconnecting…')).toBeHidden();
    await approve(app, checkout);
    await thanked(page).toBeVisible();
    await expect(app.getByRole('heading', { name: 'Payment complete' })).toBeVisible();
  } finally {
    wire.stop();
    await server.stop();
  }
});

test('two tabs, one payment: both come to the same receipt, charged once', async ({ page, phone, server, people }) => {
  const checkout = await buy(page, server.url);
  const token = new URL(await linkOn(checkout)).searchParams.get('token');
  const second = await page.context().newPage();
  await second.goto(`${server.url}/checkout/${token}?lang=en`);
  const app = await phone(await people.customer());
  await app.goto(await linkOn(checkout));
  await approve(app, checkout);
  await thanked(page).toBeVisible();
  await thanked(second).toBeVisible();
  const facts = (one) => one.locator('.facts').textContent();
  expect(await facts(second)).toBe(await facts(page));
  const order = await (await people.shop()).order(new URL(page.url()).searchParams.get('orderId'));
  expect(order.transactions).toHaveLength(1);
});

test('a double click on Buy is one window and one payment', async ({ page, server }) => {
  await page.goto(`${server.url}/shop/`);
  const creates = [];
  page.context().on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/api/v1/p/merchant')) creates.push(request);
  });
  await page.getByRole('button', { name: 'Buy' }).first().dblclick();
  await expect.poll(() => page.context().pages().length).toBe(2);
  const checkout = page.context().pages()[1];
  await state(checkout).toHaveAttribute('data-state', 'ready');
  await page.bringToFront();
  await page.getByRole('button', { name: 'Buy' }).first().click();
  expect(page.context().pages()).toHaveLength(2);
  expect(creates).toHaveLength(1);
  // Another product has to wait for this one.
  await page.getByRole('button', { name: 'Buy' }).nth(1).click();
  await expect(page.getByRole('alert')).toHaveText('Another payment is open on this page.');
});

test('a popup that is closed by hand', async ({ page, server }) => {
  const checkout = await buy(page, server.url);
  await checkout.close();
  await expect(page.getByRole('alert')).toHaveText('The payment window was closed.');
  await expect(page.getByRole('button', { name: 'Buy' }).first()).not.toHaveAttribute('aria-busy');
});

test('checkout and phone on one device: nothing to compare', async ({ page, server, people }) => {
  const who = await people.customer();
  await signIn(page.context(), server.url, who);
  const checkout = await buy(page, server.url);
  const app = await page.context().newPage();
  await app.goto(await linkOn(checkout));
  await app.getByRole('button', { name: 'Pay ₩4,500' }).click();
  await thanked(page).toBeVisible();
});

test('a server that cannot say whose payment it is, is asked again', async ({ phone, server, people, watch }) => {
  watch.allow(/status of (503|429)/, /ERR_FAILED/);
  const who = await people.customer();
  const { token } = await (await people.shop()).create();
  await who.approve(token, 'good');
  const app = await phone(who);
  const failures = [{ status: 503 }, { status: 429 }, null];
  await app.route('**/api/v1/p/user/sse/connect?*', (route) => {
    if (!failures.length) return route.continue();
    const failure = failures.shift();
    return failure ? route.fulfill({ ...failure, body: '{}' }) : route.abort();
  });
  await app.goto(`${server.url}/m/#/pay/${token}`);
  await expect(app.getByRole('heading', { name: 'You have approved' })).toBeVisible({ timeout: 15_000 });
  expect(failures).toEqual([]);
  // Somebody else is told that it is another customer's.
  const other = await phone(await people.customer());
  watch.allow(/status of 403/);
  await other.goto(`${server.url}/m/#/pay/${token}`);
  await expect(other.getByRole('heading', { name: /another customer/i })).toBeVisible();
});

test('a payment that this server does not know is told, and asked for no more', async ({ phone, people, watch }) => {
  watch.allow(/status of 404/);
  const { token } = await (await people.shop()).create();
  const elsewhere = await startServer();
  try {
    const app = await phone(await customer(elsewhere.url), { url: elsewhere.url });
    await app.clock.install();
    await app.goto(`${elsewhere.url}/m/#/pay/${token}`);
    await expect(app.getByRole('heading', { name: 'There is no such payment' })).toBeVisible();
    await expect(app.locator('.countdown')).toBeHidden();
    let asked = 0;
    app.on('request', (request) => { asked += Number(request.url().includes('/events')); });
    await app.clock.runFor(30_000);
    expect(asked).toBe(0);
  } finally {
    await elsewhere.stop();
  }
});

test('a history that begins with payments of the next month goes on to its own', async ({ phone, server, people }) => {
  const app = await phone(await people.customer());
  const payment = (at, createdAt) => ({
    paymentKey: `key-${at}`, orderName: `Order ${at}`, merchantName: 'Shop', amount: 1000, status: 'DONE', createdAt, transactions: [{ status: 'APPROVED', completedAt: createdAt }],
  });
  const month = new Date().toISOString().slice(0, 7);
  await app.route('**/api/v1/p/user/payments?*', (route) => {
    const query = new URL(route.request().url()).searchParams;
    const page = Number(query.get('page'));
    const made = Array.from({ length: 20 }, (_, at) => payment(page * 20 + at, page === 0 ? '2099-01-01T00:00:00Z' : `${month}-02T03:00:00Z`));
    // The third page repeats the end of the second.
    const payments = query.get('limit') !== '20' ? [] : page < 2 ? made : [payment(39, `${month}-02T03:00:00Z`), payment(40, `${month}-02T03:00:00Z`)];
    return route.fulfill({ json: { ok: true, data: { payments } } });
  });
  await app.goto(`${server.url}/m/#/history`);
  await expect(app.locator('.rows a')).toHaveCount(20);
  await app.getByRole('button', { name: 'More' }).click();
  await expect(app.locator('.rows a')).toHaveCount(21);
  await expect(app.getByRole('button', { name: 'More' })).toBeHidden();
});

test('a session that ended is told, and the payment waits', async ({ phone, server, people, watch }) => {
  watch.allow(/status of 401/);
  const { token } = await (await people.shop()).create();
  const app = await phone({ accessToken: 'long.out.ofdate' });
  await app.goto(`${server.url}/m/#/pay/${token}`);
  await expect(app.getByText('You were signed in long ago.')).toBeVisible();
  await app.getByLabel('E-mail').fill(CUSTOMER.email);
  await app.getByLabel('Password').fill(CUSTOMER.password);
  await app.getByRole('button', { name: 'Sign in' }).click();
  await expect(app.locator('.bill')).toContainText('₩23,000');
});

test('a session that ended on the home screen asks for the password once', async ({ phone, server, watch }) => {
  watch.allow(/status of 401/);
  const app = await phone({ accessToken: 'long.out.ofdate' });
  // Two calls are refused: the second one when the form shows already.
  const late = [];
  await app.route('**/api/v1/p/user/payments?*', (route) => { late.push(route); });
  await app.goto(`${server.url}/m/`);
  await expect(app.getByText('You were signed in long ago.')).toBeVisible();
  await expect.poll(() => late.length).toBe(1);
  const refused = app.waitForResponse('**/api/v1/p/user/payments?*');
  await late[0].continue();
  await (await refused).finished();
  await app.unrouteAll();
  await app.getByLabel('E-mail').fill(CUSTOMER.email);
  await app.getByLabel('Password').fill(CUSTOMER.password);
  await app.getByRole('button', { name: 'Sign in' }).click();
  await expect(app.getByRole('heading', { name: 'Pays with' })).toBeVisible();
});
