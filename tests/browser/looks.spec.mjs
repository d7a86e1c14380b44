// How every page looks in every state: in both languages, light and dark, at three widths. Nothing may be
// wider than the window or move after it was drawn, axe-core may find nothing serious, and nothing inline may
// be executed. The pictures come to lie in target/screens/.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from './support/test.mjs';
import { startServer } from './support/server.mjs';
import { desk } from './support/desk-states.mjs';
import { MOST_SHIFT, noteShifts, shiftOf } from './support/shifts.mjs';
import { pages, screens } from './support/states.mjs';

const FOLDER = fileURLToPath(new URL('../../target/screens/', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const [PHONE, TABLET, COMPUTER] = [[360, 780], [768, 1024], [1440, 900]];
/** What there are pictures of. Each language has its half of a page's four looks. */
const VIEWS = { ko: [[PHONE, 'light'], [COMPUTER, 'dark']], en: [[PHONE, 'dark'], [COMPUTER, 'light']] };
const IN_THE_HAND = [[PHONE, 'light'], [PHONE, 'dark']];
/** How wide a window is when its pages are loaded. */
const OPENED = { ko: PHONE, en: COMPUTER };

// Here payments expire soon, and a silent card network is soon given up.
const BRIEF = {
  PAYMENT__EXPIRES_AFTER_S: 2, ACTORS__SWEEP_INTERVAL_MS: 200,
  ACQUIRER__CARD__CALL_TIMEOUT_MS: 500, PAYMENT__ACQUIRER_TIMEOUT_MS: 500, PAYMENT__ANSWER_BUDGET_MS: 1500, RESOLUTION__INQUIRY_EVERY_MS: 60_000, RESOLUTION__INQUIRY_FOR_MS: 600_000,
};
// Here the card network cannot be asked.
const BASIC = { ...BRIEF, PAYMENT__EXPIRES_AFTER_S: 600, ACQUIRER__CARD__DIALECT: 'basic' };

for (const lang of ['ko', 'en']) {
  for (const [kind, placesOf, views] of [
    ['the back office', desk, VIEWS[lang]], ['screens of the phone', screens, IN_THE_HAND], ['pages', pages, VIEWS[lang]],
  ]) {
    test(`${kind} in ${lang}`, async ({ browser, watch }) => {
      test.setTimeout(150_000);
      // Refusals are part of what is looked at.
      watch.allow(/status of 4(00|03|04|09|10)/);
      const servers = await Promise.all([{}, BRIEF, BASIC].map((settings) => startServer(settings)));
      try {
        const open = new Map();
        for (const { name, before, then, ...place } of await placesOf(...servers)) {
          // Whoever sees several of them stays in one window.
          if (!open.has(before)) {
            const context = watch.over(await browser.newContext({ locale: lang, reducedMotion: 'reduce' }));
            await context.addInitScript(noteShifts);
            await before?.(context);
            context.on('response', (response) => watch.problems.push(...allowsTooMuch(response)));
            open.set(before, await context.newPage());
          }
          const page = open.get(before);
          await page.emulateMedia({ colorScheme: 'light' });
          const [width, height] = views === IN_THE_HAND ? PHONE : OPENED[lang];
          await page.setViewportSize({ width, height });
          await page.goto(addressOf(place, servers[0], lang));
          await then?.(page);
          expect.soft(await shiftOf(page), `${name}-${lang}-${width}: nothing moves`).toBeLessThan(MOST_SHIFT);
          await look(page, `${name}-${lang}`, views);
          await page.unrouteAll();
          await page.goto('about:blank');
        }
        for (const page of open.values()) await page.context().close();
      } finally {
        for (const server of servers) await server.stop();
      }
    });
  }
}

function addressOf({ server: own, path, hash = '' }, server, lang) {
  const url = new URL(path, (own ?? server).url);
  url.searchParams.set('lang', lang);
  url.hash = hash;
  return url.href;
}

/** Each page says that nothing inline is executed, where everything comes from, and that it tells nobody of itself. */
function allowsTooMuch(response) {
  const status = response.status();
  if (response.request().resourceType() !== 'document' || (status >= 300 && status < 400)) return [];
  const headers = response.headers();
  const policy = headers['content-security-policy'] ?? '';
  const isStrict = policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self';") && !/unsafe|\*|data:|blob:/.test(policy);
  // A shop may show the checkout within its page; nobody may show anything else.
  const isFree = new URL(response.url()).pathname.startsWith('/checkout/') || policy.endsWith("; frame-ancestors 'none'");
  const isQuiet = headers['referrer-policy'] === 'no-referrer' && headers['x-content-type-options'] === 'nosniff';
  return isStrict && isFree && isQuiet ? [] : [`headers: ${response.url()}: ${JSON.stringify(headers)}`];
}

async function look(page, name, views) {
  await page.evaluate(AXE);
  for (const size of [PHONE, TABLET, COMPUTER]) {
    const [width, height] = size;
    await page.setViewportSize({ width, height });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect.soft(overflow, `${name}-${width}: nothing is wider than the window`).toBeLessThanOrEqual(0);
    for (const [, colorScheme] of views.filter(([seen]) => seen === size)) {
      const view = `${name}-${colorScheme}-${width}`;
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${FOLDER}${view}.png`, animations: 'disabled', fullPage: true });
      await examine(page, view);
    }
    // There is no picture of this width, and its colours are those of the others.
    if (size === TABLET) await examine(page, `${name}-${width}`, { 'color-contrast': { enabled: false } });
  }
}

async function examine(page, view, rules = {}) {
  const { violations } = await page.evaluate((rules) => axe.run(document, { resultTypes: ['violations'], rules }), rules);
  const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  const told = serious.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
  expect.soft(told, `${view}: axe-core`).toEqual([]);
}
