// Debian's Chromium, alone with this machine: it looks up no name and asks nobody for updates.

const ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** How to start it; each start has an empty profile of its own. */
export const launchOptions = ({ args = [], ...more } = {}) => ({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: [...ARGS, ...args],
  ...more,
});
