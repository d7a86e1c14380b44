// Adding a card.
import { busy, make, problemOf, word } from './dom.js';
import { get, post } from './api.js';
import { cardNumber, expiry, isExpiry } from './format.js';

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
  reformat(fields.cvc, (text) => text.replace(/\D/g, ''));
  fields.issuer.addEventListener('change', () => {
    other.hidden = fields.issuer.value !== TYPED;
    fields.otherIssuer.required = !other.hidden;
    if (!other.hidden) fields.otherIssuer.focus();
  });
  fields.expirationPeriod.addEventListener('input', () => {
    const { value } = fields.expirationPeriod;
    fields.expirationPeriod.setCustomValidity(!value || isExpiry(value) ? '' : word('expiryPast'));
  });

  root.addEventListener('submit', (event) => {
    event.preventDefault();
    error.textContent = problemOf(root);
    if (error.textContent) return;
    const { issuer, otherIssuer } = fields;
    busy(root.querySelector('button'), async () => {
      try {
        await post('/cards', {
          cardNumber: fields.cardNumber.value,
          expirationPeriod: fields.expirationPeriod.value,
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

/** Formats while typing; the cursor stays behind the digit it was behind. */
function reformat(field, format) {
  field.addEventListener('input', () => {
    const digits = field.value.slice(0, field.selectionStart).replace(/\D/g, '').length;
    const isAtEnd = field.selectionStart === field.value.length;
    field.value = format(field.value);
    if (isAtEnd) return;
    let at = 0;
    for (let left = digits; left > 0 && at < field.value.length; at += 1) if (/\d/.test(field.value[at])) left -= 1;
    field.setSelectionRange(at, at);
  });
}
