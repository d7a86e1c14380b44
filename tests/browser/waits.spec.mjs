// While somebody waits: a sign that something comes, a clock that is right, and nothing that jumps.
import { expect, test } from './support/test.mjs';
import { MOST_SHIFT, noteShifts, shiftOf } from './support/shifts.mjs';

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

test('the phone app says that it is loading before its scripts are there, and nothing jumps', async ({ phone, server, people }) => {
  const app = await phone(await people.customer(), { serviceWorkers: 'block' });
  await app.addInitScript(noteShifts);
  const [scripts, data] = [await hold(app, '**/m/app.js'), await hold(app, '**/api/v1/p/user/cards')];
  await app.goto(`${server.url}/m/`, { waitUntil: 'commit' });
  const loading = app.locator('#screen').getByRole('status').filter({ hasText: 'Loading' });
  await expect(loading).toBeVisible();
  const first = await loading.locator('.spinner').boundingBox();
  scripts();
  await expect(app).toHaveTitle('Home · Paygate');
  await expect(loading).toBeVisible();
  const middle = ({ x, y, width, height }) => [x + width / 2, y + height / 2].map(Math.round);
  expect(middle(await loading.locator('.spinner').boundingBox())).toEqual(middle(first));
  data();
  await expect(app.locator('.plastic')).toBeVisible();
  await expect(loading).toHaveCount(0);
  expect(await shiftOf(app)).toBeLessThan(MOST_SHIFT);
});

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
