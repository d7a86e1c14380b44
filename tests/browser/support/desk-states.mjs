// Every page of the back office in every state it can be in.
import { randomUUID } from 'node:crypto';
import { customer, newcomer, shop, SHOP } from './people.mjs';

const shows = (selector) => (page) => page.locator(selector).first().waitFor();

/** Signs somebody in; the same person at several pages is one sign-in. */
const deskOf = (server, account) => async (context) => {
  const page = await context.newPage();
  await page.goto(`${server.url}/backoffice/sign-in`);
  await page.locator('#email').fill(account.email);
  await page.locator('#password').fill(account.password);
  await page.locator('form .button').click();
  await shows('.desk')(page);
  await page.close();
};

/** As if it had been sent: a form whose fields the browser does not look at. */
const send = (button, then, fields = {}) => async (page) => {
  for (const [name, value] of Object.entries(fields)) await page.locator(`[name=${name}]`).fill(value);
  await page.locator('main form').evaluateAll((forms) => { for (const form of forms) form.noValidate = true; });
  await page.getByRole('button', { name: button }).click();
  await page.locator(then).first().waitFor();
};

/** Payments of all kinds, in the order in which a shop has them. */
async function sellAll(merchant, url, names) {
  const payer = await customer(url, ['good', 'limit', 'failsVerification']);
  const at = Object.fromEntries(names.map((name) => [name, { orderId: `${name}-${randomUUID().slice(0, 8)}`, amount: 36_000 }]));
  const long = '이천 도자기 머그 350 ml 두 개 세트 (선물 포장)';
  const { paymentKey } = await merchant.sell(payer, { ...at.part, orderName: long });
  await merchant.refund(paymentKey, 18_000);
  await merchant.sell(payer, { ...at.back, orderName: 'Stoneware mug' });
  await merchant.cancel(at.back.orderId);
  await merchant.sell(payer, { ...at.declined, orderName: '핸드 그라인더' }, 'limit');
  await merchant.create({ ...at.waits, orderName: 'Drip coffee', amount: 4_500 });
  await merchant.sell(payer, { ...at.paid, orderName: '원두 500 g', metadata: { table: '7', waiter: '민지' } });
  return at;
}

export async function desk(server, brief, basic) {
  await server.makePast(2_000);
  const merchant = await shop(server.url);
  const sold = await sellAll(merchant, server.url, ['part', 'back', 'declined', 'waits', 'paid']);
  const [fresh, keys] = [newcomer('새 상점'), newcomer('열쇠 가게')];
  await shop(server.url, fresh);
  await shop(server.url, keys);
  for (const one of [brief, basic]) {
    const payer = await customer(one.url, ['silent']);
    await (await shop(one.url)).sell(payer, { orderId: `doubt-${randomUUID().slice(0, 8)}`, orderName: '원두 500 g', amount: 23_000 }, 'silent');
  }
  const [alive, empty, renews] = [SHOP, fresh, keys].map((account) => deskOf(server, account));
  const [asks, decides] = [brief, basic].map((one) => deskOf(one, SHOP));
  const open = (order, then = shows('.timeline')) => async (page) => {
    await page.locator('.rows tr', { hasText: sold[order].orderId }).getByRole('link').click();
    await shows('.timeline')(page);
    await then(page);
  };
  const refund = (order, then = shows('main form')) => open(order, async (page) => {
    await page.locator('.head .button').click();
    await shows('.narrow')(page);
    await then(page);
  });
  const list = '/backoffice/payments';
  return [
    { name: 'desk-sign-in', path: '/backoffice/sign-in', before: null },
    { name: 'desk-sign-in-wrong', path: '/backoffice/sign-in', before: null, then: send(/^(Sign in|로그인)$/, '[role=alert], .wrong', { email: 'who@example.com', password: 'wrong1' }) },
    { name: 'desk-sign-up', path: '/backoffice/sign-up', before: null },
    { name: 'desk-sign-up-wrong', path: '/backoffice/sign-up', before: null, then: send(/^(Sign up|가입하기)$/, '.wrong', { name: 'x', email: 'x', password: 'x' }) },
    { name: 'desk-dashboard', path: '/backoffice/', then: shows('.chart') },
    { name: 'desk-dashboard-table', path: '/backoffice/', then: (page) => page.locator('.more summary').click() },
    { name: 'desk-dashboard-new', path: '/backoffice/', before: empty },
    { name: 'desk-dashboard-doubt', server: basic, path: '/backoffice/', before: decides, then: shows('.rows .tag-warn') },
    { name: 'desk-list', path: list, then: shows('.rows') },
    { name: 'desk-list-filtered', path: `${list}?type=cancel&sort=highest`, then: shows('.rows') },
    { name: 'desk-list-nothing', path: `${list}?name=zzz`, then: shows('.empty') },
    { name: 'desk-list-wrong', path: `${list}?startDate=2026-11-22&endDate=2026-11-21`, then: shows('.wrong') },
    { name: 'desk-list-new', path: list, before: empty, then: shows('.empty') },
    { name: 'desk-list-news', path: list, then: (page) => page.locator('[data-part=news]').evaluate((place) => { place.innerHTML = '<a class="button button-small" href="">새 결제 3건 보기</a>'; }) },
    { name: 'desk-list-doubt', server: brief, path: list, before: asks, then: shows('.rows .tag-warn') },
    { name: 'desk-payment-paid', path: list, then: open('paid') },
    { name: 'desk-payment-part', path: list, then: open('part') },
    { name: 'desk-payment-declined', path: list, then: open('declined') },
    { name: 'desk-payment-waits', path: list, then: open('waits') },
    { name: 'desk-payment-doubt', server: brief, path: list, before: asks, then: async (page) => { await page.locator('.rows .order a').click(); await shows('.timeline')(page); } },
    { name: 'desk-payment-unknown', path: `${list}/${randomUUID()}`, then: shows('.notice') },
    { name: 'desk-refund', path: list, then: refund('paid') },
    { name: 'desk-refund-wrong', path: list, then: refund('paid', send(/^(Give back|돌려주기)$/, '.wrong', { amount: '0', reason: '' })) },
    { name: 'desk-refund-done', path: list, then: refund('part', async (page) => {
      await page.locator('#amount').fill('1000');
      await page.locator('#reason').fill('잘못 보냄');
      await page.getByRole('checkbox').check();
      await page.getByRole('button', { name: /^(Give back|돌려주기)$/ }).click();
      await shows('.note-good')(page);
    }) },
    { name: 'desk-give-up', path: list, then: refund('waits') },
    { name: 'desk-doubts-none', path: '/backoffice/doubts', then: shows('.empty') },
    { name: 'desk-doubts-asked', server: brief, path: '/backoffice/doubts', before: asks, then: shows('.spinner') },
    { name: 'desk-doubts-decide', server: basic, path: '/backoffice/doubts', before: decides, then: shows('.decide') },
    { name: 'desk-doubts-wrong', server: basic, path: '/backoffice/doubts', before: decides, then: send(/^(Record the result|결과 기록)$/, '.wrong') },
    { name: 'desk-keys', path: '/backoffice/keys', before: empty, then: async (page) => { await page.locator('.reveal summary').first().click(); } },
    { name: 'desk-keys-renewed', path: '/backoffice/keys', before: renews, then: renew },
    { name: 'desk-origin-wrong', path: '/backoffice/keys', before: empty, then: send(/^(Add|추가)$/, '.wrong', { origin: 'nonsense' }) },
    { name: 'desk-profile', path: '/backoffice/profile' },
    { name: 'desk-profile-wrong', path: '/backoffice/profile', then: send(/^(Change it|비밀번호 변경)$/, '.wrong', { present: 'x', password: 'other1', again: 'other1' }) },
  ].map((place) => ({ before: alive, ...place }));
}

/** New keys beside the old ones, and two websites. */
async function renew(page) {
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: /^(Renew the keys|키 교체)$/ }).click();
  await shows('.note-good')(page);
  for (const site of ['https://shop.example.com', 'https://www.shop.example.com']) {
    await page.locator('#origin').fill(site);
    await page.locator('#origins .button').click();
    await page.locator('#origins code', { hasText: new RegExp(`^${site}$`) }).waitFor();
  }
}
