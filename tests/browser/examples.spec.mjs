// The examples that shops copy: they confirm, they ask again for what is not known yet, and a no is a no.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from './support/test.mjs';
import { startFront } from './support/front.mjs';

const EXAMPLES = fileURLToPath(new URL('../../web/sdk/examples/', import.meta.url));
const AMOUNT = 15_000;

/** Starts an example; `line` comes true with the first line that it writes. */
function start(command, args, env) {
  const child = spawn(command, args, { cwd: EXAMPLES, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stderr.on('data', (bytes) => { said.err += bytes; });
  const line = new Promise((found, failed) => {
    child.stdout.on('data', (bytes) => { said.out += bytes; if (said.out.includes('\n')) found(said.out.trim()); });
    child.on('close', () => failed(new Error(`${command} ended: ${said.err}`)));
  });
  line.catch(() => {});
  return { child, said, line };
}

/** A server whose page is the SDK's successUrl. */
const server = (command, file) => async (env, { orderId, paymentKey }) => {
  const { child, line } = start(command, [file], { ...env, PORT: '0', ORDERS: JSON.stringify({ [orderId]: AMOUNT }) });
  try {
    const page = new URL((await line).replace('localhost', '127.0.0.1'));
    // What stands in the address is not what is charged.
    page.search = new URLSearchParams({ orderId, paymentKey, amount: 1 });
    const answer = await fetch(page);
    return { isConfirmed: answer.status === 200, answer: await answer.text() };
  } finally {
    child.kill();
  }
};

/** A command that ends with what became of it. */
const command = (name, ...args) => async (env, { orderId, paymentKey }) => {
  const { child, said } = start(name, [...args, orderId, paymentKey, String(AMOUNT)], env);
  const [code] = await once(child, 'close');
  return { isConfirmed: code === 0, answer: said.out };
};

/** Kotlin is compiled first, as the example says. */
const jar = async (env, payment) => {
  const folder = await mkdtemp(join(tmpdir(), 'paygate-kotlin-'));
  try {
    const file = join(folder, 'confirm.jar');
    const compiled = spawnSync('kotlinc', ['confirm.kt', '-include-runtime', '-d', file], { cwd: EXAMPLES, encoding: 'utf8' });
    expect(compiled.status, compiled.stderr).toBe(0);
    return await command('java', '-jar', file)(env, payment);
  } finally {
    await rm(folder, { recursive: true });
  }
};

const LANGUAGES = {
  Node: { tool: 'node', confirm: server('node', 'confirm.mjs') },
  Python: { tool: 'python3', confirm: server('python3', 'confirm.py') },
  curl: { tool: 'curl', confirm: command('bash', 'confirm.sh') },
  Java: { tool: 'javac', confirm: command('java', 'Confirm.java'), isOptional: !process.env.PAYGATE_CI },
  Kotlin: { tool: 'kotlinc', confirm: jar, isOptional: true },
};

const refusal = (status, code, outcome = 'none') => ({
  status, headers: { 'content-type': 'application/json', 'retry-after': '1' },
  body: JSON.stringify({ ok: false, data: null, error: { code, outcome, message: 'Not now.' } }),
});
const NOT_YET = [
  refusal(409, 'IDEMPOTENCY_KEY_IN_USE'),
  refusal(504, 'PAYMENT_OUTCOME_UNKNOWN', 'unknown'),
  { status: 502, headers: { 'content-type': 'text/html', 'retry-after': '1' }, body: '<h1>Bad gateway</h1>' },
  null,
  refusal(409, 'CONFIRM_IN_PROGRESS'),
];

for (const [language, { tool, confirm, isOptional }] of Object.entries(LANGUAGES)) {
  test.describe(language, () => {
    test.beforeEach(() => {
      const isThere = spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
      // Compilers are large, and not every system has one for Kotlin: then the report says what was not run.
      if (isOptional) test.skip(!isThere, `there is no ${tool}`);
      expect(isThere, `there is a ${tool}`).toBe(true);
    });

    /** A payment that a customer has approved, and a shop's server that knows its key. */
    const approved = async (people, url, card) => {
      const [payer, { key, ...merchant }] = [await people.customer([card]), await people.shop()];
      const orderId = `${language.toLowerCase()}-${Date.now()}`;
      const { token } = await merchant.create({ orderId, amount: AMOUNT });
      const { paymentKey } = await payer.approve(token, card);
      return { merchant, payment: { orderId, paymentKey }, env: { PAYGATE_URL: url, PAYGATE_SECRET_KEY: key } };
    };

    test('asks again until it knows, and charges once', async ({ server: paygate, people }) => {
      const front = await startFront(paygate, NOT_YET);
      try {
        const { merchant, payment, env } = await approved(people, front.url, 'good');
        expect(await confirm(env, payment)).toMatchObject({ isConfirmed: true, answer: expect.stringContaining(payment.paymentKey) });
        expect(front.calls).toHaveLength(NOT_YET.length + 1);
        expect(new Set(front.calls.map((headers) => headers['idempotency-key'])).size, 'one key').toBe(1);
        expect(await merchant.order(payment.orderId)).toMatchObject({ status: 'DONE', balanceAmount: AMOUNT });
      } finally {
        front.stop();
      }
    });

    test('takes a no for an answer', async ({ server: paygate, people }) => {
      const front = await startFront(paygate, []);
      try {
        const { payment, env } = await approved(people, front.url, 'limit');
        expect(await confirm(env, payment)).toMatchObject({ isConfirmed: false, answer: expect.stringContaining('LIMIT_EXCEEDED') });
        expect(front.calls).toHaveLength(1);
      } finally {
        front.stop();
      }
    });
  });
}
