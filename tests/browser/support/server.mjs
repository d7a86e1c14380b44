// A Paygate of one's own: the real binary on a free port, with data that nobody keeps.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_TIMEOUT_MS = 30_000;
const BINARY = process.env.PAYGATE_BINARY;

/** Starts one. `settings` are environment variables without their prefix: `{ PAYMENT__EXPIRES_AFTER_S: 3 }`. */
export async function startServer(settings = {}) {
  if (!BINARY) throw new Error('PAYGATE_BINARY is not set: run scripts/browser-tests');
  const folder = await mkdtemp(join(tmpdir(), 'paygate-browser-'));
  const server = { folder };
  Object.assign(server, await run(folder, settings));
  /** Ends it as a power cut would. */
  server.kill = () => end(server.child, 'SIGKILL');
  /** Starts it again, on another port, with what it left behind. */
  server.restart = async () => Object.assign(server, await run(folder, settings));
  server.stop = async () => {
    await end(server.child, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  };
  return server;
}

async function run(folder, settings) {
  const variables = {
    DATA_DIR: folder,
    DATABASE__URL: `sqlite://${folder}/paygate.db`,
    SERVER__LISTEN: '127.0.0.1:0',
    SERVER__WORKERS: 1,
    RATE_LIMIT__ENABLED: false,
    AUTH__PASSWORD_MEMORY_KIB: 8,
    AUTH__PASSWORD_ITERATIONS: 1,
    ...settings,
  };
  const named = Object.entries(variables).map(([name, value]) => [`PAYGATE__${name}`, String(value)]);
  const child = spawn(BINARY, [], { cwd: folder, env: Object.fromEntries(named), stdio: ['ignore', 'pipe', 'pipe'] });
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
