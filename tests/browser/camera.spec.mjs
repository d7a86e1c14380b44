// The phone app's own scanner, with a film of the screen in front of its camera.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { launchOptions } from './support/browser.mjs';
import { approve, buy, expect, linkOn, pictureOf, test } from './support/test.mjs';
import { filmOf } from './support/qr.mjs';

/** A browser whose camera looks at a picture. */
async function lookingAt(picture, then) {
  const folder = await mkdtemp(join(tmpdir(), 'paygate-film-'));
  const film = join(folder, 'checkout.y4m');
  await writeFile(film, filmOf(picture));
  const args = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${film}`];
  const camera = await chromium.launch(launchOptions({ args }));
  try {
    await then(camera);
  } finally {
    await camera.close();
    await rm(folder, { recursive: true });
  }
}

test('the camera reads the code on the screen, and the purchase goes through', async ({ page, phone, server, people }) => {
  const checkout = await buy(page, server.url, 'Stoneware mug');
  await lookingAt(await pictureOf(checkout), async (camera) => {
    const app = await phone(await people.customer(), { from: camera, permissions: ['camera'] });
    await app.goto(`${server.url}/m/`);
    await app.getByRole('link', { name: 'Scan QR code' }).click();
    await expect(app.locator('.bill')).toContainText('₩18,000');
    await approve(app, checkout);
    await expect(page.getByRole('heading', { name: 'Thank you for your order' })).toBeVisible();
  });
});

test('a scanner that was not loaded says so, lets the camera go, and can be tried again', async ({ page, phone, server, people, watch }) => {
  watch.allow(/ERR_FAILED/);
  const checkout = await buy(page, server.url);
  const picture = await pictureOf(checkout);
  await lookingAt(picture, async (camera) => {
    const app = await phone(await people.customer(), { from: camera, permissions: ['camera'], serviceWorkers: 'block' });
    await app.addInitScript(() => {
      window.taken = [];
      const { mediaDevices } = navigator;
      const take = mediaDevices.getUserMedia.bind(mediaDevices);
      mediaDevices.getUserMedia = async (wanted) => {
        const stream = await take(wanted);
        window.taken.push(...stream.getTracks());
        return stream;
      };
    });
    const isOn = () => app.evaluate(() => window.taken.map(({ readyState }) => readyState));
    await app.route('**/jsqr.js', (route) => route.abort());
    await app.goto(`${server.url}/m/#/scan`);
    const problem = 'The scanner could not be loaded.';
    await expect(app.locator('.blocked')).toContainText(problem);
    await expect.poll(isOn).toEqual(['ended']);
    await app.getByLabel('Read from a picture').setInputFiles({ name: 'code.png', mimeType: 'image/png', buffer: picture });
    await expect(app.getByRole('alert').filter({ hasText: problem })).toBeVisible();
    await app.unrouteAll();
    await app.getByRole('button', { name: 'Try again' }).click();
    await expect(app.locator('.bill')).toContainText('₩4,500');
    expect(await isOn()).toEqual(['ended', 'ended']);
  });
});

test('without a camera: a picture of the code, or its address', async ({ page, phone, server, people }) => {
  const checkout = await buy(page, server.url);
  const app = await phone(await people.customer());
  await app.goto(`${server.url}/m/#/scan`);
  await expect(app.getByText('The camera cannot be used.')).toBeVisible();
  const picture = await checkout.screenshot();
  await app.getByLabel('Read from a picture').setInputFiles({ name: 'screen.png', mimeType: 'image/png', buffer: picture });
  await expect(app.locator('.bill')).toContainText('₩4,500');

  await app.goto(`${server.url}/m/#/scan`);
  await app.getByLabel('Read from a picture').setInputFiles({ name: 'shop.png', mimeType: 'image/png', buffer: await page.screenshot() });
  await expect(app.getByText('There is no payment QR code in this picture.')).toBeVisible();
  await app.getByLabel('Paste the payment’s address').fill('https://example.com/');
  await app.getByRole('button', { name: 'Open' }).click();
  await expect(app.getByText('This is not a payment QR code.')).toBeVisible();
  await app.getByLabel('Paste the payment’s address').fill(await linkOn(checkout));
  await app.getByRole('button', { name: 'Open' }).click();
  await expect(app.locator('.bill')).toContainText('₩4,500');
});

test.describe('a browser with a detector of its own', () => {
  /** It finds nothing at first; `window.looks` tells what it was shown. */
  const detector = ([formats, link]) => {
    window.looks = [];
    window.BarcodeDetector = class {
      static async getSupportedFormats() { return formats; }
      async detect(source) {
        window.looks.push(source.constructor.name);
        return window.looks.length > 2 || source instanceof ImageBitmap ? [{ rawValue: link }] : [];
      }
    };
  };
  const usesLibrary = (app) => app.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/jsqr.js')));

  test('is asked, for the camera and for a picture, and the library stays where it is', async ({ page, phone, server, people }) => {
    const checkout = await buy(page, server.url);
    const camera = await chromium.launch(launchOptions({ args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] }));
    try {
      const app = await phone(await people.customer(), { from: camera, permissions: ['camera'] });
      await app.addInitScript(detector, [['qr_code', 'ean_13'], await linkOn(checkout)]);
      await app.goto(`${server.url}/m/#/scan`);
      await expect(app.locator('.bill')).toContainText('₩4,500');
      expect(await app.evaluate(() => window.looks)).toEqual(Array(3).fill('HTMLVideoElement'));
      expect(await app.evaluate(() => document.querySelector('video')), 'the camera is let go').toBeNull();

      await app.goto(`${server.url}/m/#/cards`);
      await app.evaluate(() => { window.looks.length = 0; navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('no')); });
      await app.goto(`${server.url}/m/#/scan`);
      await app.getByLabel('Read from a picture').setInputFiles({ name: 'screen.png', mimeType: 'image/png', buffer: await page.screenshot() });
      await expect(app.locator('.bill')).toContainText('₩4,500');
      expect(await app.evaluate(() => window.looks)).toEqual(['ImageBitmap']);
      expect(await usesLibrary(app)).toBe(false);
    } finally {
      await camera.close();
    }
  });

  test('that reads no QR codes is left alone: the library reads them', async ({ page, phone, server, people }) => {
    const checkout = await buy(page, server.url);
    const app = await phone(await people.customer());
    await app.addInitScript(detector, [['ean_13'], 'https://example.com/']);
    await app.goto(`${server.url}/m/#/scan`);
    await app.getByLabel('Read from a picture').setInputFiles({ name: 'screen.png', mimeType: 'image/png', buffer: await checkout.screenshot() });
    await expect(app.locator('.bill')).toContainText('₩4,500');
    expect(await app.evaluate(() => window.looks)).toEqual([]);
    expect(await usesLibrary(app)).toBe(true);
  });
});

test.describe('a camera that goes away', () => {
  /** Finds nothing until `window.link` is set; `window.taken` has what the camera gave. */
  const watched = () => {
    window.taken = [];
    window.BarcodeDetector = class {
      static async getSupportedFormats() { return ['qr_code']; }
      async detect() { return window.link ? [{ rawValue: window.link }] : []; }
    };
    const { mediaDevices } = navigator;
    const take = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (wanted) => {
      if (window.isRefused) throw new DOMException('in use', 'NotReadableError');
      const stream = await take(wanted);
      window.taken.push(...stream.getTracks());
      return stream;
    };
  };
  const states = (app) => app.evaluate(() => window.taken.map(({ readyState }) => readyState));
  /** As the system does it: the track ends by itself. */
  const end = (app) => app.evaluate(() => {
    const track = window.taken.at(-1);
    track.stop();
    track.dispatchEvent(new Event('ended'));
  });
  const turn = (app, visibilityState) => app.evaluate((now) => {
    Object.defineProperty(document, 'visibilityState', { value: now, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, visibilityState);

  async function scanning(then) {
    const camera = await chromium.launch(launchOptions({ args: ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'] }));
    try {
      await then(camera);
    } finally {
      await camera.close();
    }
  }

  test('is asked for again by itself, and by a button when it goes once more', async ({ page, phone, server, people }) => {
    const checkout = await buy(page, server.url);
    const link = await linkOn(checkout);
    await scanning(async (camera) => {
      const app = await phone(await people.customer(), { from: camera, permissions: ['camera'] });
      await app.addInitScript(watched);
      await app.goto(`${server.url}/m/#/scan`);
      await expect(app.locator('.viewfinder')).toHaveClass(/is-live/);
      await end(app);
      await expect.poll(() => states(app)).toEqual(['ended', 'live']);
      await expect(app.locator('.blocked')).toBeHidden();
      await expect(app.locator('.viewfinder')).toHaveClass(/is-live/);
      await end(app);
      await expect(app.locator('.blocked')).toContainText('The camera was turned off.');
      await app.screenshot({ path: '../../target/screens/phone-scan-ended.en.png' }).catch(() => {});
      await app.getByRole('button', { name: 'Try again' }).click();
      await expect(app.locator('.blocked')).toBeHidden();
      await expect.poll(() => states(app)).toEqual(['ended', 'ended', 'live']);
      await app.evaluate((found) => { window.link = found; }, link);
      await expect(app.locator('.bill')).toContainText('₩4,500');
      await expect.poll(() => states(app)).toEqual(['ended', 'ended', 'ended']);
    });
  });

  test('is let go while the phone is locked, and back when it is looked at', async ({ page, phone, server, people }) => {
    const checkout = await buy(page, server.url);
    const link = await linkOn(checkout);
    await scanning(async (camera) => {
      const app = await phone(await people.customer(), { from: camera, permissions: ['camera'] });
      await app.addInitScript(watched);
      await app.goto(`${server.url}/m/#/scan`);
      await expect(app.locator('.viewfinder')).toHaveClass(/is-live/);
      await turn(app, 'hidden');
      await expect.poll(() => states(app)).toEqual(['ended']);
      await turn(app, 'visible');
      await expect.poll(() => states(app)).toEqual(['ended', 'live']);
      // Another app may have it at that moment.
      await turn(app, 'hidden');
      await app.evaluate(() => { window.isRefused = true; });
      await turn(app, 'visible');
      await expect(app.locator('.blocked')).toContainText('The camera cannot be used.');
      await app.evaluate(([found]) => { window.isRefused = false; window.link = found; }, [link]);
      await app.getByRole('button', { name: 'Try again' }).click();
      await expect(app.locator('.bill')).toContainText('₩4,500');
    });
  });

  test('or whose picture stands still is asked for again', async ({ phone, server, people }) => {
    await scanning(async (camera) => {
      const app = await phone(await people.customer(), { from: camera, permissions: ['camera'] });
      await app.addInitScript(watched);
      await app.goto(`${server.url}/m/#/scan`);
      await expect(app.locator('.viewfinder')).toHaveClass(/is-live/);
      await app.evaluate(() => document.querySelector('video').pause());
      await expect.poll(() => states(app), { timeout: 10_000 }).toEqual(['ended', 'live']);
    });
  });
});
