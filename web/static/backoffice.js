// Makes the back office more comfortable; every page works without it.

const POLL_EVERY_MS = 5000;

/** Asks again and again while somebody looks, until the answer is no longer ours to read. */
function poll(url, seen) {
  let isAsking = false;
  const ask = async () => {
    if (isAsking || document.visibilityState !== 'visible') return;
    isAsking = true;
    try {
      const response = await fetch(url, { headers: { accept: 'application/json' } });
      if (response.status === 401) clearInterval(timer);
      if (response.ok) seen(await response.json(), () => clearInterval(timer));
    } catch {
      // The network may be back the next time.
    } finally {
      isAsking = false;
    }
  };
  const timer = setInterval(ask, POLL_EVERY_MS);
  document.addEventListener('visibilitychange', ask);
}

/** New payments are announced; the lines stay where they are. */
function announceNew() {
  const place = document.getElementById('news');
  if (!place) return;
  const link = place.firstElementChild;
  poll(place.dataset.url, ({ count, text }) => {
    link.hidden = count === 0;
    if (link.textContent !== text) link.textContent = text;
  });
}

/** A payment that is waiting for something shows what came, unless somebody is busy here. */
function watchPayment() {
  const place = document.getElementById('watch');
  if (!place?.dataset.url) return;
  poll(place.dataset.url, ({ seq }, stop) => {
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

/** Only a page that came over TLS may use the clipboard itself; any other one selects the text and has it copied. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copiedBySelection(text);
  }
}

function copiedBySelection(text) {
  const focused = document.activeElement;
  const field = Object.assign(document.createElement('textarea'), { value: text, readOnly: true, className: 'visually-hidden' });
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  focused?.focus();
  return isCopied;
}

/** A form that asks for money is sent once; the server takes it for one in any case. */
function sendOnce() {
  for (const form of document.querySelectorAll('form[data-once]')) {
    form.addEventListener('submit', (event) => {
      if (form.dataset.isSent) event.preventDefault();
      form.dataset.isSent = 'yes';
      form.querySelector('button:not([type=button])').setAttribute('aria-disabled', 'true');
    });
  }
  // Coming back to the page, somebody may send it again.
  addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
}

// On a narrow screen the menu is wider than it.
document.querySelector('.menu [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
announceNew();
watchPayment();
copyButtons();
sendOnce();
