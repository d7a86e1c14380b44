// How every page looks in every state: in both languages, light and dark, at three widths. Nothing may be
// wider than the window, and axe-core may find nothing serious. The pictures come to lie in target/screens/.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from './support/test.mjs';
import { startServer } from './support/server.mjs';
import { pages, screens } from './support/states.mjs';

const FOLDER = fileURLToPath(new URL('../../target/screens/', import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDTHS = [[360, 780], [768, 1024], [1440, 900]];

for (const lang of ['ko', 'en']) {
  for (const [kind, placesOf] of [['pages', pages], ['screens of the phone', screens]]) {
    test(`${kind} in ${lang}`, async ({ browser, server, watch }) => {
      test.setTimeout(150_000);
      // Refusals are part of what is looked at.
      watch.allow(/status of 4(00|03|04|10)/);
      // Here payments expire soon, and a silent card network is soon given up.
      const brief = await startServer({
        PAYMENT__EXPIRES_AFTER_S: 2, ACTORS__SWEEP_INTERVAL_MS: 200,
        ACQUIRER__CARD__CALL_TIMEOUT_MS: 500, PAYMENT__ACQUIRER_TIMEOUT_MS: 500, PAYMENT__ANSWER_BUDGET_MS: 1500, RESOLUTION__INQUIRY_EVERY_MS: 60_000,
      });
      try {
        for (const place of await placesOf(server, brief)) {
          const context = watch.over(await browser.newContext({ locale: lang, reducedMotion: 'reduce', viewport: { width: 360, height: 780 } }));
          await place.before?.(context);
          const page = await context.newPage();
          await page.goto(addressOf(place, server, lang));
          await place.then?.(page);
          await look(page, `${place.name}-${lang}`);
          await context.close();
        }
      } finally {
        await brief.stop();
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

async function look(page, name) {
  await page.evaluate(AXE);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const [width, height] of WIDTHS) {
      const view = `${name}-${colorScheme}-${width}`;
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: `${FOLDER}${view}.png`, animations: 'disabled' });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect.soft(overflow, `${view}: nothing is wider than the window`).toBeLessThanOrEqual(0);
      // What is between the two is made of the same parts.
      if (width === 768) continue;
      const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ['violations'] }));
      const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
      const told = serious.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
      expect.soft(told, `${view}: axe-core`).toEqual([]);
    }
  }
}
