// Keeps the shell, so that the app opens at once, and without a network says so itself. It never keeps an
// answer of the API: what a payment is, only the server knows.

const ASSETS = new URL(location).searchParams.get('assets');
const SHELL = '/m/';
/** A module is asked for with an origin, and was not when it was kept: the answer is the same. */
const WHOEVER_ASKS = { ignoreVary: true };

self.addEventListener('install', () => self.skipWaiting());

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name !== ASSETS) await caches.delete(name);
    await self.clients.claim();
  })());
});

/** The page tells what it was made of: files of this build, named by their content. */
self.addEventListener('message', (event) => {
  event.waitUntil(caches.open(ASSETS).then((cache) => cache.addAll([SHELL, ...event.data])));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (pathname.startsWith(`${ASSETS}/`)) event.respondWith(fromCache(request));
  else if (request.mode === 'navigate' && pathname === SHELL) event.respondWith(fromNetwork(request));
});

async function fromCache(request) {
  const cache = await caches.open(ASSETS);
  const kept = await cache.match(request, WHOEVER_ASKS);
  if (kept) return kept;
  const fresh = await fetch(request);
  if (fresh.ok) cache.put(request, fresh.clone());
  return fresh;
}

async function fromNetwork(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await (await caches.open(ASSETS)).match(SHELL, WHOEVER_ASKS);
    if (kept) return kept;
    throw error;
  }
}
