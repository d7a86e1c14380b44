// A Paygate of one's own: the real binary on a free port, with data that nobody keeps.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const START_TIMEOUT_MS = 30_000;
const BINARY = process.env.PAYGATE_BINARY;

/** Starts one. `settings` are environment variables without their prefix: `{ PAYMENT__EXPIRES_AFTER_S: 3 }`. */
export async function startServer(settings = {}, command = []) {
  if (!BINARY) throw new Error('PAYGATE_BINARY is not set: run scripts/browser-tests');
  const folder = await mkdtemp(join(tmpdir(), 'paygate-browser-'));
  const server = { folder };
  Object.assign(server, await run(folder, settings, command));
  /** Gives the demo shop two years of payments. */
  server.makePast = (payments) => promisify(execFile)(BINARY, ['demo', 'past', '--payments', String(payments)], { cwd: folder, env: variables(folder, settings) });
  /** Ends it as a power cut would. */
  server.kill = () => end(server.child, 'SIGKILL');
  /** Starts it again, on another port, with what it left behind. */
  server.restart = async () => Object.assign(server, await run(folder, settings, command));
  server.stop = async () => {
    await end(server.child, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  };
  return server;
}

/** A card network of one's own: the sandbox, without a Paygate around it. */
export const startCardNetwork = () => startServer({}, ['sandbox', '--listen', '127.0.0.1:0']);

function variables(folder, settings) {
  const named = {
    DATA_DIR: folder,
    DATABASE__URL: `sqlite://${folder}/paygate.db`,
    SERVER__LISTEN: '127.0.0.1:0',
    SERVER__WORKERS: 1,
    RATE_LIMIT__ENABLED: false,
    AUTH__PASSWORD_MEMORY_KIB: 8,
    AUTH__PASSWORD_ITERATIONS: 1,
    ...settings,
  };
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [`PAYGATE__${name}`, String(value)]));
}

async function run(folder, settings, command) {
  const child = spawn(BINARY, command, { cwd: folder, env: variables(folder, settings), stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  const url = await new Promise((found, failed) => {
    const timer = setTimeout(() => failed(new Error(`it does not listen:\n${log}`)), START_TIMEOUT_MS);
    const read = (bytes) => {
      log += bytes;
      const [, address] = /listening on ([\d.]+:\d+)/.exec(log) || [];
      if (address) found(`http://${address}`);
      if (address) clearTimeout(timer);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', (code) => failed(new Error(`it ended with ${code}:\n${log}`)));
  });
  return { child, url, port: Number(new URL(url).port), log: () => log };
}

async function end(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
