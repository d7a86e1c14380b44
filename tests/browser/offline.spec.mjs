// The app without a network: the shell is there and says so; of payments and people nothing was kept.
import { expect, test } from './support/test.mjs';
import { startWire } from './support/wire.mjs';

/** The paths of all that the service worker keeps, once it keeps the shell. */
async function keptBy(app) {
  await expect.poll(() => app.evaluate(() => caches.match('/m/').then(Boolean)), 'the shell is kept').toBe(true);
  return app.evaluate(async () => {
    const caught = [];
    for (const name of await caches.keys()) caught.push(...await (await caches.open(name)).keys());
    return caught.map(({ url }) => new URL(url).pathname);
  });
}

test('the shell opens without a network, and nothing else was kept', async ({ phone, server, people, watch }) => {
  watch.allow(/ERR_/, /Failed to load resource/);
  const [merchant, payer] = [await people.shop(), await people.customer()];
  await merchant.sell(payer, { orderName: 'Stoneware mug', amount: 18_000 });
  const wire = await startWire(server);
  try {
    const app = await phone(payer, { url: wire.url });
    await app.goto(`${wire.url}/m/`);
    await app.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
    for (const name of ['Cards', 'History', 'Account', 'Home']) await app.getByRole('link', { name, exact: true }).click();
    await expect(app.locator('.row')).toContainText('Stoneware mug');

    await keptBy(app);
    wire.down();
    await app.reload();
    await expect(app.getByRole('alert')).toContainText(/offline|연결되어 있지/);
    await expect(app.getByRole('navigation').getByRole('link')).toHaveCount(4);
    await expect(app.locator('.row, .plastic')).toHaveCount(0);
    const { assets } = await app.locator('.app').evaluate(({ dataset }) => ({ ...dataset }));
    const kept = await keptBy(app);
    expect(kept.filter((path) => path !== '/m/' && !path.startsWith(`${assets}/`)), 'files of this build alone').toEqual([]);
    expect(kept.length).toBeGreaterThan(10);
    const shell = await app.evaluate(() => caches.match('/m/').then((answer) => answer.text()));
    expect(shell).not.toContain(payer.email);
    expect(shell).not.toContain('Stoneware');

    wire.up();
    await app.getByRole('alert').getByRole('button').click();
    await expect(app.locator('.row')).toContainText('Stoneware mug');
  } finally {
    wire.stop();
  }
});

test('after a new build the app opens without a network from its first visit on', async ({ phone, server, people, watch }) => {
  watch.allow(/ERR_/, /Failed to load resource/);
  const wire = await startWire(server);
  try {
    const app = await phone(await people.customer(), { url: wire.url });
    const keptAs = (assets) => expect.poll(() => app.evaluate(async () => {
      const shells = await Promise.all((await caches.keys()).map(async (name) => [name, Boolean(await (await caches.open(name)).match('/m/'))]));
      return JSON.stringify(shells);
    })).toBe(JSON.stringify([[assets, true]]));
    // A build that was here before: its page names its files by another address.
    await app.route('**/m/', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: (await response.text()).replaceAll(/\/static\/[\w-]+/g, '/static/before') });
    });
    await app.goto(`${wire.url}/m/`);
    await keptAs('/static/before');
    await app.unrouteAll();

    await app.reload();
    const { assets } = await app.locator('.app').evaluate(({ dataset }) => ({ ...dataset }));
    expect(assets).not.toBe('/static/before');
    await keptAs(assets);
    wire.down();
    await app.reload();
    await expect(app.getByRole('alert')).toContainText('offline');
    await expect(app.getByRole('navigation').getByRole('link')).toHaveCount(4);
  } finally {
    wire.stop();
  }
});
