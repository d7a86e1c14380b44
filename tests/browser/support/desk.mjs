// The back office as somebody at a desk uses it.
import { readFile } from 'node:fs/promises';
import { expect } from '@playwright/test';

/** Signs in with the form. */
export async function signInAt(page, url, { email, password }) {
  await page.goto(`${url}/backoffice/sign-in?lang=en`);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
}

/** Signs a shop up with the form. */
export async function signUpAt(page, url, { name, email, password }) {
  await page.goto(`${url}/backoffice/sign-up?lang=en`);
  await page.getByLabel('Shop name').fill(name);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign up' }).click();
  await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
}

/** Takes a key off the page as its owner does: shows it, and copies it. */
export async function readKey(page, name) {
  const card = page.locator('.key').filter({ has: page.getByRole('heading', { name }) });
  await expect(card.locator('.clear')).toBeHidden();
  await card.getByText('Show').click();
  const shown = await card.locator('.clear').textContent();
  await card.getByRole('button', { name: 'Copy' }).click();
  await expect(card.getByRole('button', { name: 'Copied' })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(shown);
  return shown;
}

/** The menu on the left, or above on a phone. */
export const go = (page, name) => page.getByRole('navigation', { name: 'Main menu' }).getByRole('link', { name }).click();

/** The order numbers of the list, from top to bottom. */
export const ordersOn = (page) => page.locator('.rows .order .small').allTextContents();

/** Those of all its pages. */
export async function ordersOfAll(page) {
  const orders = await ordersOn(page);
  const next = page.getByRole('link', { name: 'Next' });
  while (await next.count()) {
    const address = page.url();
    await next.click();
    await page.waitForURL((url) => url.href !== address);
    orders.push(...await ordersOn(page));
  }
  return orders;
}

/** The file behind the button, by its columns. */
export async function download(page) {
  const begun = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download CSV' }).click();
  const file = await begun;
  expect(file.suggestedFilename()).toMatch(/^paygate-payments-\d{4}-\d\d-\d\d\.csv$/);
  const [head, ...rows] = cells(await readFile(await file.path(), 'utf8'));
  return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i]])));
}

/** RFC 4180, with the mark by which spreadsheets know UTF-8. */
function cells(text) {
  expect(text[0]).toBe('\ufeff');
  const lines = text.slice(1).match(/(?:"(?:[^"]|"")*"|[^"\n])+/g);
  const unquoted = (cell) => cell.replace(/^"([^]*)"$/, '$1').replaceAll('""', '"');
  return lines.map((line) => line.replace(/\r$/, '').match(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g).map((cell) => unquoted(cell.replace(/,$/, ''))));
}
