export const VERSION = '1.3.1';

/** Pauses in milliseconds. Tests shorten them; nobody else should. */
export const timing = { retry: 1000, poll: 2000, hidden: 5000, watch: 700, firstByte: 8000, silence: 45000, call: 10000, giveUp: 120000 };

/** What each code says of the money, and to people. The server has some of them, too, with the same outcome. */
const CODES = {
  INVALID_REQUEST: ['none', '결제 요청이 올바르지 않습니다.', 'The payment request is not valid.'],
  NETWORK_ERROR: ['none', '결제 서버에 연결할 수 없습니다. 잠시 후 다시 시도해 주세요.', 'The payment server cannot be reached. Try again in a moment.'],
  POPUP_BLOCKED: ['none', '팝업이 차단되어 결제창을 열 수 없습니다.', 'The browser blocked the payment window.'],
  PAYMENT_IN_PROGRESS: ['none', '이미 진행 중인 다른 결제가 있습니다.', 'Another payment is open on this page.'],
  WINDOW_CLOSED: ['none', '결제창이 닫혔습니다.', 'The payment window was closed.'],
  PAYMENT_CANCELED: ['none', '결제가 취소되었습니다.', 'The payment was canceled.'],
  PAYMENT_ABORTED: ['declined', '결제가 중단되었습니다. 결제되지 않았습니다.', 'The payment was aborted. Nothing was charged.'],
  PAYMENT_EXPIRED: ['none', '결제 유효 시간이 지났습니다.', 'The payment has expired.'],
};
const TEXTS = {
  title: ['결제', 'Payment'],
  loading: ['결제창을 불러오는 중입니다…', 'Opening the payment window…'],
  close: ['닫기', 'Close'],
};
const ENDED = ['PAYMENT_CANCELED', 'PAYMENT_ABORTED', 'PAYMENT_EXPIRED'];

/** Why there is no approved payment. `outcome` says what is known about the money. */
export class PaygateError extends Error {
  constructor(code, message, more) {
    super(message);
    this.name = 'PaygateError';
    this.code = code;
    this.outcome = 'none';
    Object.assign(this, more);
  }
}

/** The payment whose window is open. A page has one at most, however many objects it makes. */
let current = null;

export function Paygate({ clientKey, baseUrl = servedFrom(), language } = {}) {
  const tag = language || document.documentElement.lang || navigator.language || '';
  const lang = tag.toLowerCase().startsWith('en') ? 'en' : 'ko';
  const spoken = (texts) => texts[lang === 'en' ? 1 : 0];
  const text = (key) => spoken(TEXTS[key]);
  const fail = (code, more) => new PaygateError(code, spoken(CODES[code].slice(1)), { outcome: CODES[code][0], ...more });
  if (!clientKey || !baseUrl) throw fail('INVALID_REQUEST');
  const api = connect(baseUrl.replace(/\/+$/, ''), clientKey, lang, fail);
  return { requestPayment: (options) => requestPayment({ api, lang, text, fail }, options || {}) };
}
Object.assign(Paygate, { PaygateError, VERSION });

/** The server that this script was loaded from. */
function servedFrom() {
  const served = /^(https?:\/\/.+)\/sdk\/v1\//.exec(import.meta.url || '');
  return served ? served[1] : '';
}

function requestPayment(kit, options) {
  const { orderId } = options;
  if (current) {
    if (current.orderId !== orderId) return Promise.reject(kit.fail('PAYMENT_IN_PROGRESS'));
    current.surface.focus();
    return current.promise;
  }
  const order = { ...options };
  let surface;
  try {
    for (const name of ['successUrl', 'failUrl']) {
      if (options[name]) order[name] = new URL(options[name], location.href).href;
    }
    // A browser lets a window be opened only in the click itself, so before anything is awaited.
    surface = openSurface(kit, order);
  } catch (error) {
    return Promise.reject(error instanceof PaygateError ? error : kit.fail('INVALID_REQUEST'));
  }
  const release = () => {
    surface.close();
    current = null;
  };
  const promise = pay(kit, order, surface, release);
  current = { orderId, surface, promise };
  promise.catch(release);
  return promise;
}

async function pay({ api, lang, fail }, order, surface, release) {
  const { orderId, amount, mode, successUrl, failUrl } = order;
  const leave = (url, query) => {
    release();
    const target = new URL(url);
    // The page's own parameters stay as they are written; those of our names are replaced.
    const isOurs = (pair) => Object.keys(query).includes(new URLSearchParams(`&${pair}`).keys().next().value);
    const kept = target.search.slice(1).split('&').filter((pair) => pair && !isOurs(pair));
    target.search = [...kept, new URLSearchParams(query)].join('&');
    location.assign(target.href);
    // The page is on its way out: nobody gets a second answer.
    return new Promise(() => {});
  };
  const created = await api.create(order);
  // Only the server knows who may frame the checkout. Where nobody may, leaving the page is the last resort.
  const isShut = surface.isFrame && !created.isEmbeddable;
  if (isShut && !(successUrl && failUrl && order.redirect !== false)) throw fail(mode === 'embedded' ? 'INVALID_REQUEST' : 'POPUP_BLOCKED');
  if (isShut || surface.leaves) return leave(created.checkoutUrl, { lang });
  surface.show(`${created.checkoutUrl}?lang=${lang}`);
  let paymentKey;
  try {
    paymentKey = await follow({ api, fail }, orderId, created, surface);
  } catch (error) {
    release();
    const { code, message } = error;
    if (!failUrl || order.redirect === false || !ENDED.includes(code)) throw error;
    return leave(failUrl, { code, message, orderId });
  }
  release();
  const result = { paymentKey, orderId, amount };
  return successUrl && order.redirect !== false ? leave(successUrl, result) : result;
}

/* Where the checkout is shown. */

function openSurface({ text, fail }, { mode = 'popup', container, successUrl, failUrl, redirect }) {
  if (mode === 'redirect' && successUrl && failUrl && redirect !== false) return { leaves: true, closed: false, focus() {}, close() {} };
  if (mode === 'embedded') return frame(text, container);
  if (mode !== 'popup') throw fail('INVALID_REQUEST');
  // Where it is blocked, a frame is the next best.
  return popup(text) || frame(text, container);
}

function popup(text) {
  const [width, height] = [460, 780];
  const left = Math.max(0, Math.round(screenX + (outerWidth - width) / 2));
  const top = Math.max(0, Math.round(screenY + (outerHeight - height) / 2));
  const opened = window.open('', 'paygate', `popup,width=${width},height=${height},left=${left},top=${top}`);
  if (!opened) return null;
  try {
    opened.document.title = text('title');
    opened.document.body.textContent = text('loading');
  } catch {
    // It shows another site still: it is about to be replaced.
  }
  return {
    window: opened,
    get closed() { return opened.closed; },
    show: (url) => { if (!opened.closed) opened.location.replace(url); },
    focus: () => opened.focus(),
    close: () => opened.close(),
  };
}

function frame(text, container) {
  const place = typeof container === 'string' ? document.querySelector(container) : container;
  const inner = Object.assign(document.createElement('iframe'), { title: text('title') });
  Object.assign(inner.style, { border: '0', width: '100%', height: place ? '680px' : '100%', display: 'block' });
  const surface = {
    isFrame: true,
    closed: false,
    get window() { return inner.contentWindow; },
    // Not before: only then it is known whether it may.
    show: (url) => { inner.src = url; open(); },
    focus: () => inner.focus(),
  };
  let open = () => place.append(inner);
  surface.close = () => { surface.closed = true; inner.remove(); };
  if (place) return surface;
  const dialog = document.createElement('dialog');
  const button = Object.assign(document.createElement('button'), { type: 'button', textContent: '✕' });
  button.setAttribute('aria-label', text('close'));
  Object.assign(dialog.style, { border: '0', padding: '0', width: '460px', height: '720px', maxWidth: '100vw', maxHeight: '100dvh', borderRadius: '16px', overflow: 'hidden' });
  Object.assign(button.style, { position: 'absolute', top: '8px', right: '8px', width: '44px', height: '44px', border: '0', background: 'none', color: 'gray', fontSize: '18px', cursor: 'pointer' });
  surface.close = () => { surface.closed = true; dialog.remove(); };
  button.onclick = dialog.onclose = surface.close;
  dialog.append(inner, button);
  open = () => { document.body.append(dialog); dialog.showModal(); };
  return surface;
}

/* What becomes of the payment. */

const isHidden = () => document.visibilityState === 'hidden';
const SLOTS = 3;

/**
 * A stream holds a connection, and over HTTP/1.1 a browser has six to a server for all pages together. Resolves with a
 * function that gives the slot back, or with nothing when other pages have them all.
 */
async function takeSlot() {
  const { locks } = navigator;
  if (!locks) return () => {};
  const take = (name) => new Promise((next) => {
    locks.request(name, { ifAvailable: true }, (lock) => (lock ? new Promise(next) : next())).catch(() => next());
  });
  for (let number = 1; number <= SLOTS; number += 1) {
    const giveBack = await take(`paygate-stream-${number}`);
    if (giveBack) return giveBack;
  }
}

/** Resolves with the payment key once the customer has approved; the shop's server confirms with it. */
function follow({ api, fail }, orderId, created, surface) {
  return new Promise((resolve, reject) => {
    const stopper = new AbortController();
    const timers = [];
    let isOver = false;
    let wake = () => {};
    let hangUp = () => {};
    let contact = performance.now();
    /** Why the last card was refused, until another one is checked. */
    let refusal;

    const settle = (done, value) => {
      if (isOver) return;
      isOver = true;
      stopper.abort();
      timers.forEach(clearInterval);
      hangUp();
      for (const [target, name, listener] of listeners) target.removeEventListener(name, listener);
      wake();
      done(value);
    };
    const pause = (ms) => new Promise((next) => {
      const timer = setTimeout(next, ms);
      wake = () => { clearTimeout(timer); next(); };
    });
    const seen = ({ status, paymentKey, failureCode }) => {
      contact = performance.now();
      const isApproved = ['IN_PROGRESS', 'DONE', 'PARTIAL_CANCELED'].includes(status);
      if (isApproved && paymentKey) settle(resolve, paymentKey);
      const code = `PAYMENT_${status}`;
      // A refusal for good brings its own reason; whoever gives up may have been refused before.
      const reason = failureCode || (status === 'ABORTED' ? undefined : refusal);
      if (ENDED.includes(code)) settle(reject, fail(code, { reason, orderId }));
    };
    const closed = (more) => settle(reject, fail('WINDOW_CLOSED', { reason: refusal, orderId, ...more }));
    const isFinalRefusal = (error) => [400, 401, 403, 404].includes(error.status);
    /** Asks for the present state; what it is, or nothing when nobody answered. */
    const sync = async () => {
      if (isOver) return;
      try {
        const state = await api.status(orderId, stopper.signal);
        seen(state);
        return state.status;
      } catch (error) {
        if (isFinalRefusal(error)) settle(reject, error);
        const isLate = performance.now() > created.deadline && performance.now() - contact > timing.giveUp;
        if (isLate) settle(reject, fail('NETWORK_ERROR', { outcome: 'unknown', orderId }));
      }
    };
    let failures = 0;
    let lastId = '';
    const onEvent = (id, event) => {
      failures = 0;
      lastId = id;
      const status = event.status.slice(8).replace(/-/g, '_').toUpperCase();
      if (!ENDED.includes(`PAYMENT_${status}`)) refusal = event.failureCode;
      seen({ ...event, status });
      // A charge tells no key. When the approval, which did, was missed, the state has it.
      if (status === 'DONE') sync();
    };
    /** Reads the stream to its end. False where this page should do without one. */
    const stream = async () => {
      const giveBack = failures < 2 && !isHidden() && await takeSlot();
      if (!giveBack || isOver || isHidden()) return giveBack && giveBack();
      const ending = new AbortController();
      hangUp = () => ending.abort();
      failures += 1;
      try {
        await api.stream(orderId, lastId, ending.signal, onEvent);
      } catch (error) {
        if (isFinalRefusal(error)) settle(reject, error);
      }
      giveBack();
      return true;
    };
    const listen = async () => {
      while (!isOver) {
        const wasRead = await stream();
        if (!wasRead) await sync();
        if (!isOver) await pause(wasRead ? timing.retry : isHidden() ? timing.hidden : timing.poll);
      }
    };
    /** A closed window is the customer's no, unless the phone is approving at this moment. */
    let unanswered = 0;
    let isAsking = false;
    const watch = async () => {
      if (!surface.closed || isAsking) return;
      isAsking = true;
      const status = await sync();
      isAsking = false;
      unanswered = status ? 0 : unanswered + 1;
      if (status === 'READY') closed();
      // Nobody could say whether the phone was approving.
      if (unanswered > 4) closed({ outcome: 'unknown' });
    };
    const refresh = () => {
      if (isHidden()) {
        failures = 0;
        return hangUp();
      }
      sync();
      wake();
    };
    /** Only a hint to look: what a message says is never believed. */
    const onMessage = (event) => {
      if (event.origin === new URL(api.base).origin && event.source === surface.window) sync();
    };
    const listeners = [[document, 'visibilitychange', refresh], [window, 'online', refresh], [window, 'message', onMessage]];
    for (const [target, name, listener] of listeners) target.addEventListener(name, listener);
    timers.push(setInterval(watch, timing.watch));
    timers.push(setTimeout(sync, Math.max(0, created.deadline - performance.now()) + timing.poll));
    // A payment that existed already may have ended: its past must not be taken for news.
    (created.isKnown ? sync() : Promise.resolve()).then(listen);
  });
}

/* The server. */

function connect(base, clientKey, lang, fail) {
  const headers = { Authorization: `Basic ${btoa(`${clientKey}:`)}`, 'Accept-Language': lang };
  const merchant = `${base}/api/v1/p/merchant`;

  /** Like fetch, but every failure is a PaygateError. */
  const send = async (url, options, signal) => {
    const timer = new AbortController();
    const timeout = setTimeout(() => timer.abort(), timing.call);
    const abort = () => timer.abort();
    if (signal) signal.addEventListener('abort', abort);
    try {
      const response = await fetch(url, { ...options, headers: { ...headers, ...options.headers }, signal: timer.signal });
      const body = await response.json();
      if (body.ok) return { data: body.data, response };
      const { code, message, outcome } = body.error;
      throw new PaygateError(code, message, { outcome, status: response.status });
    } catch (error) {
      throw error instanceof PaygateError ? error : fail('NETWORK_ERROR');
    } finally {
      clearTimeout(timeout);
      if (signal) signal.removeEventListener('abort', abort);
    }
  };

  return {
    base,
    /** The same order again is the same payment: a retry, a reload and a second tab all lead to it. */
    async create({ orderId, amount, orderName, successUrl, failUrl, metadata }) {
      const key = encodeURIComponent(String(orderId));
      const hasKey = key.length < 290;
      const post = {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...(hasKey && { 'Idempotency-Key': `order-${key}` }) },
        body: JSON.stringify({ orderId, amount, orderName, successUrl, failUrl, metadata }),
      };
      for (let left = hasKey ? 2 : 0; ; left -= 1) {
        try {
          const { data, response } = await send(merchant, post);
          const says = (name) => response.headers.get(name) === 'true';
          // How long it lives, by the server's clock: that of the device may be wrong.
          const left = Date.parse(data.expiresAt) - (Date.parse(response.headers.get('date')) || Date.now());
          return { ...data, deadline: performance.now() + left, isKnown: says('idempotent-replayed'), isEmbeddable: says('checkout-embeddable') };
        } catch (error) {
          const isPassing = !error.status || error.status === 503 || error.code === 'IDEMPOTENCY_KEY_IN_USE';
          if (!isPassing || !left) throw error;
          await new Promise((next) => setTimeout(next, timing.retry));
        }
      }
    },
    status: async (orderId, signal) =>
      (await send(`${merchant}/orders/${encodeURIComponent(orderId)}/status`, {}, signal)).data,
    /** EventSource sends no Authorization, so the stream is read by hand. */
    async stream(orderId, lastId, signal, onEvent) {
      const query = new URLSearchParams({ orderId, ...(lastId && { lastEventId: lastId }) });
      const silence = new AbortController();
      const quiet = () => silence.abort();
      let timer = setTimeout(quiet, timing.firstByte);
      signal.addEventListener('abort', quiet);
      try {
        const response = await fetch(`${merchant}/sse/connect?${query}`, { headers, signal: silence.signal, cache: 'no-store' });
        if (!response.ok) {
          const { error = {} } = await response.json().catch(() => ({}));
          throw new PaygateError(error.code || 'NETWORK_ERROR', error.message, { outcome: error.outcome, status: response.status });
        }
        const reader = response.body.getReader();
        const decoder = new TextDecoder();
        let text = '';
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          clearTimeout(timer);
          timer = setTimeout(quiet, timing.silence);
          const blocks = (text + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
          text = blocks.pop();
          for (const block of blocks) {
            const field = (name) => (new RegExp(`^${name}: ?(.*)$`, 'm').exec(block) || [])[1];
            if (field('id')) onEvent(field('id'), JSON.parse(field('data')));
          }
        }
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', quiet);
        silence.abort();
      }
    },
  };
}
