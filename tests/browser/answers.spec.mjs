// Answers that never come, and refusals: the phone says what is true, where it can be seen.
import { approve, expect, state, test } from './support/test.mjs';

const error = (app, text) => expect(app.locator('#screen .error').filter({ hasText: text })).toBeVisible();
const refuses = (status, code, message) => (route) => route.fulfill({ status, json: { ok: false, error: { code, message } } });

/** The payment on its checkout and on the phone, whose clock the test turns; `window.heard` is what came by the stream. */
async function both({ page, phone, server, people }) {
  const { token } = await (await people.shop()).create();
  const app = await phone(await people.customer(['failsVerification', 'good']));
  await app.clock.install();
  await app.addInitScript(() => {
    window.heard = [];
    const { addEventListener } = EventSource.prototype;
    EventSource.prototype.addEventListener = function (name, listener) {
      addEventListener.call(this, name, (event) => { window.heard.push(name); listener(event); });
    };
  });
  await app.goto(`${server.url}/m/#/pay/${token}`);
  await page.goto(`${server.url}/checkout/${token}?lang=en`);
  await expect(app.getByRole('button', { name: 'Pay ₩23,000' })).toBeVisible();
  /** The server gets the approval and its answer is lost, when the phone has been told of `last` by the stream. */
  const loseAnswer = (last) => app.route('**/authentication/simple', async (route) => {
    await route.fetch();
    await app.waitForFunction((name) => window.heard.at(-1) === name, last);
    await app.clock.runFor(1000);
    await route.abort();
  });
  return { app, checkout: page, loseAnswer };
}

test('an approval whose answer is lost is what the stream says it is', async ({ page, phone, server, people, watch }) => {
  watch.allow(/ERR_FAILED/);
  const { app, checkout, loseAnswer } = await both({ page, phone, server, people });
  await app.getByLabel(/신한/).check();
  await loseAnswer('payment-in-progress');
  await approve(app, checkout);
  await expect(app.getByRole('heading', { name: 'You have approved' })).toBeVisible();
  await expect(app.locator('.notice-warn')).toHaveCount(0);
  await state(checkout).toHaveAttribute('data-state', 'approved');
});

test('a card that failed while the answer was lost is told as that', async ({ page, phone, server, people, watch }) => {
  watch.allow(/ERR_FAILED/);
  const { app, checkout, loseAnswer } = await both({ page, phone, server, people });
  await loseAnswer('payment-ready');
  await approve(app, checkout);
  await expect(app.locator('.notice-warn')).toHaveText('The card cannot be used. Choose another card and try again.');
});

test('an approval that never left can be said again', async ({ page, phone, server, people, watch }) => {
  watch.allow(/ERR_FAILED/);
  const { app, checkout } = await both({ page, phone, server, people });
  await app.getByLabel(/신한/).check();
  await app.route('**/authentication/simple', (route) => route.abort(), { times: 1 });
  await approve(app, checkout);
  await expect(app.locator('.notice-warn')).toHaveText('You are offline. Check the connection and try again.');
  await app.getByLabel(/신한/).check();
  await approve(app, checkout);
  await expect(app.getByRole('heading', { name: 'You have approved' })).toBeVisible();
});

test('a card that cannot be changed now says so, beside the card', async ({ phone, server, people, watch }) => {
  watch.allow(/status of 503/);
  const app = await phone(await people.customer(['good', 'other']), { serviceWorkers: 'block' });
  await app.goto(`${server.url}/m/#/cards`);
  const card = app.locator('.card-item').filter({ hasText: '현대' });
  const sure = app.getByRole('dialog');
  const change = async (verb) => {
    await card.getByRole('button', { name: verb }).click();
    if (verb === 'Remove') await sure.getByRole('button', { name: 'Remove' }).click();
  };
  for (const [verb, method] of [['Make it the default card', 'PATCH'], ['Remove', 'DELETE']]) {
    await app.route('**/api/v1/p/user/cards/*', (route) => {
      expect(route.request().method()).toBe(method);
      return refuses(503, 'OVERLOADED', `Come back for ${method}.`)(route);
    }, { times: 1 });
    await change(verb);
    await expect(card.getByRole('alert').filter({ hasText: `Come back for ${method}.` })).toBeVisible();
  }
  // Nothing has happened, and the next try may go well.
  await expect(app.locator('.card-item')).toHaveCount(2);
  await change('Remove');
  await expect(card).toHaveCount(0);
});

test('a payment that can no longer be canceled says why', async ({ phone, server, people, watch }) => {
  watch.allow(/status of (409|503)/);
  const [merchant, payer] = [await people.shop(), await people.customer()];
  const [open, approved] = [await merchant.create(), await merchant.create()];
  await payer.approve(approved.token, 'good');
  const app = await phone(payer);
  await app.goto(`${server.url}/m/#/pay/${open.token}`);
  const cancel = async () => {
    await app.getByRole('button', { name: 'Cancel payment' }).click();
    await app.getByRole('button', { name: 'Cancel it' }).click();
  };
  const refuse = (answer) => app.route('**/request/cancel', answer, { times: 1 });
  // Before the approval the choice that was made stays.
  await app.locator('.number-choice').first().click();
  const chosen = await app.locator('.numbers').textContent();
  await refuse(refuses(503, 'OVERLOADED', 'Come back.'));
  await cancel();
  await error(app, 'Come back.');
  await expect(app.locator('.numbers')).toHaveText(chosen);

  await app.goto(`${server.url}/m/#/pay/${approved.token}`);
  await expect(app.getByRole('heading', { name: 'You have approved' })).toBeVisible();
  await refuse(refuses(409, 'CONFIRM_IN_PROGRESS', 'A confirmation is under way.'));
  await cancel();
  await error(app, 'A confirmation is under way.');
  await cancel();
  await expect(app.getByRole('heading', { name: 'The payment was canceled' })).toBeVisible();
});
