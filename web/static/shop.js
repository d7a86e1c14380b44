// The shop's page: it asks for the payment and lets the SDK do the rest. Without this script each button
// sends its form, and the shop's server does the same.

const shop = document.querySelector('#shop');
const problem = document.querySelector('#problem');
const { clientKey, base } = shop.dataset;

async function buy(button) {
  const { orderId, amount, name } = button.dataset;
  problem.hidden = true;
  button.setAttribute('aria-busy', 'true');
  try {
    await Paygate({ clientKey, baseUrl: base }).requestPayment({
      orderId,
      amount: Number(amount),
      orderName: name,
      successUrl: '/shop/success',
      failUrl: '/shop/fail',
      mode: new URLSearchParams(location.search).get('mode') ?? 'popup',
    });
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  } finally {
    button.removeAttribute('aria-busy');
  }
}

shop.addEventListener('submit', (event) => {
  event.preventDefault();
  buy(event.submitter ?? event.target.querySelector('button'));
});
