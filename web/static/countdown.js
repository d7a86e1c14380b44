// The time that is left, counted from what the server says: the device's clock may be wrong.

const TICK_MS = 1000;
const two = (number) => String(number).padStart(2, '0');

/** Writes into `place`; `line` is marked in the last minute. Nothing shows before the first `set`. */
export function countdown(place, line) {
  let deadline;
  const tick = () => {
    if (deadline === undefined) return;
    const left = Math.max(0, Math.round((deadline - performance.now()) / 1000));
    place.textContent = `${two(Math.floor(left / 60))}:${two(left % 60)}`;
    line.classList.toggle('is-short', left <= 60);
  };
  const timer = setInterval(tick, TICK_MS);
  return {
    set: (remainingMs) => { deadline = performance.now() + remainingMs; tick(); },
    stop: () => clearInterval(timer),
  };
}
