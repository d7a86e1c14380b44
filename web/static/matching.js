// The number a customer compares. `src/pages/matching.rs` computes the same, and says what it is for.

function fnv1a(text) {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

export const matchingNumber = (token) => 10 + (fnv1a(token) % 90);

const KEY = 'paygate.began-here';

/** Remembers that the checkout of this payment stands on this device: then there is nothing to compare. */
export function markBegunHere(token) {
  try {
    localStorage.setItem(KEY, String(fnv1a(token)));
  } catch {
    // Storage may be forbidden in a frame: the phone asks for the number then.
  }
}

export function isBegunHere(token) {
  try {
    return localStorage.getItem(KEY) === String(fnv1a(token));
  } catch {
    return false;
  }
}
