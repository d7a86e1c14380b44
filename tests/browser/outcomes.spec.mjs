// The ways in which a payment does not go through, on the page, on the phone and in the shop.
import { approve, buy, expect, linkOn, state, test } from './support/test.mjs';
import { customer } from './support/people.mjs';
import { startServer } from './support/server.mjs';

const failedInShop = async (page, reason) => {
  await expect(page.getByRole('heading', { name: 'The order did not go through' })).toBeVisible();
  await expect(page.locator('.receipt')).toContainText(reason);
};

test('the customer cancels on the phone', async ({ page, phone, server, people }) => {
  const checkout = await buy(page, server.url);
  const app = await phone(await people.customer());
  await app.goto(await linkOn(checkout));
  await app.getByRole('button', { name: 'Cancel payment' }).click();
  await app.getByRole('button', { name: 'Keep paying' }).click();
  await state(checkout).toHaveAttribute('data-state', 'ready');
  await app.getByRole('button', { name: 'Cancel payment' }).click();
  await app.getByRole('button', { name: 'Cancel it' }).click();
  await expect(app.getByRole('heading', { name: 'The payment was canceled' })).toBeVisible();
  await failedInShop(page, 'The payment was canceled.');
  await expect.poll(() => checkout.isClosed()).toBe(true);
});

test('the customer cancels in the checkout, and the phone hears of it', async ({ page, phone, server, people }) => {
  const checkout = await buy(page, server.url);
  const app = await phone(await people.customer());
  await app.goto(await linkOn(checkout));
  await expect(app.getByRole('button', { name: 'Pay ₩4,500' })).toBeVisible();
  await checkout.getByRole('button', { name: 'Cancel payment' }).click();
  await checkout.getByRole('button', { name: 'Keep paying' }).click();
  await checkout.getByRole('button', { name: 'Cancel payment' }).click();
  await checkout.getByRole('button', { name: 'Cancel it' }).click();
  await expect(app.getByRole('heading', { name: 'The payment was canceled' })).toBeVisible();
  await failedInShop(page, 'The payment was canceled.');
});

test('a card that fails verification, then another one', async ({ page, phone, server, people, watch }) => {
  watch.allow(/status of 400 .*authentication/);
  const checkout = await buy(page, server.url);
  const app = await phone(await people.customer(['failsVerification', 'good']));
  await app.goto(await linkOn(checkout));
  await approve(app, checkout);
  await expect(app.getByRole('alert').first()).toHaveText('The card cannot be used. Choose another card and try again.');
  await state(checkout).toHaveAttribute('data-state', 'failed');
  await expect(checkout.locator('.failure')).toContainText('The card cannot be used.');
  const hidden = await checkout.evaluate(() => document.documentElement.scrollHeight - innerHeight);
  expect(hidden, 'the window shows all of the checkout').toBeLessThanOrEqual(0);
  // Beside the news the code is still one that a camera can read.
  await linkOn(checkout);
  await app.getByLabel(/신한/).check();
  await approve(app, checkout);
  await expect(page.getByRole('heading', { name: 'Thank you for your order' })).toBeVisible();
  await expect(page.locator('.receipt')).toContainText('신한');
});

test('a declined authorization is told with its reason, on page and phone', async ({ page, phone, server, people }) => {
  const checkout = await buy(page, server.url);
  const app = await phone(await people.customer(['limit']));
  await app.goto(await linkOn(checkout));
  // A second look at the checkout, which nothing closes.
  const other = await page.context().newPage();
  await other.goto(checkout.url());
  // It shall only look: where it would go back to the shop, nothing comes.
  await other.route('**/return?*', (route) => route.fulfill({ status: 204 }));
  await approve(app, checkout);
  await failedInShop(page, 'The card\'s limit is exceeded.');
  await expect(app.getByRole('heading', { name: 'The payment did not go through' })).toBeVisible();
  await expect(app.locator('.notice')).toContainText('limit is exceeded');
  await expect(app.locator('.notice')).toContainText('Nothing was charged.');
  await state(other).toHaveAttribute('data-state', 'aborted');
  await expect(other.locator('.state[data-for=aborted]')).toContainText('limit is exceeded');
});

test('what nobody approves expires', async ({ page, phone, watch }) => {
  const server = await startServer({ PAYMENT__EXPIRES_AFTER_S: 4, ACTORS__SWEEP_INTERVAL_MS: 200 });
  // A page that is asked for after the end answers 410.
  watch.allow(/status of 410/);
  try {
    const checkout = await buy(page, server.url);
    const link = await linkOn(checkout);
    const app = await phone(await customer(server.url), { url: server.url });
    await app.goto(link);
    await expect(app.getByRole('heading', { name: 'The payment has expired' })).toBeVisible();
    await failedInShop(page, 'The payment has expired.');
    await page.goto(`${server.url}/checkout/${new URL(link).searchParams.get('token')}?lang=en`);
    await state(page).toHaveAttribute('data-state', 'expired');
  } finally {
    await server.stop();
  }
});

test('another customer cannot take over what somebody owns', async ({ phone, server, people, watch }) => {
  // Asked whether the payment is theirs, the server says no.
  watch.allow(/status of 403 .*sse/);
  const { token } = await (await people.shop()).create();
  await (await people.customer()).approve(token, 'good');
  const app = await phone(await people.customer());
  await app.goto(`${server.url}/m/#/pay/${token}`);
  await expect(app.getByRole('heading', { name: 'Another customer owns this payment' })).toBeVisible();
});
