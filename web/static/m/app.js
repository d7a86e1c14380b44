// The shell: which screen shows, and who may see it.
import { announce, make, word } from './dom.js';
import * as session from './session.js';
import { account } from './account.js';
import { cards } from './cards.js';
import { cardForm } from './card-form.js';
import { detail } from './detail.js';
import { history } from './history.js';
import { home } from './home.js';
import { pay } from './pay.js';
import { scan } from './scan.js';
import { sign } from './sign.js';

/** Address, screen, title, and where the arrow leads; a screen without an arrow has the tabs. */
const SCREENS = [
  [/^$/, home, 'home'],
  [/^sign-(in|up)$/, sign, 'signIn'],
  [/^scan$/, scan, 'scan', '#/'],
  [/^pay\/([\w.-]+)$/, pay, 'pay', '#/'],
  [/^cards$/, cards, 'cards'],
  [/^cards\/new$/, cardForm, 'addCard', '#/cards'],
  [/^history$/, history, 'history'],
  [/^history\/([\w-]+)$/, detail, 'pay', '#/history'],
  [/^account$/, account, 'account'],
];

const screen = document.getElementById('screen');
let leave = () => {};
let shown = 0;

async function route() {
  const path = location.hash.replace(/^#\/?/, '');
  const isSign = /^sign-/.test(path);
  if (!session.token() && !isSign) {
    // They come back to where they were going: a payment waits.
    sessionStorage.setItem('next', location.hash);
    return location.replace('#/sign-in');
  }
  const [pattern, show, title, back] = SCREENS.find(([one]) => one.test(path)) || SCREENS[0];
  const mine = (shown += 1);
  leave();
  leave = () => {};
  frame(title, back, isSign, path);
  screen.replaceChildren(make('loading').root);
  const context = { param: pattern.exec(path)?.[1], go, isShown: () => mine === shown };
  try {
    const { root, stop } = await show(context);
    if (mine !== shown) return stop?.();
    leave = stop || leave;
    screen.replaceChildren(root);
  } catch (error) {
    if (mine === shown) fail(error);
  }
}

function frame(title, back, isSign, path) {
  const name = word(path === 'sign-up' ? 'signUp' : title);
  document.title = `${name} · Paygate`;
  const heading = document.getElementById('title');
  heading.textContent = name;
  if (shown > 1) heading.focus({ preventScroll: true });
  scrollTo(0, 0);
  announce(name);
  const arrow = document.getElementById('back');
  arrow.hidden = !back;
  if (back) arrow.href = back;
  const tabs = document.getElementById('tabs');
  tabs.hidden = Boolean(back) || isSign;
  for (const tab of tabs.children) {
    const isHere = tab.hash === `#/${path}`;
    if (isHere) tab.setAttribute('aria-current', 'page');
    else tab.removeAttribute('aria-current');
  }
}

function fail(error) {
  const { root, retry } = make('failure', { message: error.message });
  retry.addEventListener('click', route);
  screen.replaceChildren(root);
}

/** Goes to a screen, in place of the present one. */
function go(hash) {
  if (location.hash === hash) route();
  else location.replace(hash);
}

addEventListener('hashchange', route);
addEventListener('signed-out', () => {
  sessionStorage.setItem('next', location.hash);
  sessionStorage.setItem('why', 'expiredSession');
  go('#/sign-in');
});
// The switch of language reloads the page: it must come back to the same screen.
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-f=language]');
  if (link) link.href = `${link.getAttribute('href').split('#')[0]}${location.hash}`;
});
route();

// Only where the browser allows one: not on plain HTTP over a LAN. It keeps the shell, nothing else.
if (navigator.serviceWorker) {
  const { assets } = document.querySelector('.app').dataset;
  navigator.serviceWorker.register(`/m/sw.js?assets=${encodeURIComponent(assets)}`).then(({ installing, waiting, active }) => {
    // Not the one that is in charge: after a new build that is the old one, which is about to go.
    const worker = installing ?? waiting ?? active;
    const loaded = performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname);
    worker.postMessage(loaded.filter((path) => path.startsWith(assets)));
  }).catch(() => {});
}
