// Every page in every state it can be in: a name, and how to come there.
import { randomUUID } from 'node:crypto';
import { customer, shop } from './people.mjs';
import { signIn } from './test.mjs';

// A name as long as shops have them, an amount as long as it gets.
const LONG = { orderName: '이천 도자기 머그 350 ml 두 개 세트 (선물 포장)', amount: 100_000_000 };
const shows = (selector) => (page) => page.locator(selector).first().waitFor();
const isIn = (name) => shows(`#checkout[data-state=${name}]`);

/** Addresses of pages that are as they are; each `path` takes `lang` as its query. */
export async function pages(server, brief) {
  const merchant = await shop(server.url);
  const payer = await customer(server.url, ['good', 'failsVerification', 'limit']);
  const approved = async (order, card = 'good') => {
    const { token } = await merchant.create(order);
    const answer = await payer.approve(token, card).catch(() => null);
    return { token, ...answer };
  };
  const confirmed = async (card) => {
    const payment = await approved({}, card);
    await merchant.confirm(payment).catch(() => {});
    return payment;
  };
  const [ready, failed, waits, done, aborted] = await Promise.all([
    merchant.create(LONG), approved({}, 'failsVerification'), approved(), confirmed('good'), confirmed('limit'),
  ]);
  const orderId = `order-${randomUUID()}`;
  const canceled = await merchant.create({ orderId, failUrl: `${server.url}/shop/fail` });
  await merchant.cancel(orderId);
  const expired = await (await shop(brief.url)).create();
  const sold = async (product, card) => {
    const id = `${product}-${randomUUID()}`;
    const amount = { beans: 23_000, grinder: 129_000 }[product];
    const { paymentKey } = await approved({ orderId: id, amount }, card);
    return `/shop/success?paymentKey=${paymentKey}&orderId=${id}&amount=1`;
  };
  const at = ({ token }) => `/checkout/${token}`;
  const ask = async (page) => {
    await page.getByRole('button', { name: /^(Cancel payment|결제 취소)$/ }).click();
    await shows('#sure[open]')(page);
  };
  return [
    { name: 'shop', path: '/shop/' },
    { name: 'shop-problem', path: '/shop/', then: (page) => page.evaluate(() => {
      const problem = document.querySelector('#problem');
      problem.textContent = '결제창이 닫혔습니다. The payment window was closed.';
      problem.hidden = false;
    }) },
    { name: 'receipt-paid', path: await sold('grinder', 'good') },
    { name: 'receipt-declined', path: await sold('beans', 'limit') },
    { name: 'receipt-failed', path: `/shop/fail?code=PAYMENT_CANCELED&orderId=coffee-${randomUUID()}` },
    { name: 'receipt-waiting', server: brief, path: await waiting(brief), before: (context) => context.route('**/shop/success?*', hold) },
    { name: 'checkout-ready', path: at(ready), then: isIn('ready') },
    { name: 'checkout-cancel', path: at(ready), then: ask },
    { name: 'checkout-offline', path: at(ready), then: (page) => page.evaluate(() => { document.querySelector('#offline').hidden = false; }) },
    { name: 'checkout-failed', path: at(failed), then: isIn('failed') },
    { name: 'checkout-verifying', path: at(ready), then: (page) => page.evaluate(() => { document.querySelector('#checkout').dataset.state = 'verifying'; }) },
    { name: 'checkout-approved', path: at(waits), then: isIn('approved') },
    { name: 'checkout-done', path: at(done), then: isIn('done') },
    { name: 'checkout-aborted', path: at(aborted), then: isIn('aborted') },
    { name: 'checkout-canceled', path: at(canceled), then: isIn('canceled') },
    { name: 'checkout-expired', server: brief, path: at(expired), then: isIn('expired') },
    { name: 'checkout-unknown', path: '/checkout/nonsense', then: shows('.notice') },
    { name: 'front', path: '/' },
    { name: 'nothing', path: '/nothing' },
    { name: 'docs', path: '/docs/' },
    { name: 'api-docs', path: '/api-docs' },
    { name: 'api-docs-open', path: '/api-docs', then: (page) => page.locator('summary').first().click() },
  ];
}

/** A page that looks again by itself would be gone before it is looked at. */
async function hold(route) {
  const response = await route.fetch();
  const body = (await response.text()).replace(/<meta http-equiv="refresh"[^>]*>/, '');
  await route.fulfill({ response, body });
}

/** A receipt whose charge nobody answers for. */
async function waiting(server) {
  const [merchant, payer] = [await shop(server.url), await customer(server.url, ['silent'])];
  const orderId = `beans-${randomUUID()}`;
  const { token } = await merchant.create({ orderId });
  const { paymentKey } = await payer.approve(token, 'silent');
  // What is under way does not expire.
  await merchant.confirm({ orderId, paymentKey, amount: 23_000 }).catch(() => {});
  return `/shop/success?paymentKey=${paymentKey}&orderId=${orderId}&amount=1`;
}

/** Screens of the phone app: who looks, where, and what they do there. */
export async function screens(server, brief) {
  const merchant = await shop(server.url);
  const [rich, poor, newcomer] = await Promise.all([
    customer(server.url, ['good', 'failsVerification', 'limit']), customer(server.url, []), customer(server.url, ['good']),
  ]);
  const create = async (more) => (await merchant.create(more)).token;
  const paid = async (card = 'good') => {
    const token = await create();
    const approved = await rich.approve(token, card);
    await merchant.confirm(approved).catch(() => {});
    return { token, ...approved };
  };
  const token = await create(LONG);
  const done = await paid();
  await paid();
  const waits = await create();
  await rich.approve(waits, 'good');
  const aborted = await paid('limit');
  const failed = await create();
  await rich.approve(failed, 'failsVerification').catch(() => {});
  const orderId = `order-${randomUUID()}`;
  const canceled = await create({ orderId });
  await merchant.cancel(orderId);
  const expired = (await (await shop(brief.url)).create()).token;
  const late = await customer(brief.url);
  const opens = new Map([[rich, server], [poor, server], [newcomer, server], [late, brief]]
    .map(([who, at]) => [who, (context) => signIn(context, at.url, who)]));
  const has = (selector) => shows(`#screen ${selector}`);
  const press = (name, selector) => async (page) => {
    await page.getByRole('button', { name }).click();
    await shows(selector)(page);
  };
  return [
    { name: 'phone-sign-in', hash: '#/sign-in', then: has('form') },
    { name: 'phone-sign-up', hash: '#/sign-up', then: has('form') },
    { name: 'phone-sign-in-wrong', hash: '#/sign-in', then: press(/^(Sign in|로그인)$/, '#screen .error:not(:empty)') },
    { name: 'phone-home', who: rich, hash: '#/', then: has('.row') },
    { name: 'phone-home-new', who: poor, hash: '#/', then: has('.empty-panel') },
    { name: 'phone-scan', who: rich, hash: '#/scan', then: has('.blocked:not([hidden])') },
    { name: 'phone-scan-unloaded', who: rich, hash: '#/scan', then: unloaded },
    { name: 'phone-pay', who: rich, hash: `#/pay/${token}`, then: has('.number-choice') },
    { name: 'phone-pay-one-card', who: newcomer, hash: `#/pay/${token}`, then: has('.number-choice') },
    { name: 'phone-pay-no-card', who: poor, hash: `#/pay/${token}`, then: has('.empty-panel') },
    { name: 'phone-pay-cancel', who: rich, hash: `#/pay/${token}`, then: press(/^(Cancel payment|결제 취소)$/, '#ask[open]') },
    { name: 'phone-pay-wrong-number', who: rich, hash: `#/pay/${token}`, then: wrongNumber },
    { name: 'phone-pay-failed', who: rich, hash: `#/pay/${failed}`, then: has('.notice-warn:not([hidden])') },
    { name: 'phone-pay-verifying', who: rich, hash: `#/pay/${token}`, then: verifying },
    { name: 'phone-pay-approved', who: rich, hash: `#/pay/${waits}`, then: has('.badge-good') },
    { name: 'phone-pay-cancel-refused', who: rich, hash: `#/pay/${waits}`, then: refusedCancel },
    { name: 'phone-pay-done', who: rich, hash: `#/pay/${done.token}`, then: has('.badge-good') },
    { name: 'phone-pay-canceled', who: rich, hash: `#/pay/${canceled}`, then: has('.badge-quiet') },
    { name: 'phone-pay-aborted', who: rich, hash: `#/pay/${aborted.token}`, then: has('.badge-bad') },
    { name: 'phone-pay-expired', server: brief, who: late, hash: `#/pay/${expired}`, then: has('.badge-warn') },
    { name: 'phone-pay-others', who: newcomer, hash: `#/pay/${waits}`, then: has('.badge-warn') },
    { name: 'phone-pay-unreadable', who: rich, hash: '#/pay/unreadable', then: has('.badge-quiet') },
    { name: 'phone-cards', who: rich, hash: '#/cards', then: has('.card-item') },
    { name: 'phone-cards-refused', who: rich, hash: '#/cards', then: refusedChange },
    { name: 'phone-cards-none', who: poor, hash: '#/cards', then: has('.empty-panel') },
    { name: 'phone-card-form', who: rich, hash: '#/cards/new', then: has('form') },
    { name: 'phone-card-form-wrong', who: rich, hash: '#/cards/new', then: press(/^(Add card|카드 등록)$/, '#screen .error:not(:empty)') },
    { name: 'phone-history', who: rich, hash: '#/history', then: has('.row') },
    { name: 'phone-history-none', who: newcomer, hash: '#/history', then: has('.empty-panel') },
    { name: 'phone-detail', who: rich, hash: `#/history/${done.paymentKey}`, then: has('.facts') },
    { name: 'phone-account', who: rich, hash: '#/account', then: has('.facts') },
  ].map(({ who, hash, ...screen }) => ({ ...screen, path: '/m/', hash, before: opens.get(who) }));
}

/** The number that stands on the checkout of the payment on the screen. */
async function numberOf(page) {
  await page.locator('.number-choice').first().waitFor();
  return page.evaluate(async () => {
    const { matchingNumber } = await import(`${document.querySelector('.app').dataset.assets}/matching.js`);
    return String(matchingNumber(location.hash.split('/')[2]));
  });
}

async function wrongNumber(page) {
  await page.locator('.number-choice').filter({ hasNotText: await numberOf(page) }).first().click();
  await page.locator('#screen .error:not(:empty)').waitFor();
}

const refusal = (route) => route.fulfill({ status: 409, json: { ok: false, error: { code: 'CONFIRM_IN_PROGRESS', message: '결제 승인이 진행 중입니다. A confirmation is under way.' } } });
const isTold = (page) => page.locator('#screen .error:not(:empty)').waitFor();

async function refusedCancel(page) {
  await page.route('**/request/cancel', refusal);
  await page.locator('.notice .button-bare').click();
  await page.locator('#ask .button-bad').click();
  await isTold(page);
}

async function refusedChange(page) {
  await page.route('**/cards/*', refusal);
  await page.locator('.card-item .button-bare:not([hidden])').first().click();
  await isTold(page);
}

/** As if the decoder had not come. */
async function unloaded(page) {
  await page.locator('.blocked:not([hidden])').waitFor();
  await page.evaluate(() => {
    const blocked = document.querySelector('.blocked');
    blocked.querySelector('[data-f=why]').textContent = document.querySelector('#words').content.querySelector('[data-word=scanUnloaded]').textContent;
    blocked.querySelector('[data-f=again]').hidden = false;
  });
}

/** The customer has said yes, and the answer is on its way. */
async function verifying(page) {
  await page.route('**/authentication/simple', () => {});
  await page.getByRole('button', { name: await numberOf(page), exact: true }).click();
  await page.locator('#screen .button-wide:not(.button-bare)').click();
  await page.locator('.notice .spinner').waitFor();
}
