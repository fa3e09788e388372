// @ts-check
// Makes text fit its place: first smaller, down to a floor, then cut with an ellipsis by the style sheet. `fitScale` is
// pure; `fitText` measures for each new text, never on a frame.

const TRIES_MAX = 4;
/** Below this share of its size a name no longer reads from a sofa. */
export const SCALE_LEAST = 0.62;

/**
 * @param {number} natural width the text would take at full size
 * @param {number} available width there is
 * @param {number} [least]
 * @returns {{scale: number, cut: boolean}}
 */
export function fitScale(natural, available, least = SCALE_LEAST) {
  if (!(natural > 0) || !(available > 0) || natural <= available) return { scale: 1, cut: false };
  const scale = Math.floor((available / natural) * 100) / 100;
  return scale >= least ? { scale, cut: false } : { scale: least, cut: true };
}

/** What each element was fitted for, and whether it had to be cut. @type {WeakMap<Element, {text: string, cut: boolean}>} */
const fitted = new WeakMap();

/**
 * Write a text and fit it into its element, whose width the style sheet bounds and whose font size follows `--fit`.
 * @param {HTMLElement} element
 * @param {string} text
 * @param {number} [least]
 * @returns {boolean} whether it had to be cut
 */
export function fitText(element, text, least = SCALE_LEAST) {
  const held = fitted.get(element);
  if (held?.text === text) return held.cut;
  element.textContent = text;
  let fit = { scale: 1, cut: false };
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    element.style.setProperty("--fit", String(fit.scale));
    if (fit.cut || element.scrollWidth <= element.clientWidth + 1) break;
    // Smaller text may be given less room by its neighbours, so what came out is measured again.
    fit = fitScale(element.scrollWidth / fit.scale, element.clientWidth, least);
  }
  fitted.set(element, { text, cut: fit.cut });
  return fit.cut;
}

/** Forget what fitted, after fonts or the language changed. @param {HTMLElement} element */
export function unfit(element) {
  fitted.delete(element);
}
