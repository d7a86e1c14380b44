// Why a payment failed, in the language of the page; empty when the code is none we know.
export function reasonText(code) {
  const known = document.getElementById('reasons').content.querySelector(`[data-code="${CSS.escape(code || '')}"]`);
  return known ? known.textContent : '';
}
