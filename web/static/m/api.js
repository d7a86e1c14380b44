// The API, as this phone's customer.
import { word } from './dom.js';
import * as session from './session.js';

const TIMEOUT_MS = 12_000;

/** What the server refused, or `status` 0 when it could not be asked. */
export class Failure extends Error {
  constructor(status, code, message) {
    super(message);
    Object.assign(this, { status, code });
  }
}

export async function call(method, path, body) {
  const token = session.token();
  let response;
  let answer;
  try {
    response = await fetch(`/api/v1/p/user${path}`, {
      method,
      headers: {
        'Accept-Language': document.documentElement.lang,
        ...(token && { Authorization: `Bearer ${token}` }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    answer = await response.json();
  } catch {
    throw new Failure(0, 'NETWORK', word('offline'));
  }
  if (answer.ok) return answer.data;
  if (response.status === 401) signOut(token);
  throw new Failure(response.status, answer.error.code, answer.error.message);
}

/** Calls made at once are refused one after the other: the session may have ended already, or begun again. */
function signOut(refused) {
  if (session.token() !== refused) return;
  session.end();
  dispatchEvent(new Event('signed-out'));
}

export const get = (path, query) => call('GET', query ? `${path}?${new URLSearchParams(query)}` : path);
export const post = (path, body) => call('POST', path, body);

/** Tells the checkout who looks at it. Nothing depends on that. */
export function showThere(token) {
  const headers = { Authorization: `Bearer ${session.token()}` };
  fetch(`/checkout/${token}/scanned`, { method: 'POST', headers, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(() => {});
}

/** Whether this customer is the payer: only they may listen to it as customers. Nothing when nobody could say. */
export async function isMine({ merchantId, orderId }) {
  const token = session.token();
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const query = new URLSearchParams({ merchantId, orderId });
    const headers = { Authorization: `Bearer ${token}` };
    const response = await fetch(`/api/v1/p/user/sse/connect?${query}`, { headers, signal: stop.signal });
    if (response.status === 401) signOut(token);
    if (response.ok) return true;
    return [403, 409].includes(response.status) ? false : undefined;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}
