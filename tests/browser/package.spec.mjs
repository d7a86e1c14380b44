// The SDK as a package: what a shop gets that installs it.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@playwright/test';

const run = promisify(execFile);
const SDK = fileURLToPath(new URL('../../web/sdk/', import.meta.url));
const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');

/** A shop's page in TypeScript; each marked line must be refused. */
const PAGE = `
import { Paygate, PaygateError, VERSION } from 'paygate-sdk';
import type { Approved, PaygateClient, PaymentRequest } from 'paygate-sdk';

const paygate: PaygateClient = Paygate({ clientKey: 'key', baseUrl: 'https://pay.example.com', language: 'en' });
const request: PaymentRequest = {
  orderId: 'order-1', amount: 15_000, orderName: 'Coffee', successUrl: '/ok', failUrl: '/no', mode: 'redirect', metadata: { table: 7 },
};
export async function buy(): Promise<string> {
  try {
    const { paymentKey, orderId, amount }: Approved = await paygate.requestPayment(request);
    return \`\${VERSION} \${paymentKey} \${orderId} \${amount.toFixed()}\`;
  } catch (error) {
    if (!(error instanceof PaygateError)) throw error;
    const outcome: 'declined' | 'not_sent' | 'unknown' | 'none' = error.outcome;
    return \`\${error.code} \${outcome} \${error.reason ?? ''} \${error.message}\`;
  }
}
paygate.requestPayment({ orderId: 'order-2', amount: 1, orderName: 'Coffee', mode: 'embedded', container: document.body });
window.Paygate({ clientKey: 'key' }) satisfies PaygateClient;
window.pay200SDK?.({ apiKey: 'key' }).requestPayment(request);
// @ts-expect-error A key is needed.
Paygate({});
// @ts-expect-error An amount is a number.
paygate.requestPayment({ orderId: 'order-3', amount: '1', orderName: 'Coffee' });
// @ts-expect-error There is no such mode.
paygate.requestPayment({ ...request, mode: 'tab' });
`;

test.describe('the package', () => {
  let folder;
  let installed;

  test.beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'paygate-package-'));
    installed = join(folder, 'node_modules/paygate-sdk');
    await mkdir(installed, { recursive: true });
    const { stdout } = await run('npm', ['pack', '--json', '--offline', '--pack-destination', folder], { cwd: SDK });
    await run('tar', ['-xzf', join(folder, JSON.parse(stdout)[0].filename), '-C', installed, '--strip-components=1']);
  });

  test.afterAll(() => rm(folder, { recursive: true, force: true }));

  test('holds all that its README leads to, and nothing of the workshop', async () => {
    const text = await readFile(join(installed, 'README.md'), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path);
    expect(links).toContain('examples/confirm.mjs');
    for (const path of links) expect((await stat(join(installed, path))).isFile(), path).toBe(true);
    for (const path of ['test', 'build.mjs']) await expect(stat(join(installed, path)), path).rejects.toThrow('ENOENT');
  });

  test('its types fit a page, and what it exports', async () => {
    await writeFile(join(folder, 'page.ts'), PAGE);
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2022,dom'];
    const { stdout } = await run('node', [TSC, ...options, 'page.ts'], { cwd: folder }).catch((error) => error);
    expect(stdout).toBe('');
    const declared = await readFile(join(installed, 'paygate.d.ts'), 'utf8');
    // Pauses are for the SDK's own tests alone.
    const exported = Object.keys(await import(join(installed, 'paygate.mjs'))).filter((name) => name !== 'timing');
    for (const name of exported) expect(declared).toMatch(new RegExp(`export declare (const|class|function) ${name}\\b`));
  });
});
