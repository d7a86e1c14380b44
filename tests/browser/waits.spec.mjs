// While somebody waits: a sign that something comes, a clock that is right, and nothing that jumps.
import { expect, state, test } from './support/test.mjs';
import { MOST_SHIFT, noteShifts, shiftOf } from './support/shifts.mjs';

const reads = (one, selector, text) => expect(one.locator(selector)).toHaveText(text);

/** Holds back what is asked for by `pattern`; returns how to let it go. */
async function hold(app, pattern) {
  let go;
  const isFree = new Promise((free) => { go = free; });
  await app.route(pattern, async (route) => {
    await isFree;
    await route.continue();
  });
  return go;
}

for (const [title, hash, selector] of [['Home', '#/', '.plastic'], ['Add card', '#/cards/new', '#screen form']]) {
  test(`${title}: it is loading before the scripts are there, and nothing jumps`, async ({ phone, server, people }) => {
    const app = await phone(await people.customer(), { serviceWorkers: 'block' });
    await app.addInitScript(noteShifts);
    const [scripts, data] = [await hold(app, '**/m/app.js'), await hold(app, '**/api/v1/p/user/cards')];
    await app.goto(`${server.url}/m/${hash}`, { waitUntil: 'commit' });
    const loading = app.locator('#screen').getByRole('status').filter({ hasText: 'Loading' });
    await expect(loading).toBeVisible();
    const first = await loading.locator('.spinner').boundingBox();
    scripts();
    await expect(app).toHaveTitle(`${title} · Paygate`);
    await expect(loading).toBeVisible();
    const middle = ({ x, y, width, height }) => [x + width / 2, y + height / 2].map(Math.round);
    expect(middle(await loading.locator('.spinner').boundingBox())).toEqual(middle(first));
    data();
    await expect(app.locator(selector)).toBeVisible();
    await expect(loading).toHaveCount(0);
    expect(await shiftOf(app)).toBeLessThan(MOST_SHIFT);
  });
}

for (const [name, hash, path, selector] of [
  ['the cards', '#/cards', 'cards', '.plastic'], ['the history', '#/history', 'payments?*', '.row'], ['the account', '#/account', 'me', '.facts'],
]) {
  test(`${name}: a sign of waiting, then what was waited for, and nothing jumps`, async ({ phone, server, people }) => {
    const payer = await people.customer();
    await (await people.shop()).sell(payer);
    const app = await phone(payer);
    await app.addInitScript(noteShifts);
    const go = await hold(app, `**/api/v1/p/user/${path}`);
    await app.goto(`${server.url}/m/${hash}`);
    const loading = app.locator('#screen').getByRole('status').filter({ hasText: 'Loading' });
    await expect(loading.locator('.spinner')).toBeVisible();
    await expect(app.locator(selector)).toHaveCount(0);
    go();
    await expect(app.locator(selector).first()).toBeVisible();
    await expect(loading).toHaveCount(0);
    expect(await shiftOf(app)).toBeLessThan(MOST_SHIFT);
  });
}

test('the phone shows the order, and the time that is left until there is none', async ({ phone, server, people }) => {
  const order = { orderId: `order-${Date.now()}`, orderName: 'Two mugs', amount: 36_000 };
  const { token } = await (await people.shop()).create(order);
  const app = await phone(await people.customer());
  // The phone's clock is a quarter of an hour fast.
  await app.clock.install({ time: Date.now() + 900_000 });
  await app.goto(`${server.url}/m/#/pay/${token}`);
  const bill = app.locator('.bill');
  for (const text of ['데모 상점', '₩36,000', 'Two mugs', `Order ${order.orderId}`]) await expect(bill).toContainText(text);
  await counts(app, '.countdown', '.countdown time');
});

test('the checkout counts down until no time is left', async ({ page, server, people }) => {
  const { token } = await (await people.shop()).create();
  // The computer's clock is a quarter of an hour slow.
  await page.clock.install({ time: Date.now() - 900_000 });
  await page.goto(`${server.url}/checkout/${token}?lang=en`);
  await counts(page, '.countdown', '#countdown');
});

/** Ten minutes, seen at their beginning, in their last minute and behind their end. */
async function counts(page, line, clock) {
  await expect(page.locator(clock)).toHaveText(/^\d\d:\d\d$/);
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 10_000));
  const left = async () => {
    const [, minutes, seconds] = /^(\d\d):(\d\d)$/.exec(await page.locator(clock).textContent());
    return minutes * 60 + Number(seconds);
  };
  await expect.poll(left).toBeGreaterThan(500);
  await expect(page.locator(line)).not.toHaveClass(/is-short/);
  const before = await left();
  await page.clock.runFor(10_000);
  expect(before - await left()).toBe(10);
  await page.clock.runFor((await left() - 61) * 1000);
  await reads(page, clock, '01:01');
  await expect(page.locator(line)).not.toHaveClass(/is-short/);
  await page.clock.runFor(1000);
  await reads(page, clock, '01:00');
  await expect(page.locator(line)).toHaveClass(/is-short/);
  await page.clock.runFor(90_000);
  await reads(page, clock, '00:00');
}

for (const [width, height] of [[460, 780], [360, 780], [1440, 900]]) {
  test(`a checkout ${width} pixels wide goes from one state to the next, and nothing jumps`, async ({ page, server, people }) => {
    const [merchant, payer] = [await people.shop(), await people.customer(['failsVerification', 'limit'])];
    const { token } = await merchant.create();
    await page.setViewportSize({ width, height });
    await page.addInitScript(noteShifts);
    await page.goto(`${server.url}/checkout/${token}?lang=en`);
    const panel = async () => {
      await shiftOf(page);
      const { y, height: tall } = await page.locator('.checkout').boundingBox();
      return { top: y, bottom: y + tall };
    };
    const begun = await panel();
    const isStill = async (name) => {
      await state(page).toHaveAttribute('data-state', name);
      const now = await panel();
      for (const edge of ['top', 'bottom']) expect(Math.abs(now[edge] - begun[edge]), `${name}: ${edge}`).toBeLessThan(4);
      expect(await shiftOf(page), name).toBeLessThan(MOST_SHIFT);
    };
    const code = await page.locator('.qr').boundingBox();
    await payer.approve(token, 'failsVerification').catch(() => {});
    await isStill('failed');
    // A camera is in front of it.
    expect(Math.abs((await page.locator('.qr').boundingBox()).y - code.y)).toBeLessThan(4);
    await page.evaluate(() => { document.querySelector('#checkout').dataset.state = 'verifying'; });
    await isStill('verifying');
    const approved = await payer.approve(token, 'limit');
    await isStill('approved');
    await merchant.confirm(approved).catch(() => {});
    await isStill('aborted');
  });
}
