// Makes the back office more comfortable; every page works without it.
import { copied } from './copy.js';

const POLL_EVERY_S = 5;

/** Asks again and again while somebody looks, until the answer is no longer ours to read. */
function poll(url, seen, everyS = POLL_EVERY_S) {
  const over = new AbortController();
  const { signal } = over;
  let isAsking = false;
  const ask = async () => {
    if (isAsking || document.visibilityState !== 'visible') return;
    isAsking = true;
    try {
      const response = await fetch(url, { redirect: 'manual', signal });
      if (response.ok) await seen(response, () => over.abort());
      // A redirect (its status is 0) or a refusal stays what it is; a server that is ill may be well the next time.
      else if (response.status < 500) over.abort();
    } catch {
      // The network may be back the next time.
    } finally {
      isAsking = false;
    }
  };
  const timer = setInterval(ask, everyS * 1000);
  document.addEventListener('visibilitychange', ask, { signal });
  signal.addEventListener('abort', () => clearInterval(timer));
}

/** The marked parts of the page become what the server says that they are now. */
function followParts() {
  const place = document.querySelector('[data-live]');
  if (!place) return;
  poll(place.dataset.live, async (response) => {
    const now = new DOMParser().parseFromString(await response.text(), 'text/html');
    for (const fresh of now.querySelectorAll('[data-part]')) {
      const shown = document.querySelector(`[data-part="${fresh.dataset.part}"]`);
      if (shown && shown.innerHTML !== fresh.innerHTML) follow(shown, fresh);
    }
  }, place.dataset.everyS);
}

/** Nothing is taken from under somebody's hands: it changes the next time, or is announced where it is a form. */
function follow(shown, fresh) {
  const fields = [...shown.querySelectorAll('input, textarea')];
  const isTyped = fields.some((field) => field.checked !== field.defaultChecked || field.value !== field.defaultValue);
  const isBusy = shown.contains(document.activeElement) || (!getSelection().isCollapsed && getSelection().containsNode(shown, true));
  if (!isTyped && !isBusy) shown.replaceChildren(...fresh.childNodes);
  else if (fields.length) document.getElementById('changed')?.removeAttribute('hidden');
}

/** A payment that is waiting for something shows what came, unless somebody is busy here. */
function watchPayment() {
  const place = document.getElementById('watch');
  if (!place?.dataset.url) return;
  poll(place.dataset.url, async (response, stop) => {
    const { seq } = await response.json();
    if (String(seq) === place.dataset.seq) return;
    stop();
    if (getSelection().isCollapsed && scrollY < 200) location.reload();
    else place.firstElementChild.hidden = false;
  });
}

function copyButtons() {
  for (const button of document.querySelectorAll('[data-copy]')) {
    const text = button.textContent;
    button.hidden = false;
    button.addEventListener('click', async () => {
      const { copy, done, failed } = button.dataset;
      button.textContent = await copied(copy) ? done : failed;
      setTimeout(() => { button.textContent = text; }, 2000);
    });
  }
}

/** A form that asks for money is sent once; the server takes it for one in any case. */
function sendOnce() {
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (!form.matches('[data-once]')) return;
    if (form.dataset.isSent) event.preventDefault();
    form.dataset.isSent = 'yes';
    form.querySelector('button:not([type=button])').setAttribute('aria-disabled', 'true');
  });
  // Coming back to the page, somebody may send it again.
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
}

// On a narrow screen the menu is wider than it.
document.querySelector('.menu [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
followParts();
watchPayment();
copyButtons();
sendOnce();
