// The wire between a browser and a server, or a server and the card network, which can be cut.
import { connect, createServer } from 'node:net';
import { once } from 'node:events';

export async function startWire(server) {
  const open = new Set();
  const awaited = [];
  /** What was asked last over a connection, and its other end. */
  const said = new WeakMap();
  let isDown = false;
  const listener = createServer((near) => {
    if (isDown) return near.destroy();
    const far = connect(server.port, '127.0.0.1');
    for (const [end, other] of [[near, far], [far, near]]) {
      open.add(end);
      end.on('error', () => {});
      end.on('close', () => { open.delete(end); other.destroy(); });
      end.pipe(other);
    }
    near.on('data', (bytes) => {
      said.set(near, [bytes, far]);
      for (const { text, heard } of awaited) if (bytes.includes(text)) heard();
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const cut = () => { for (const end of open) end.destroy(); };
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    /** Ends every connection; the next one is served. */
    cut,
    /** Ends every connection and takes no other, until `up`. */
    down: () => { isDown = true; cut(); },
    /** Takes no other connection, until `up`; those that are open stay so. */
    refuse: () => { isDown = true; },
    /** Connections that wait for the answer to this stay open, and nothing comes over them any more. */
    silence: (text) => {
      for (const near of open) {
        const [bytes, far] = said.get(near) ?? [];
        if (bytes?.includes(text)) far.unpipe(near).resume();
      }
    },
    /** Until somebody has sent this over the wire. */
    hears: (text) => new Promise((heard) => { awaited.push({ text, heard }); }),
    up: () => { isDown = false; },
    stop: () => { cut(); listener.close(); },
  };
}
