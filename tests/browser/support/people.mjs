// The people of a test, over the API: what they do there is not what the test looks at.
import { randomUUID } from 'node:crypto';

const PASSWORD = 'paygate1';
/** The demo customer, whom the demo shop names. */
export const CUSTOMER = { email: 'customer@example.com', password: PASSWORD };
/** The demo shop, whose back office has a past where a server was started with one. */
export const SHOP = { email: 'shop@example.com', password: PASSWORD };
/** Sandbox cards, by what they do. */
export const CARDS = {
  good: ['9999-0000-0000-0002', '신한'],
  other: ['9999-0000-0000-0003', '현대'],
  failsVerification: ['9999-0000-0000-0101', '삼성'],
  limit: ['9999-0000-0000-0103', '하나'],
  silent: ['9999-0000-0000-0202', 'NH'],
  chargesSilently: ['9999-0000-0000-0203', '씨티'],
};

async function call(url, method, headers, body) {
  const response = await fetch(url, {
    method, headers: { 'content-type': 'application/json', 'accept-language': 'en', ...headers }, body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!answer.ok) throw Object.assign(new Error(`${method} ${url}: ${answer.code}`), { code: answer.code });
  return answer.data;
}

/** A customer with cards; `null`: the demo customer. */
export async function customer(url, cards = ['good']) {
  const user = `${url}/api/v1/p/user`;
  const who = cards ? { email: `minji-${randomUUID().slice(0, 8)}@example.com`, password: PASSWORD } : CUSTOMER;
  if (cards) await call(`${user}/sign-up`, 'POST', {}, who);
  const { accessToken } = await call(`${user}/sign-in`, 'POST', {}, who);
  const as = (method, path, body) => call(`${user}${path}`, method, { authorization: `Bearer ${accessToken}` }, body);
  const person = {
    accessToken, ...who, cards: {},
    approve: (token, card) => as('POST', '/authentication/simple', { token, cardId: person.cards[card] }),
  };
  for (const name of cards || []) {
    const [cardNumber, cardCompany] = CARDS[name];
    const card = { cardNumber, cardCompany, expirationPeriod: '12/39', cvc: '000', isRepresentative: name === cards[0] };
    person.cards[name] = (await as('POST', '/cards', card)).id;
  }
  return person;
}

/** A shop that nobody has seen yet. */
export const newcomer = (name = 'Corner shop') => ({ email: `${randomUUID()}@example.com`, password: PASSWORD, name });

/** A shop's server: the demo shop's, or that of an account, which is made when it has a name. */
export async function shop(url, account = SHOP) {
  const desk = `${url}/api/backoffice/v1`;
  if (account.name) await call(`${desk}/sign-up`, 'POST', {}, account);
  const { email, password } = account;
  const { accessToken } = await call(`${desk}/sign-in`, 'POST', {}, { email, password });
  const bearer = { authorization: `Bearer ${accessToken}` };
  const { apiKey } = account.name ? await call(`${desk}/keys`, 'POST', bearer, {}) : await call(`${desk}/my-key`, 'GET', bearer);
  return shopWith(url, apiKey);
}

/** A shop's server that knows nothing but its key. */
export function shopWith(url, key) {
  const as = (method, path, body) =>
    call(`${url}/api/v1/p/merchant${path}`, method, { authorization: `Basic ${btoa(`${key}:`)}` }, body);
  const merchant = {
    key,
    create: (order = {}) => as('POST', '', { orderId: `order-${randomUUID()}`, orderName: '원두 500 g', amount: 23_000, ...order }),
    confirm: (body) => as('POST', '/confirm', body),
    order: (orderId) => as('GET', `/orders/${orderId}`),
    cancel: (orderId) => as('POST', `/orders/${orderId}/cancel`, {}),
    refund: (paymentKey, amount, reason = '한 개 반품') => as('POST', `/payments/${paymentKey}/cancel`, { amount, reason }),
    /** A payment from its beginning to its charge; what went wrong with the charge is `code`. */
    sell: async (payer, order, card = 'good') => {
      const { token } = await merchant.create(order);
      const approved = await payer.approve(token, card);
      const refused = await merchant.confirm(approved).then(() => ({}), ({ code }) => ({ code }));
      return { token, ...approved, ...refused };
    },
  };
  return merchant;
}
