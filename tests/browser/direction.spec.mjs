// Texts that people wrote keep their own direction: beside an Arabic name our digits would otherwise change places.
import { randomUUID } from 'node:crypto';
import { expect, state, test } from './support/test.mjs';

const WORD = 'قهوة';

/** Where the word stands in an element whose direction is not its own, and how often it stands anywhere. */
const strays = (page) => page.evaluate((word) => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = { all: 0, strays: [] };
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (!data.includes(word) || parentElement.closest('template, script')) continue;
    found.all += 1;
    if (parentElement.dir !== 'auto') found.strays.push(parentElement.outerHTML);
  }
  return found;
}, WORD);

async function isolates(page, least) {
  await expect.poll(async () => (await strays(page)).all).toBeGreaterThanOrEqual(least);
  expect((await strays(page)).strays).toEqual([]);
}

test('in the phone app and on the checkout', async ({ page, phone, server, people }) => {
  const [merchant, payer] = [await people.shop(), await people.customer()];
  const order = () => ({ orderId: `${WORD}-${randomUUID().slice(0, 8)}`, orderName: `${WORD} 500 g 2`, amount: 4_500 });
  const sold = await merchant.sell(payer, order());
  await merchant.refund(sold.paymentKey, 500, `${WORD} 1 + 2`);
  const { token } = await merchant.create(order());
  await page.goto(`${server.url}/checkout/${token}?lang=en`);
  await isolates(page, 2);
  const app = await phone(payer);
  for (const [hash, least] of [['#/', 1], ['#/history', 1], [`#/history/${sold.paymentKey}`, 3], [`#/pay/${token}`, 2]]) {
    await app.goto(`${server.url}/m/${hash}`);
    await isolates(app, least);
  }
  await expect(app.locator('.bill')).toContainText(`${WORD} 500 g 2`);
  await payer.approve(token);
  await state(page).toHaveAttribute('data-state', 'approved');
  await isolates(page, 2);
});

test('an issuer and a customer with such a name', async ({ phone, server, people, watch }) => {
  watch.allow(/status of 4\d\d .*cards/);
  const payer = await people.customer();
  const app = await phone(payer);
  const card = { id: '7', cardNumber: '****-****-****-0007', cardCompany: WORD, expirationPeriod: '12/39', isRepresentative: true };
  const answer = (data) => (route) => route.fulfill({ json: { ok: true, data } });
  await app.route('**/api/v1/p/user/cards', answer([card]));
  await app.route('**/api/v1/p/user/me', answer({ id: '1', email: `${WORD}@example.com` }));
  for (const hash of ['#/', '#/cards', '#/account']) {
    await app.goto(`${server.url}/m/${hash}`);
    await isolates(app, 1);
  }
  await app.goto(`${server.url}/m/#/cards`);
  await app.getByRole('button', { name: 'Remove' }).click();
  await expect(app.getByRole('dialog')).toBeVisible();
  await isolates(app, 2);
  const { token } = await (await people.shop()).create();
  await app.goto(`${server.url}/m/#/pay/${token}`);
  await isolates(app, 1);
});
