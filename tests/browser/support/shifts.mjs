// What moves on a page without being asked to.

/** As much as the eye forgives: a quarter of what is called good. */
export const MOST_SHIFT = 0.02;

/** Adds it up; runs in the page, before anything else. */
export function noteShifts() {
  window.shift = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) window.shift += value;
  }).observe({ type: 'layout-shift', buffered: true });
}

/** After everything is loaded and drawn. */
export const shiftOf = (page) => page.evaluate(async () => {
  if (document.readyState !== 'complete') await new Promise((loaded) => addEventListener('load', loaded));
  await document.fonts.ready;
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  return window.shift;
});
