// Ways through a page without a pointer.
import { expect } from '@playwright/test';

const STEPS = 40;

/** Presses Tab until `target` has the focus, and that can be seen. */
export async function tabTo(page, target) {
  for (let step = 0; step < STEPS; step += 1) {
    await page.keyboard.press('Tab');
    if (await target.evaluate((one) => one === document.activeElement)) break;
  }
  await expect(target).toBeFocused();
  const outline = await target.evaluate((one) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(one);
    return outlineStyle === 'none' ? 0 : parseFloat(outlineWidth);
  });
  expect(outline, 'the focus can be seen').toBeGreaterThanOrEqual(2);
}

export const press = async (page, target, key = 'Enter') => {
  await tabTo(page, target);
  await page.keyboard.press(key);
};
