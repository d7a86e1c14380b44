// Over HTTP/1.1 a browser has six connections to a server for all its pages together. Streams that stay open may take
// a few of them; the SDK's streams take the same slots where the shop's page is on this server.

const SLOTS = 3;

/**
 * Calls `then` with a function that gives the slot back, or with `null` when other pages hold all of them. Where the
 * browser has no locks (plain HTTP from another machine), every page that is shown gets one.
 */
export function takeSlot(then) {
  const { locks } = navigator;
  if (!locks) return then(() => {});
  const next = (number) => {
    if (number > SLOTS) return then(null);
    let isAnswered = false;
    const answer = (free) => { isAnswered = true; return free ? then(free) : next(number + 1); };
    locks.request(`paygate-stream-${number}`, { ifAvailable: true }, (lock) => (lock ? new Promise(answer) : answer(null)))
      // A page that is on its way out gets none.
      .catch(() => { if (!isAnswered) then(null); });
  };
  next(1);
}
