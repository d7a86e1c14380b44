// A payment as it happens, for the checkout and the phone. The stream needs no more than the token, so it can
// be watched before anybody owns the payment. A page that is not shown holds no stream, and catches up when it is.
import { takeSlot } from './slots.js';

/** What the events of a payment mean to whoever pays. */
const STATES = {
  'payment-ready': 'ready',
  'payment-in-verificate': 'verifying',
  'payment-in-progress': 'approved',
  'payment-done': 'done',
  'payment-partial-canceled': 'done',
  'payment-canceled': 'canceled',
  'payment-aborted': 'aborted',
  'payment-expired': 'expired',
};
const RETRY_MS = 2000;
const TIMEOUT_MS = 12_000;
/** The past comes at once: only where it has led to matters. */
const SETTLE_MS = 60;
/** How often a page looks that has to do without a stream of its own. */
const LOOK_MS = 2500;
/** A timer this late has slept with its device. */
const ASLEEP_MS = 15_000;
const BEAT_MS = 5000;

/**
 * Calls `onState({ state, failureCode, scannedBy })` with what has happened after event `lastId`, and whenever
 * something happens; `onScan` when somebody looks at it on a phone; `onClock` with the milliseconds that are left to
 * pay; `onContact` when the stream breaks and when it is there again; `onUnknown`, and nothing more, when there is no
 * such payment. Returns how to stop.
 */
export function watch(token, { lastId = 0, onState, onScan, onClock = () => {}, onContact = () => {}, onUnknown }) {
  const address = `/checkout/${token}/events`;
  let seen = Number(lastId);
  let source;
  let giveSlotBack;
  let retrying;
  let telling;
  let news;
  let turn = 0;
  let beatAt = Date.now();

  const tell = () => { telling = null; onState(news); };
  const hear = ({ type, lastEventId, data }) => {
    // A browser that connects again by itself asks for the same address, so for what it has had already.
    if (Number(lastEventId) <= seen) return;
    seen = Number(lastEventId);
    const { failureCode, scannedBy } = JSON.parse(data);
    const state = STATES[type] === 'ready' && failureCode ? 'failed' : STATES[type];
    news = { state, failureCode, scannedBy };
    telling ||= setTimeout(tell, SETTLE_MS);
  };
  const hangUp = () => {
    turn += 1;
    clearTimeout(retrying);
    source?.close();
    source = null;
    giveSlotBack?.();
    giveSlotBack = null;
  };
  const listenIn = (ms) => {
    clearTimeout(retrying);
    retrying = setTimeout(listen, ms);
  };
  /** Hangs up first: a stream that died with its network, or while the device slept, looks as if it were open. */
  const listen = () => {
    hangUp();
    if (document.visibilityState !== 'visible') return;
    const mine = turn;
    takeSlot((giveBack) => {
      if (mine !== turn) return giveBack?.();
      giveSlotBack = giveBack;
      open(!giveBack);
    });
  };
  const open = (isLook) => {
    source = new EventSource(`${address}?lastEventId=${seen}`);
    source.onopen = () => onContact(true);
    source.onerror = () => {
      onContact(false);
      // The browser tries again by itself, unless it was refused.
      if (source.readyState === EventSource.CLOSED) onRefusal();
    };
    for (const name of Object.keys(STATES)) source.addEventListener(name, hear);
    // It comes after the past.
    source.addEventListener('payment-clock', ({ data }) => {
      onClock(JSON.parse(data).remainingMs);
      if (!isLook) return;
      hangUp();
      listenIn(LOOK_MS);
    });
    if (onScan) source.addEventListener('payment-scanned', ({ data }) => onScan(JSON.parse(data).scannedBy));
  };
  const onRefusal = async () => {
    const refused = source;
    const isOver = onUnknown && await isUnknown(address);
    // Meanwhile nobody watches any more, or a new stream does.
    if (source !== refused) return;
    if (!isOver) return listenIn(RETRY_MS);
    stop();
    onUnknown();
  };
  const beating = setInterval(() => {
    const now = Date.now();
    if (now - beatAt > ASLEEP_MS) listen();
    beatAt = now;
  }, BEAT_MS);
  const stop = () => {
    hangUp();
    clearTimeout(telling);
    clearInterval(beating);
    document.removeEventListener('visibilitychange', listen);
    removeEventListener('online', listen);
  };
  document.addEventListener('visibilitychange', listen);
  addEventListener('online', listen);
  listen();
  return stop;
}

/** Why a stream was refused, the browser does not tell. */
async function isUnknown(address) {
  try {
    const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    response.body?.cancel();
    return [400, 401, 404].includes(response.status);
  } catch {
    return false;
  }
}
