// The phone by itself: an account, its cards, what was paid.
import { approve, buy, expect, linkOn, test } from './support/test.mjs';
import { newcomer } from './support/people.mjs';

const alert = (app, text) => expect(app.getByRole('alert').filter({ hasText: text })).toBeVisible();

/** Fills the form of a card as somebody types who types digits alone. */
async function typeCard(app, { number, expiry = '1239', cvc = '000', issuer }) {
  for (const [label, digits] of [['Card number', number], ['Expiry', expiry], ['CVC', cvc]]) {
    await app.getByLabel(label).fill('');
    await app.getByLabel(label).pressSequentially(digits);
  }
  await app.getByLabel('Card company').selectOption(issuer);
}

test('somebody without an account scans a code: they sign up, add a card, and pay', async ({ page, phone, server, people, watch }) => {
  watch.allow(/status of 409 .*sign-up/);
  const { email } = await people.customer([]);
  const checkout = await buy(page, server.url);
  const app = await phone(null);
  await app.goto(await linkOn(checkout));
  await app.getByRole('link', { name: 'Create account' }).click();
  await expect(app).toHaveTitle('Create account · Paygate');
  const signUp = async (fields) => {
    await app.getByLabel('E-mail').fill(fields.email);
    await app.getByLabel('Password').fill(fields.password);
    await app.getByRole('button', { name: 'Create account' }).click();
  };
  await signUp({ email: 'nobody', password: 'paygate1' });
  await alert(app, 'Please check the e-mail address.');
  await signUp({ email: newcomer().email, password: 'abc1' });
  await alert(app, '5 to 64 characters, at least a letter and a digit');
  await signUp({ email, password: 'paygate1' });
  await alert(app, 'This e-mail is taken.');
  await signUp(newcomer());

  // The payment they came for; it waits for a card.
  await expect(app.locator('.bill')).toContainText('₩4,500');
  await app.getByRole('link', { name: 'Add card' }).click();
  await expect(app.getByLabel('Make it the default card')).toBeChecked();
  await typeCard(app, { number: '9999000000000002', issuer: '신한' });
  await app.getByRole('button', { name: 'Add card' }).click();
  await expect(app.locator('.bill')).toContainText('₩4,500');
  await approve(app, checkout);
  await expect(page.getByRole('heading', { name: 'Thank you for your order' })).toBeVisible();
  await expect(page.locator('.receipt')).toContainText('신한');
});

test('a card is formatted while it is typed, and refused when its time is over', async ({ phone, server, people, watch }) => {
  watch.allow(/status of 4\d\d .*cards/);
  const app = await phone(await people.customer([]));
  await app.goto(`${server.url}/m/#/cards`);
  await app.getByRole('link', { name: 'Add card' }).click();
  const [number, expiry] = [app.getByLabel('Card number'), app.getByLabel('Expiry')];
  await number.pressSequentially('9999x00000');
  await expect(number).toHaveValue('9999-0000-0');
  // A digit that was forgotten goes where the cursor is, and the cursor stays behind it.
  await number.press('Home');
  for (let step = 0; step < 6; step += 1) await number.press('ArrowRight');
  await number.pressSequentially('12');
  await expect(number).toHaveValue('9999-0120-000');
  await number.fill('');
  await expiry.pressSequentially('739');
  await expect(expiry).toHaveValue('07/39');

  await typeCard(app, { number: '9999000000000003', expiry: '0120', cvc: '0a00', issuer: '현대' });
  await expect(number).toHaveValue('9999-0000-0000-0003');
  await expect(app.getByLabel('CVC')).toHaveValue('000');
  const add = app.getByRole('button', { name: 'Add card' });
  await add.click();
  await alert(app, 'This card has expired.');
  await expect(expiry).toBeFocused();
  // As wallets and browsers fill it in; what may be read in two ways is asked for again.
  for (const given of ['12/2039', '12 / 39', '2039-12', '１２／３９', '122039']) {
    await expiry.fill(given);
    await expiry.blur();
    await expect(expiry, given).toHaveValue('12/39');
  }
  await expiry.fill('39/12');
  await add.click();
  await alert(app, 'Enter the expiry date as month and year, such as 12/39.');
  await expect(expiry).toHaveValue('39/12');
  // What the card company refuses is told, too, and nothing typed is lost.
  await typeCard(app, { number: '9999000000000003', issuer: '국민' });
  await add.click();
  await alert(app, 'The card company is wrong.');
  await expect(number).toHaveValue('9999-0000-0000-0003');
  await app.getByLabel('Card company').selectOption('현대');
  await add.click();
  await expect(app.locator('.plastic .issuer')).toHaveText('현대');
  await expect(app.locator('.plastic .pan')).toHaveText(/\*.*0003$/);
  await expect(app.locator('.plastic .until')).toHaveText('12/39');
});

test('another card becomes the default one, and a card goes', async ({ phone, server, people }) => {
  const app = await phone(await people.customer(['good', 'other']));
  await app.goto(`${server.url}/m/#/cards`);
  const card = (issuer) => app.locator('.card-item').filter({ hasText: issuer });
  const defaultOf = (issuer) => card(issuer).getByText('Default', { exact: true });
  await expect(defaultOf('신한')).toBeVisible();
  await expect(defaultOf('현대')).toBeHidden();
  await card('현대').getByRole('button', { name: 'Make it the default card' }).click();
  await expect(defaultOf('현대')).toBeVisible();
  await expect(defaultOf('신한')).toBeHidden();
  await expect(app.locator('.card-item').first()).toContainText('현대');
  await app.getByRole('link', { name: 'Home' }).click();
  await expect(app.locator('.plastic .issuer')).toHaveText('현대');

  await app.getByRole('link', { name: 'Cards' }).click();
  const sure = app.getByRole('dialog');
  await card('현대').getByRole('button', { name: 'Remove' }).click();
  await expect(sure).toContainText('현대 0003: Remove this card?');
  await sure.getByRole('button', { name: 'Cancel' }).click();
  await expect(app.locator('.card-item')).toHaveCount(2);
  await card('현대').getByRole('button', { name: 'Remove' }).click();
  await sure.getByRole('button', { name: 'Remove' }).click();
  await expect(card('현대')).toHaveCount(0);
  // Somebody has to be the default.
  await expect(defaultOf('신한')).toBeVisible();
});

test('what was paid is found by its month and by what became of it', async ({ phone, server, people }) => {
  const [merchant, payer] = [await people.shop(), await people.customer()];
  for (let left = 20; left > 0; left -= 1) await merchant.sell(payer, { orderName: `Coffee ${left}`, amount: 4_500 });
  const mug = { orderId: `mug-${Date.now()}`, orderName: 'Two mugs', amount: 36_000 };
  const { paymentKey } = await merchant.sell(payer, mug);
  await merchant.refund(paymentKey, 18_000);

  const app = await phone(payer);
  // Next month, for whoever looks, in Seoul.
  const now = new Date();
  const seoul = new Date(now.getTime() + 9 * 3_600_000);
  await app.clock.setFixedTime(Date.UTC(seoul.getUTCFullYear(), seoul.getUTCMonth() + 1, 15));
  await app.goto(`${server.url}/m/#/history`);
  await expect(app.getByText('No payments in this period')).toBeVisible();
  await expect(app.getByRole('button', { name: 'Month after' })).toBeDisabled();
  await app.getByRole('button', { name: 'Month before' }).click();
  const month = new Intl.DateTimeFormat('en', { timeZone: 'Asia/Seoul', year: 'numeric', month: 'long' }).format(now);
  await expect(app.getByText(month)).toBeVisible();
  const rows = app.locator('#screen .rows .row');
  await expect(rows).toHaveCount(20);
  await app.getByRole('button', { name: 'More' }).click();
  await expect(rows).toHaveCount(21);
  await expect(app.getByRole('button', { name: 'More' })).toBeHidden();

  await app.getByRole('button', { name: 'Refunded' }).click();
  await expect(app.getByText('No payments in this period')).toBeVisible();
  await app.getByRole('button', { name: 'Canceled', exact: true }).click();
  await expect(app.getByRole('button', { name: 'Canceled', exact: true })).toHaveAttribute('aria-pressed', 'true');
  await expect(rows).toHaveCount(1);
  await rows.click();
  await expect(app.locator('.bill')).toContainText('₩36,000');
  await expect(app.locator('.bill')).toContainText('Partly canceled');
  await expect(app.locator('.facts')).toContainText(`Balance₩18,000Order${mug.orderId}`);
  await expect(rows).toHaveText([/^Canceled.*한 개 반품.*₩18,000$/, /^Approved.*₩36,000$/]);
  // The way back leads to where one was.
  await app.getByRole('link', { name: 'Back' }).click();
  await expect(app.getByText(month)).toBeVisible();
  await expect(rows).toHaveCount(1);
});
