// The quick start, as a newcomer follows it: what stands on the page is pasted as it is.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { approve, expect, linkOn, loaded, test } from './support/test.mjs';

/** A shell whose lines come one by one, as those of a paste that it takes for typing. */
function shell(name) {
  // In a group of its own: with it ends what it has started.
  const child = spawn(name, ['-s'], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let said = '';
  child.stdout.on('data', (bytes) => { said += bytes; });
  child.stderr.on('data', (bytes) => { said += bytes; });
  return {
    paste: (text) => child.stdin.write(`${text}\n`),
    said: () => said,
    /** As Ctrl-C and a closed window do. */
    kill: () => process.kill(-child.pid),
    /** All that it has said until it ends. */
    end: async () => {
      const ended = once(child, 'close');
      child.stdin.end();
      await ended;
      return said;
    },
  };
}

// Without a zsh, bash alone stands for both: the same lines, the same `read`.
const shells = ['bash', 'zsh'].filter((name) => name === 'bash' || spawnSync(name, ['-c', ':']).status === 0);

for (const name of shells) {
  test(`the three snippets of the quick start take one payment, pasted into ${name}`, async ({ page, phone, server, people }) => {
    await page.goto(`${server.url}/docs/?lang=en`);
    const snippets = await page.locator('#begin pre').allTextContents();
    expect(snippets).toHaveLength(3);
    const terminal = shell(name);
    terminal.paste(snippets[0]);

    const file = join(server.folder, `pay-${name}.html`);
    await writeFile(file, snippets[1]);
    await page.goto(`file://${file}`);
    const opened = page.waitForEvent('popup');
    await page.getByRole('button', { name: 'Pay' }).click();
    const checkout = await loaded(await opened);
    const app = await phone(await people.customer());
    await app.goto(await linkOn(checkout));
    await approve(app, checkout);
    const shown = page.locator('pre');
    await expect(shown).toHaveText(/^order-\d+\n\S+$/);
    const [orderId, paymentKey] = (await shown.textContent()).split('\n');

    terminal.paste(snippets[2]);
    terminal.paste(orderId);
    terminal.paste(paymentKey);
    const said = await terminal.end();
    expect(said).toMatch(/^orderId: paymentKey: \{/);
    expect(JSON.parse(said.slice(said.indexOf('{')))).toMatchObject({ ok: true, data: { orderId, paymentKey } });
    expect(await (await people.shop()).order(orderId)).toMatchObject({ status: 'DONE', balanceAmount: 15_000 });
  });
}

test('the snippet that listens tells a payment as the page says', async ({ page, server, people }) => {
  await page.goto(`${server.url}/docs/?lang=en`);
  const merchant = await people.shop();
  const orderId = `order-${Date.now()}`;
  await merchant.sell(await people.customer(), { orderId });
  const terminal = shell('bash');
  try {
    terminal.paste(await page.locator('#begin pre').first().textContent());
    terminal.paste(await page.locator('#listen').textContent());
    terminal.paste(orderId);
    await expect.poll(terminal.said).toContain('"status":"payment-done"');
    const names = (text) => [...text.matchAll(/event: (\S+)$/gm)].map(([, name]) => name);
    expect(names(terminal.said())).toEqual(names(await page.locator('#stream').textContent()));
  } finally {
    terminal.kill();
  }
});

test.describe('a snippet', () => {
  for (const [where, copies] of [['has a clipboard', true], ['has none', false]]) {
    test(`is copied with one click where the page ${where}`, async ({ context, page, server }) => {
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      if (!copies) await page.addInitScript(() => { Clipboard.prototype.writeText = undefined; });
      await page.goto(`${server.url}/docs/?lang=en`);
      const text = await page.locator('#begin pre').first().textContent();
      const button = page.getByRole('button', { name: 'Copy' }).first();
      await button.click();
      await expect(page.getByRole('button', { name: 'Copied' })).toBeVisible();
      expect((await page.evaluate(() => navigator.clipboard.readText())).trim()).toBe(text.trim());
    });
  }
});

test('the examples for a server open without a script', async ({ browser, watch, server }) => {
  const context = watch.over(await browser.newContext({ javaScriptEnabled: false, locale: 'en-US' }));
  const page = await context.newPage();
  await page.goto(`${server.url}/docs/#examples`);
  for (const [language, word] of [['Node.js', 'createServer'], ['Python', 'urllib'], ['Java', 'public class'], ['Kotlin', 'fun main'], ['curl', '--user']]) {
    const example = page.locator('#examples details').filter({ has: page.locator('summary', { hasText: new RegExp(`^${language} `) }) });
    await example.locator('summary').click();
    await expect(example.locator('pre')).toContainText(word);
  }
  await context.close();
});

test('a link to an operation of the API opens it, and its own link leads there', async ({ browser, watch, server }) => {
  const context = watch.over(await browser.newContext({ javaScriptEnabled: false, locale: 'en-US' }));
  const page = await context.newPage();
  await page.goto(`${server.url}/api-docs#post-api-v1-p-merchant-confirm`);
  const operation = page.locator('details').filter({ has: page.locator('#post-api-v1-p-merchant-confirm') });
  await expect(operation).toHaveAttribute('open');
  await expect(operation.locator('summary')).toBeInViewport();
  await expect(operation.getByText('card.issuer')).toBeVisible();
  await expect(page.locator('details[open]')).toHaveCount(1);
  await page.getByRole('link', { name: '한국어' }).click();
  await expect(page.getByRole('heading', { name: 'API 레퍼런스' })).toBeVisible();
  await page.getByRole('link', { name: '개발자 문서' }).click();
  await expect(page).toHaveURL(`${server.url}/docs/`);
  await context.close();
});
