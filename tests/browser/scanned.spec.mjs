// The checkout shows who has its payment on a phone, before they approve.
import { approve, buy, expect, linkOn, test } from './support/test.mjs';

test('the checkout says who has scanned its code, and nothing on it moves', async ({ page, phone, server, people }) => {
  const checkout = await buy(page, server.url);
  const customer = await people.customer();
  const who = `${customer.email[0]}***`;
  const note = checkout.locator('.hint').getByText('Scanned by');
  await expect(checkout.getByText('Scan the code with your phone')).toBeVisible();
  await expect(note).not.toBeVisible();
  const places = () => checkout.locator('.qr, .matching, #cancel').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
  const before = await places();

  const app = await phone(customer);
  await app.goto(await linkOn(checkout));
  await expect(note).toBeVisible();
  await expect(note).toContainText(who);
  await expect(checkout.getByText('Scan the code with your phone')).not.toBeVisible();
  await expect(checkout.locator('#announcer')).toContainText(who);
  expect(await places()).toEqual(before);

  await approve(app, checkout);
  await expect(page.getByRole('heading', { name: 'Thank you for your order' })).toBeVisible();
});
