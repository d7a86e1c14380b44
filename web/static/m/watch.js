// A payment as it happens. The checkout's stream needs no more than the token, so it can be watched
// before anybody owns the payment; the browser reconnects it by itself.
import { STATES } from '../states.js';

const RETRY_MS = 2000;

/** Calls `onState(state, failureCode)` with the present state, and whenever it changes. Returns how to stop. */
export function watch(token, onState) {
  let source;
  let timer;
  let pending;
  const tell = () => { timer = null; onState(...pending); };
  const listen = () => {
    source = new EventSource(`/checkout/${token}/events`);
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) timer = setTimeout(listen, RETRY_MS); };
    for (const [name, state] of Object.entries(STATES)) {
      source.addEventListener(name, (event) => {
        const { failureCode } = JSON.parse(event.data);
        pending = [state === 'ready' && failureCode ? 'failed' : state, failureCode];
        // The past comes at once: only where it has led to matters.
        timer ||= setTimeout(tell, 60);
      });
    }
  };
  const wake = () => {
    if (document.visibilityState === 'visible' && source.readyState === EventSource.CLOSED) listen();
  };
  listen();
  document.addEventListener('visibilitychange', wake);
  return () => {
    clearTimeout(timer);
    source.close();
    document.removeEventListener('visibilitychange', wake);
  };
}
