// Adding a card.
import { busy, make, problemOf, word } from './dom.js';
import { get, post } from './api.js';
import { cardNumber, digits, expiry, expiryIn, isPast } from './format.js';

const TYPED = '…';

export async function cardForm({ go }) {
  const isFirst = !(await get('/cards')).length;
  const { root, other, error } = make('card-form');
  const fields = root.elements;
  // The first card becomes the representative one whatever is asked.
  fields.isRepresentative.checked = isFirst;
  fields.isRepresentative.disabled = isFirst;
  reformat(fields.cardNumber, cardNumber);
  reformat(fields.expirationPeriod, expiry);
  reformat(fields.cvc, (text) => digits(text).slice(0, 4));
  fields.issuer.addEventListener('change', () => {
    other.hidden = fields.issuer.value !== TYPED;
    fields.otherIssuer.required = !other.hidden;
    if (!other.hidden) fields.otherIssuer.focus();
  });
  const { expirationPeriod } = fields;
  expirationPeriod.addEventListener('input', () => expirationPeriod.setCustomValidity(''));
  // Only now is all of it there: `12/20` may have been on its way to `12/2039`.
  expirationPeriod.addEventListener('change', () => readExpiry(expirationPeriod));

  root.addEventListener('submit', (event) => {
    event.preventDefault();
    readExpiry(expirationPeriod);
    error.textContent = problemOf(root);
    if (error.textContent) return;
    const { issuer, otherIssuer } = fields;
    busy(root.querySelector('button'), async () => {
      try {
        await post('/cards', {
          cardNumber: fields.cardNumber.value,
          expirationPeriod: expirationPeriod.value,
          cvc: fields.cvc.value,
          cardCompany: issuer.value === TYPED ? otherIssuer.value : issuer.value,
          isRepresentative: fields.isRepresentative.checked,
        });
        // A payment that waited for a card goes on.
        const next = sessionStorage.getItem('after-card') || '#/cards';
        sessionStorage.removeItem('after-card');
        go(next);
      } catch (failure) {
        error.textContent = failure.message;
      }
    });
  });
  return { root };
}

/** Writes what the field says as `MM/YY`, or lets the form ask again. */
function readExpiry(field) {
  const read = expiryIn(field.value);
  if (read) field.value = read;
  const problem = read ? isPast(read) && 'expiryPast' : field.value && 'expiryUnclear';
  field.setCustomValidity(problem ? word(problem) : '');
}

/** Formats while typing; the cursor stays behind the digit it was behind. */
function reformat(field, format) {
  field.addEventListener('input', () => {
    const before = digits(field.value.slice(0, field.selectionStart)).length;
    const isAtEnd = field.selectionStart === field.value.length;
    const written = format(field.value);
    // Where nothing changes the cursor, and what a keyboard is composing, stay as they are.
    if (written === field.value) return;
    field.value = written;
    if (isAtEnd) return;
    let at = 0;
    for (let left = before; left > 0 && at < field.value.length; at += 1) if (/\d/.test(field.value[at])) left -= 1;
    field.setSelectionRange(at, at);
  });
}
