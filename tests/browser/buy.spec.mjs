// A purchase as people make it: on a computer, with a phone in the hand.
import { approve, buy, expect, linkOn, test } from './support/test.mjs';
import { CUSTOMER } from './support/people.mjs';

test('from the shop to the receipt, over the QR code on the screen', async ({ page, phone, server, people }) => {
  const checkout = await buy(page, server.url);
  const link = await linkOn(checkout);
  const hidden = await checkout.evaluate(() => document.documentElement.scrollHeight - innerHeight);
  expect(hidden, 'the window shows all of the checkout').toBeLessThanOrEqual(0);

  const app = await phone(null);
  await app.goto(link);
  await expect(app.getByText('Sign in to continue your payment.')).toBeVisible();
  await app.getByLabel('E-mail').fill(CUSTOMER.email);
  await app.getByLabel('Password').fill(CUSTOMER.password);
  await app.getByRole('button', { name: 'Sign in' }).click();

  // The payment they came for, not the home screen.
  await expect(app.locator('.bill')).toContainText('₩4,500');
  await expect(app.getByRole('button', { name: 'Pay ₩4,500' })).toBeDisabled();
  await approve(app, checkout);

  await expect(page.getByRole('heading', { name: 'Thank you for your order' })).toBeVisible();
  await expect(page.locator('.receipt')).toContainText('Drip coffee');
  await expect(page.locator('.receipt')).toContainText('₩4,500');
  await expect.poll(() => checkout.isClosed(), 'the checkout closes by itself').toBe(true);
  await expect(app.getByRole('heading', { name: 'Payment complete' })).toBeVisible();
  await app.getByRole('link', { name: 'See the payment' }).click();
  await expect(app.locator('.bill')).toContainText('₩4,500');

  // What the pages say is what the books say; a second look at the receipt charges nothing.
  const orderId = new URL(page.url()).searchParams.get('orderId');
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Thank you for your order' })).toBeVisible();
  const order = await (await people.shop()).order(orderId);
  expect(order).toMatchObject({ status: 'DONE', amount: 4500, balanceAmount: 4500 });
  expect(order.transactions).toHaveLength(1);
});

test('a wrong number approves nothing', async ({ page, phone, server, people }) => {
  const checkout = await buy(page, server.url);
  const app = await phone(await people.customer());
  await app.goto(await linkOn(checkout));
  const right = await checkout.locator('.matching .number').textContent();
  await app.locator('.number-choice').filter({ hasNotText: right }).first().click();
  await expect(app.getByText('That is another number.')).toBeVisible();
  await expect(app.getByRole('button', { name: 'Pay ₩4,500' })).toBeDisabled();
  await approve(app, checkout);
  await expect(page.getByRole('heading', { name: 'Thank you for your order' })).toBeVisible();
});
