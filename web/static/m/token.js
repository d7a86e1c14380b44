// The token of a payment: what a QR code, an address or a pasted text leads to.

const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** The token in `text`: the deep link, a checkout's address, or the token itself. */
export function findToken(text) {
  const trimmed = text.trim();
  if (TOKEN.test(trimmed)) return trimmed;
  try {
    const url = new URL(trimmed);
    const inPath = /\/(?:checkout|pay)\/([^/?#]+)/.exec(url.pathname + url.hash);
    const token = url.searchParams.get('token') || inPath?.[1];
    return TOKEN.test(token) ? token : null;
  } catch {
    return null;
  }
}

/** What the token says of its payment. It is shown, never trusted: the server reads it again. */
export function readToken(token) {
  try {
    const payload = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(payload), (char) => char.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return Number.isInteger(claims.amount) ? claims : null;
  } catch {
    return null;
  }
}
