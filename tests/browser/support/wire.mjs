// The wire between a browser and a server, which can be cut, and led to another server.
import { connect, createServer } from 'node:net';
import { once } from 'node:events';

export async function startWire(server) {
  const open = new Set();
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
    up: () => { isDown = false; },
    stop: () => { cut(); listener.close(); },
  };
}
