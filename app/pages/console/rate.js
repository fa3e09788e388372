// @ts-check
// Likes a second over the last few seconds, from the cumulative counts the tallies bring. Pure.

const WINDOW_MS = 4000;

/** @typedef {{run: string, points: {at_ms: number, likes: number}[]}} Rate */

/** @type {Rate} */
export const NO_RATE = Object.freeze({ run: "", points: [] });

/**
 * Take one more count. Another run starts anew; an older document changes nothing.
 * @param {Rate} rate
 * @param {{run: string, at_ms: number, likes: number}} seen
 * @returns {Rate}
 */
export function observe(rate, { run, at_ms, likes }) {
  if (rate.run !== run) return { run, points: [{ at_ms, likes }] };
  const last = rate.points[rate.points.length - 1];
  if (last !== undefined && at_ms <= last.at_ms) return rate;
  const kept = rate.points.filter((point, index) => {
    const after = rate.points[index + 1];
    // The last point before the window stays: the window's edge is measured from it.
    return at_ms - point.at_ms <= WINDOW_MS || (after !== undefined && at_ms - after.at_ms < WINDOW_MS);
  });
  return { run, points: [...kept, { at_ms, likes }] };
}

/**
 * @param {Rate} rate
 * @param {number} nowMs
 * @returns {number} rounded to whole likes a second
 */
export function perSecond(rate, nowMs) {
  const first = rate.points[0];
  const last = rate.points[rate.points.length - 1];
  if (first === undefined || last === undefined || first === last) return 0;
  // Quiet since the last tally counts as time without likes, or the figure would stand still at the last burst.
  const span = Math.max(nowMs, last.at_ms) - first.at_ms;
  if (nowMs - last.at_ms > WINDOW_MS || span <= 0) return 0;
  return Math.round(((last.likes - first.likes) * 1000) / Math.max(span, 1000));
}
