// Answers that never come, and refusals: the phone says what is true, where it can be seen.
import { approve, expect, state, test } from './support/test.mjs';

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
