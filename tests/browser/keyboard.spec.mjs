// A purchase with nothing but keys, and always a sign of where one is.
import { expect, linkOn, loaded, test } from './support/test.mjs';
import { press, tabTo } from './support/keys.mjs';
import { CUSTOMER } from './support/people.mjs';

test('a whole purchase without a pointer', async ({ page, phone, server }) => {
  await page.goto(`${server.url}/shop/`);
  const opened = page.waitForEvent('popup');
  await press(page, page.getByRole('button', { name: 'Buy' }).nth(1));
  const checkout = await loaded(await opened);

  // Nearly canceled: the question holds the focus, Escape is a no.
  const cancel = checkout.getByRole('button', { name: 'Cancel payment' });
  await press(checkout, cancel);
  await expect(checkout.getByRole('dialog')).toBeVisible();
  await checkout.keyboard.press('Escape');
  await expect(checkout.getByRole('dialog')).toBeHidden();
  await expect(cancel).toBeFocused();

  const app = await phone(null, { isMobile: false, hasTouch: false });
  await app.goto(await linkOn(checkout));
  await tabTo(app, app.getByLabel('E-mail'));
  await app.keyboard.type(CUSTOMER.email);
  await tabTo(app, app.getByLabel('Password'));
  await app.keyboard.type(CUSTOMER.password);
  await app.keyboard.press('Enter');

  // A wrong number first: the focus must not be lost with the numbers.
  const right = await checkout.locator('.matching .number').textContent();
  const numbers = app.locator('.numbers');
  await press(app, numbers.getByRole('button').filter({ hasNotText: right }).first(), 'Space');
  await expect(app.getByText('That is another number.')).toBeVisible();
  await expect(numbers.getByRole('button').first()).toBeFocused();
  const number = numbers.getByRole('button', { name: right });
  if (!(await number.evaluate((one) => one === document.activeElement))) await tabTo(app, number);
  await app.keyboard.press('Space');
  await press(app, app.getByRole('button', { name: 'Pay ₩18,000' }));

  await expect(page.getByRole('heading', { name: 'Thank you for your order' })).toBeVisible();
  await press(page, page.getByRole('link', { name: 'Back to the shop' }));
  await expect(page).toHaveURL(`${server.url}/shop/`);
});
