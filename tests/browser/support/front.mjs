// What stands before a server and may answer in its place: too early, with nonsense, or not at all.
import { createServer } from 'node:http';
import { once } from 'node:events';

/** Answers with one of `answers` a call while there are any, then passes calls on; `null`: hangs up. */
export async function startFront(server, answers) {
  const calls = [];
  const listener = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = answers[calls.push(request.headers) - 1];
    if (answer === null) return request.socket.destroy();
    const { status, headers, body } = answer ?? await passOn(server, request, Buffer.concat(chunks));
    response.writeHead(status, headers).end(body);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    /** The headers of all calls. */
    calls,
    stop: () => { listener.close(); listener.closeAllConnections(); },
  };
}

async function passOn(server, { method, url, headers }, body) {
  const { authorization, 'content-type': type, 'idempotency-key': key } = headers;
  const answer = await fetch(`${server.url}${url}`, { method, headers: { authorization, 'content-type': type, 'idempotency-key': key }, body });
  return { status: answer.status, headers: { 'content-type': answer.headers.get('content-type') }, body: await answer.text() };
}
