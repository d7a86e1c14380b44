// Browser tests against the real binary. `scripts/browser-tests` builds it, installs what is missing and runs this.
//
// One spec a concern. A room of its own, like the back office, brings its own: every *.spec.mjs is run.
import { defineConfig } from '@playwright/test';
import { launchOptions } from './support/browser.mjs';

export default defineConfig({
  testDir: '.',
  testMatch: '*.spec.mjs',
  outputDir: '../../target/browser-tests',
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  timeout: 60_000,
  globalTimeout: 600_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    actionTimeout: 10_000,
    navigationTimeout: 10_000,
    locale: 'en-US',
    timezoneId: 'Asia/Seoul',
    launchOptions: launchOptions(),
    // A recording of everything (--trace=on) takes half as long again.
    screenshot: 'only-on-failure',
  },
});
