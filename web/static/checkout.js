// Keeps the checkout true: it listens to the payment, counts down, and leads back to the shop. The page
// is complete without it; the state it shows is `data-state`, the rest is a matter of style.
import { countdown } from './countdown.js';
import { markBegunHere } from './matching.js';
import { reasonText } from './reasons.js';
import { watch } from './watch.js';

const root = document.getElementById('checkout');
const { token, shopOrigin } = root.dataset;
/** The SDK's window has this name; a shop's own window may have an opener, too, which knows nothing of the payment. */
const isPopup = window.name === 'paygate';
/** The page that opened this one, or holds it in a frame: the SDK is there, and follows the payment, too. */
const opener = window.parent !== window ? window.parent : isPopup && window.opener;
const ENDED = ['done', 'canceled', 'aborted', 'expired'];
const RETURN_AFTER_MS = 4000;
/** When the stream has not told of a cancel after this long, the form is sent as without a script. */
const CANCEL_PATIENCE_MS = 2500;

let unwatch = () => {};

let offlineTimer;
function offline(isOffline) {
  const note = document.getElementById('offline');
  // A reconnection within a moment is nobody's business.
  if (isOffline) {
    offlineTimer ||= setTimeout(() => { note.hidden = false; }, 3000);
    return;
  }
  offlineTimer = clearTimeout(offlineTimer);
  note.hidden = true;
}

function show({ state, failureCode, scannedBy }) {
  if (root.dataset.state === state && !failureCode) return;
  root.dataset.state = state;
  if (scannedBy) name(scannedBy);
  for (const place of root.querySelectorAll('[data-reason]')) place.textContent = reasonText(failureCode);
  tellOpener();
  settle(true);
  announce();
}

const name = (who) => { for (const place of root.querySelectorAll('[data-scanned]')) place.textContent = who; };

/** Somebody has it on a phone, and has not approved yet. */
function scanned(who) {
  name(who);
  root.classList.add('is-scanned');
  announce();
}

function announce() {
  const section = [...root.querySelectorAll('.state')].find((one) => one.dataset.for.split(' ').includes(root.dataset.state));
  document.getElementById('announcer').textContent = [...section.querySelectorAll('h2, p')]
    .filter((one) => one.offsetParent && getComputedStyle(one).visibility === 'visible').map((one) => one.textContent).join(' ');
}

/** A hint to look, nothing else; the SDK asks the server. */
function tellOpener() {
  if (opener && shopOrigin) opener.postMessage('paygate:state', shopOrigin);
}

/** What follows when nothing more is asked of the customer here. */
function settle(isNews) {
  const { state } = root.dataset;
  if (ENDED.includes(state)) {
    unwatch();
    offline(false);
  }
  const back = document.getElementById('return');
  if (!back?.dataset.for.split(' ').includes(state)) return;
  if (opener) {
    // The SDK closes this window. If its page is gone, the customer needs the way back.
    back.hidden = true;
    setTimeout(() => { back.hidden = false; }, RETURN_AFTER_MS);
    return;
  }
  const leave = () => location.replace(back.href);
  if (state === 'approved' || (isNews && ['done', 'canceled'].includes(state))) leave();
  else if (isNews && ENDED.includes(state)) setTimeout(leave, RETURN_AFTER_MS);
}

function askBeforeCancel() {
  const form = document.getElementById('cancel');
  const sure = document.getElementById('sure');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    sure.returnValue = '';
    sure.showModal();
  });
  sure.addEventListener('close', async () => {
    if (sure.returnValue !== 'yes') return;
    // The stream tells what became of it. Were the form sent instead, two ways out of the page would race.
    await fetch(form.action, { method: 'POST', redirect: 'manual' }).catch(() => {});
    setTimeout(() => { if (root.dataset.state === 'ready') form.submit(); }, CANCEL_PATIENCE_MS);
  });
}

markBegunHere(token);
const place = document.getElementById('countdown');
const clock = countdown(place, place.parentElement);
clock.set(Number(root.dataset.remaining) * 1000);
askBeforeCancel();
settle(false);
if (!ENDED.includes(root.dataset.state)) {
  unwatch = watch(token, {
    lastId: root.dataset.seq, onState: show, onScan: scanned, onClock: clock.set, onContact: (isThere) => offline(!isThere),
  });
}
// A page that comes back from the browser's memory may be long out of date.
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
