// The quick start, as a newcomer follows it: what stands on the page is pasted as it is.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { approve, expect, linkOn, loaded, test } from './support/test.mjs';

/** A shell whose lines come one by one, as those of a paste that it takes for typing. */
function shell(name) {
  const child = spawn(name, ['-s'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (bytes) => { said += bytes; });
  child.stderr.on('data', (bytes) => { said += bytes; });
  return {
    paste: (text) => child.stdin.write(`${text}\n`),
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
