// A shop in its back office: its keys, its payments, its money.
import { expect, test } from './support/test.mjs';
import { go, ordersOn, readKey, signInAt, signUpAt } from './support/desk.mjs';
import { press, tabTo } from './support/keys.mjs';
import { newcomer, shop, shopWith } from './support/people.mjs';

test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

test('a new shop: sign up, take the keys, sell, give a part back', async ({ page, server, people }) => {
  await signUpAt(page, server.url, newcomer('Corner shop'));
  await expect(page.getByRole('heading', { name: 'Getting started' })).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: 'API keys' }).click();
  await page.getByRole('button', { name: 'Issue keys' }).click();
  const merchant = shopWith(server.url, await readKey(page, 'Secret key'));
  const ann = await people.customer();
  const order = { orderId: `mug-${Date.now()}`, orderName: 'Stoneware mug', amount: 18_000 };
  await merchant.sell(ann, order);

  await go(page, 'Dashboard');
  await expect(page.locator('.stat-main').first()).toContainText('₩18,000');
  await page.getByRole('link', { name: 'Stoneware mug' }).click();
  await expect(page.getByText(ann.email).first()).toBeVisible();
  const timeline = page.locator('.timeline');
  await expect(timeline.locator('.moment')).not.toHaveCount(0);
  await expect(page.locator('.card').last()).toContainText('WebhooksNone yet. Follow the payment by its events (SSE), or ask GET');
  const before = await timeline.locator('.moment').count();

  await page.getByRole('link', { name: 'Refund' }).click();
  await expect(page.getByLabel('Amount to give back')).toHaveValue('18,000');
  await page.getByLabel('Amount to give back').fill('5000');
  await page.getByLabel('Reason', { exact: true }).fill('One mug came broken');
  // Without a yes nothing is sent.
  await page.getByRole('button', { name: 'Give back' }).click();
  await expect(page.getByRole('checkbox')).toBeFocused();
  expect(await merchant.order(order.orderId)).toMatchObject({ status: 'DONE', balanceAmount: 18_000 });
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Give back' }).click();
  await expect(page.getByRole('status').filter({ hasText: '₩5,000 was given back.' })).toBeVisible();

  await expect(page.locator('.tag').first()).toHaveText('Partly refunded');
  await expect(page.locator('.facts')).toContainText('Left₩13,000');
  await expect(page.locator('.moves')).toContainText('One mug came broken');
  await expect(timeline).toContainText('One mug came broken');
  expect(await timeline.locator('.moment').count()).toBeGreaterThan(before);
  // What was sent is not sent again by a reload, or by going back.
  await page.reload();
  await page.goBack();
  expect(await merchant.order(order.orderId)).toMatchObject({ status: 'PARTIAL_CANCELED', balanceAmount: 13_000 });
  await go(page, 'Dashboard');
  await expect(page.locator('.stat-main').first()).toContainText('₩13,000');
});

test('more than is left cannot be given back, and the form keeps what was typed', async ({ page, server, people, watch }) => {
  watch.allow(/status of 4\d\d .*refund/);
  const owner = newcomer();
  const merchant = await shop(server.url, owner);
  await merchant.sell(await people.customer(), { orderId: `big-${Date.now()}`, orderName: 'Grinder', amount: 9_000 });
  await signInAt(page, server.url, owner);
  await page.getByRole('link', { name: 'Grinder' }).click();
  await page.getByRole('link', { name: 'Refund' }).click();
  await page.getByLabel('Amount to give back').fill('9001');
  await page.getByLabel('Reason', { exact: true }).fill('Too much');
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Give back' }).click();
  await expect(page.getByRole('alert').or(page.locator('.wrong')).first()).toBeVisible();
  await expect(page.getByLabel('Amount to give back')).toHaveValue('9001');
  await expect(page.getByLabel('Reason', { exact: true })).toHaveValue('Too much');
});

test('a new payment is announced while the list is on the screen', async ({ page, server, people }) => {
  const owner = newcomer();
  const merchant = await shop(server.url, owner);
  await signInAt(page, server.url, owner);
  await go(page, 'Payments');
  await expect(page.getByRole('heading', { name: 'No payments yet.' })).toBeVisible();
  const payer = await people.customer();
  await merchant.sell(payer, { orderId: 'first', orderName: 'First sale', amount: 1_000 });
  await page.getByRole('link', { name: 'Show 1 new' }).click();
  await expect(page.getByRole('link', { name: 'First sale' })).toBeVisible();
  await expect(page.getByRole('link', { name: /^Show \d+ new$/ })).toHaveCount(0);
  // The lines stay where they are until somebody asks for the new ones.
  await merchant.sell(payer, { orderId: 'second', orderName: 'Second sale', amount: 2_000 });
  const news = page.getByRole('link', { name: 'Show 1 new' });
  await expect(news).toBeVisible();
  expect(await ordersOn(page)).toEqual(['first']);
  await news.click();
  await expect(page.getByRole('link', { name: 'Second sale' })).toBeVisible();
  expect(await ordersOn(page)).toEqual(['second', 'first']);
});

test('the lines of the list follow their payments, and the numbers of the dashboard, too', async ({ page, server, people }) => {
  const owner = newcomer();
  const [merchant, payer] = [await shop(server.url, owner), await people.customer()];
  const { token } = await merchant.create({ orderId: 'line', orderName: 'Slow sale', amount: 3_000 });
  await signInAt(page, server.url, owner);
  const dashboard = await page.context().newPage();
  await dashboard.goto(`${server.url}/backoffice/`);
  await expect(dashboard.locator('.stat-main').first()).toContainText('₩0');
  await go(page, 'Payments');
  const line = page.locator('.rows tbody tr');
  await expect(line.locator('.tag')).toHaveText('Waiting');
  const approved = await payer.approve(token, 'good');
  await merchant.confirm(approved);
  await expect(line.locator('.tag')).toHaveText('Paid');
  await expect(line.locator('.customer')).toHaveText(payer.email);
  await merchant.refund(approved.paymentKey, 1_000);
  await expect(line.locator('.money')).toContainText('−₩1,000');
  // Where somebody is, nothing is taken away: the line waits.
  const link = page.getByRole('link', { name: 'Slow sale' });
  await link.focus();
  await merchant.refund(approved.paymentKey, 500);
  // What the first of two answers said has been seen to when the second comes.
  for (let i = 0; i < 2; i += 1) await page.waitForResponse(/news\?/);
  await expect(link).toBeFocused();
  expect(await line.locator('.money').textContent()).toContain('−₩1,000');
  await link.blur();
  await expect(line.locator('.money')).toContainText('−₩1,500');
  // Once a minute, and whenever somebody comes back to it.
  await dashboard.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await expect(dashboard.locator('.stat-main').first()).toContainText('₩1,500');
  await expect(dashboard.locator('[data-part=recent]')).toContainText('Partly refunded');
});

test('a page asks no more once the session is over, or when it is hidden', async ({ page, server, watch }) => {
  watch.allow(/status of 4\d\d .*news/);
  const owner = newcomer();
  await shop(server.url, owner);
  await page.clock.install();
  await signInAt(page, server.url, owner);
  await go(page, 'Payments');
  await expect(page.getByRole('heading', { name: 'Payments', exact: true })).toBeVisible();
  let asked = 0;
  page.on('request', (request) => { asked += request.url().includes('/news?') ? 1 : 0; });
  const wait = async () => {
    await page.clock.runFor(5_000);
    // What was asked has been answered when a later request has.
    await page.evaluate(() => fetch('/healthz'));
    return asked;
  };
  expect(await wait()).toBe(1);
  await page.evaluate(() => Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true }));
  expect(await wait()).toBe(1);
  await page.evaluate(() => { delete document.visibilityState; });
  expect(await wait()).toBe(2);
  await page.context().clearCookies();
  expect(await wait()).toBe(3);
  for (let i = 0; i < 3; i += 1) await wait();
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  expect(await wait()).toBe(3);
});

test('who is signed in stands below the menu, however tall the page', async ({ page, server }) => {
  await page.setViewportSize({ width: 1440, height: 2400 });
  await signUpAt(page, server.url, newcomer());
  const [menu, who] = [await page.locator('.menu').boundingBox(), await page.locator('.who').boundingBox()];
  expect(who.y - (menu.y + menu.height)).toBeLessThan(60);
  expect(who.y).toBeGreaterThanOrEqual(menu.y + menu.height);
});

test('a payment that goes on shows what comes, by itself', async ({ page, server, people }) => {
  const owner = newcomer();
  const merchant = await shop(server.url, owner);
  const [order, payer] = [{ orderId: 'slow', orderName: 'Slow sale', amount: 3_000 }, await people.customer()];
  const { token } = await merchant.create(order);
  await signInAt(page, server.url, owner);
  await page.getByRole('link', { name: 'Slow sale' }).click();
  await expect(page.locator('.tag').first()).toHaveText('Waiting');
  await merchant.confirm(await payer.approve(token, 'good'));
  await expect(page.locator('.tag').first()).toHaveText('Paid');
  await expect(page.getByRole('link', { name: 'Refund' })).toBeVisible();
});

test('a shop sees nothing of another shop', async ({ page, browser, server, people, watch }) => {
  watch.allow(/status of 404/);
  const [owner, other] = [newcomer('Mine'), newcomer('Theirs')];
  const merchant = await shop(server.url, owner);
  await merchant.sell(await people.customer(), { orderId: 'secret', orderName: 'Secret sale', amount: 7_000 });
  await signInAt(page, server.url, owner);
  await page.getByRole('link', { name: 'Secret sale' }).click();
  await expect(page.getByRole('heading', { name: 'Secret sale' })).toBeVisible();
  const address = page.url();

  const context = watch.over(await browser.newContext({ locale: 'en-US' }));
  const theirs = await context.newPage();
  await signUpAt(theirs, server.url, other);
  for (const path of [address, `${address}/refund`, `${address}/seq`]) {
    const answer = await theirs.goto(path);
    expect(answer.status(), path).toBe(404);
    expect(await answer.text()).not.toContain('Secret sale');
  }
  await theirs.goto(`${server.url}/backoffice/payments`);
  await expect(theirs.getByText('Secret sale')).toHaveCount(0);
  await context.close();
});

test('signing out closes the door behind one', async ({ page, server }) => {
  const owner = newcomer();
  await signUpAt(page, server.url, owner);
  await go(page, 'API keys');
  await expect(page.getByRole('heading', { name: 'API keys' })).toBeVisible();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('status')).toHaveText('You are signed out.');
  // Neither the way back nor the address shows anything any more; signing in leads to where one wanted to go.
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Sign in to the back office' })).toBeVisible();
  await page.goto(`${server.url}/backoffice/profile`);
  await page.getByLabel('E-mail').fill(owner.email);
  await page.getByLabel('Password').fill(owner.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Account' })).toBeVisible();
});

test('a wrong password is told, and says nothing of the account', async ({ page, server, watch }) => {
  watch.allow(/status of 400 .*sign-in/);
  const owner = newcomer();
  await shop(server.url, owner);
  await page.goto(`${server.url}/backoffice/sign-in?lang=en`);
  const told = [];
  for (const email of [owner.email, newcomer().email]) {
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill('not-my-password-1');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
    await expect(page.getByLabel('E-mail')).toHaveValue(email);
    await expect(page.getByLabel('Password')).toHaveValue('');
    told.push(await page.getByRole('alert').textContent());
  }
  expect(told[0]).toMatch(/password/i);
  expect(told[1]).toBe(told[0]);
});

test('sign in and give money back without a pointer', async ({ page, server, people }) => {
  const owner = newcomer();
  const merchant = await shop(server.url, owner);
  await merchant.sell(await people.customer(), { orderId: 'keys', orderName: 'Keyboard', amount: 50_000 });
  await page.goto(`${server.url}/backoffice/sign-in?lang=en`);
  await tabTo(page, page.getByLabel('E-mail'));
  await page.keyboard.type(owner.email);
  await tabTo(page, page.getByLabel('Password'));
  await page.keyboard.type(owner.password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();

  // The menu can be skipped.
  await press(page, page.getByRole('link', { name: 'Skip to content' }));
  await expect(page.getByRole('main')).toBeFocused();
  const row = page.getByRole('link', { name: 'Keyboard' });
  for (let step = 0; step < 20 && !(await row.evaluate((one) => one === document.activeElement)); step += 1) await page.keyboard.press('Tab');
  await expect(row).toBeFocused();
  await page.keyboard.press('Enter');
  await press(page, page.getByRole('link', { name: 'Refund' }));
  await tabTo(page, page.getByLabel('Amount to give back'));
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('20000');
  await tabTo(page, page.getByLabel('Reason', { exact: true }));
  await page.keyboard.type('One of two');
  await tabTo(page, page.getByRole('checkbox'));
  await page.keyboard.press('Space');
  await press(page, page.getByRole('button', { name: 'Give back' }));
  await expect(page.getByRole('status').filter({ hasText: '₩20,000 was given back.' })).toBeVisible();
  expect(await merchant.order('keys')).toMatchObject({ balanceAmount: 30_000 });
});
