// A Paygate that does what a test says.
import { createServer } from 'node:http';

export async function startServer() {
  const server = {
    created: [], streams: [], polls: 0, queries: [],
    status: { status: 'READY' }, replayed: false, embeddable: false, life: 600_000, clock: Date.now,
    /** What a stream gets when it connects; `null` cuts it at once. */
    onStream: () => {},
    onCreate: null, onStatus: null,
  };
  const json = (response, status, body, headers = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
  server.fail = (response, status, code, message = code) =>
    json(response, status, { ok: false, code, message, error: { code, message, outcome: 'none', requestId: 'r' } });
  const http = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://host');
    let body = '';
    for await (const chunk of request) body += chunk;
    if (request.method === 'POST') {
      server.created.push({ body: JSON.parse(body), headers: request.headers });
      if (server.onCreate && server.onCreate(response, server.created.length)) return;
      const now = server.clock();
      response.setHeader('date', new Date(now).toUTCString());
      const expiresAt = new Date(now + server.life).toISOString();
      const data = { token: 't.t.t', expiresAt, checkoutUrl: `${server.base}/checkout/t.t.t` };
      return json(response, 200, { ok: true, data }, {
        'checkout-embeddable': String(server.embeddable), ...(server.replayed && { 'idempotent-replayed': 'true' }),
      });
    }
    if (url.pathname.endsWith('/status')) {
      server.polls += 1;
      if (server.onStatus && server.onStatus(response, server.polls)) return;
      return json(response, 200, { ok: true, data: { orderId: 'o', amount: 1000, ...server.status } });
    }
    server.queries.push(url.searchParams);
    const stream = {
      send: (id, name, more = {}) => {
        const data = JSON.stringify({ status: name, orderId: 'o', merchantId: 'm', ...more });
        response.write(`event: ${name}\ndata: ${data}\nid: ${id}\n\n`);
      },
      raw: (text) => response.write(text),
      cut: () => response.destroy(),
      onClose: (then) => response.on('close', then),
      refuse: (status, code) => server.fail(response, status, code),
      open: () => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('event: onopen\ndata: connect\n\n');
      },
    };
    server.streams.push(stream);
    server.onStream(stream, server.streams.length);
  });
  await new Promise((ready) => http.listen(0, '127.0.0.1', ready));
  server.base = `http://127.0.0.1:${http.address().port}`;
  server.stop = () => { http.closeAllConnections(); http.close(); };
  return server;
}
