// Confirms a payment with Node 18 or newer, without a dependency.
//
//   PAYGATE_URL=http://127.0.0.1:8080 PAYGATE_SECRET_KEY=… node confirm.mjs
//
// Send the SDK's successUrl to http://localhost:3000/success.
import { createServer } from 'node:http';

const { PAYGATE_URL = 'http://127.0.0.1:8080', PAYGATE_SECRET_KEY, PORT = 3000 } = process.env;

/** What your shop knows about its orders. Never take the amount from the address of the page. */
const orders = new Map(Object.entries(JSON.parse(process.env.ORDERS || '{"demo-1":15000}')));

/** The same payment is being confirmed at this moment: by this call, sent before, or by another. */
const UNDER_WAY = ['IDEMPOTENCY_KEY_IN_USE', 'CONFIRM_IN_PROGRESS'];

/** Charges the card. Resolves with the payment, or throws what the server said. */
export async function confirm({ paymentKey, orderId, amount }) {
  const request = {
    method: 'POST',
    headers: {
      Authorization: `Basic ${Buffer.from(`${PAYGATE_SECRET_KEY}:`).toString('base64')}`,
      'Content-Type': 'application/json',
      // The same key for the same payment: however often this is sent, it is charged once.
      'Idempotency-Key': `confirm-${paymentKey}`,
    },
    body: JSON.stringify({ paymentKey, orderId, amount }),
  };
  let last;
  for (let attempt = 0; attempt < 20; attempt += 1) {
    let wait = 3;
    try {
      const response = await fetch(`${PAYGATE_URL}/api/v1/p/merchant/confirm`, { ...request, signal: AbortSignal.timeout(15_000) });
      wait = Number(response.headers.get('retry-after')) || wait;
      const body = await response.json();
      if (body.ok) return body.data;
      last = body.error;
      // Not known yet, or busy: the same call is sent again. Everything else is final.
      if (response.status < 500 && response.status !== 429 && !UNDER_WAY.includes(last.code)) break;
    } catch (error) {
      last = { code: 'NETWORK_ERROR', outcome: 'unknown', message: error.message };
    }
    await new Promise((next) => setTimeout(next, wait * 1000));
  }
  throw last;
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname !== '/success') return response.writeHead(404).end();
  const { paymentKey, orderId } = Object.fromEntries(url.searchParams);
  const answer = (status, body) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  if (!orders.has(orderId)) return answer(404, { code: 'NO_SUCH_ORDER' });
  try {
    answer(200, await confirm({ paymentKey, orderId, amount: orders.get(orderId) }));
  } catch (error) {
    answer(402, error);
  }
}).listen(PORT, () => console.log(`http://localhost:${server.address().port}/success`));
