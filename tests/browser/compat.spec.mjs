// A shop of the older SDK, as it stands in the wild: it calls, waits for an address, and catches nothing.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { approve, expect, linkOn, loaded, test } from './support/test.mjs';

/** Its page; where it is led to, it says only that it is there. */
const page = (sdk, apiKey, orderId) => `<!doctype html><meta charset="utf-8"><title>Shop</title>
<script src="${sdk}"></script>
<button>Pay</button>
<script>
  const sdk = pay200SDK({ apiKey: '${apiKey}' });
  document.querySelector('button').onclick = () => sdk.requestPayment({
    amount: 15000, orderId: '${orderId}', orderName: '드립 커피', successUrl: location.origin + '/ok?shop=1', failUrl: location.origin + '/no',
  });
</script>`;

test.describe('a shop of the older SDK', () => {
  let shop;

  test.beforeEach(async ({ server, people }) => {
    const { key } = await people.shop();
    const orderId = `older-${Date.now()}`;
    const listener = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(request.url === '/' ? page(`${server.url}/sdk/v1/compat.js`, key, orderId) : '<!doctype html><title>There</title><link rel="icon" href="data:,">');
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    shop = { orderId, url: `http://127.0.0.1:${listener.address().port}`, stop: () => { listener.close(); listener.closeAllConnections(); } };
  });

  test.afterEach(() => shop.stop());

  const pay = async (page) => {
    const opened = page.waitForEvent('popup');
    await page.getByRole('button', { name: 'Pay' }).click();
    return loaded(await opened);
  };

  test('goes to its successUrl with what its server confirms with', async ({ page, phone, people }) => {
    await page.goto(shop.url);
    const checkout = await pay(page);
    const app = await phone(await people.customer());
    await app.goto(await linkOn(checkout));
    await approve(app, checkout);
    await page.waitForURL(`${shop.url}/ok?*`);
    const { paymentKey, ...rest } = Object.fromEntries(new URL(page.url()).searchParams);
    expect(rest).toEqual({ shop: '1', orderId: shop.orderId, amount: '15000' });
    const merchant = await people.shop();
    await merchant.confirm({ paymentKey, orderId: shop.orderId, amount: 15_000 });
    expect(await merchant.order(shop.orderId)).toMatchObject({ status: 'DONE' });
  });

  test('goes to its failUrl with the code', async ({ page, people }) => {
    await page.goto(shop.url);
    await pay(page);
    await (await people.shop()).cancel(shop.orderId);
    await page.waitForURL(`${shop.url}/no?*`);
    const told = Object.fromEntries(new URL(page.url()).searchParams);
    expect(told).toEqual({ code: 'PAYMENT_CANCELED', message: 'The payment was canceled.', orderId: shop.orderId });
  });

  test('stays where it is when the window is closed, without an error, and can ask again', async ({ page }) => {
    await page.goto(shop.url);
    const warned = page.waitForEvent('console', (message) => message.type() === 'warning');
    await (await pay(page)).close();
    expect((await warned).text()).toBe('WINDOW_CLOSED: The payment window was closed.');
    expect(page.url()).toBe(`${shop.url}/`);
    await expect((await pay(page)).getByText('₩15,000')).toBeVisible();
  });
});
