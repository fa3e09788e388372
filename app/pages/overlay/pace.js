// @ts-check
// Measures frames a second for the heartbeat: a short burst of empty frames every few seconds, so that a still page
// costs nothing in between.

const FRAMES = 12;
/** A hidden source gets no frames: then the answer is 0. */
const PATIENCE_MS = 1500;

/** @param {readonly number[]} times_ms of successive frames @returns {number} frames a second, 0 for fewer than two */
export function framesPerSecond(times_ms) {
  if (times_ms.length < 2) return 0;
  const passed_ms = times_ms[times_ms.length - 1] - times_ms[0];
  return passed_ms > 0 ? Math.round(((times_ms.length - 1) * 1000) / passed_ms) : 0;
}

/** @returns {Promise<number>} */
export function measurePace() {
  return new Promise((resolve) => {
    /** @type {number[]} */
    const times_ms = [];
    const timer = setTimeout(() => resolve(framesPerSecond(times_ms)), PATIENCE_MS);
    /** @param {number} time_ms */
    function frame(time_ms) {
      times_ms.push(time_ms);
      if (times_ms.length <= FRAMES) return requestAnimationFrame(frame);
      clearTimeout(timer);
      return resolve(framesPerSecond(times_ms));
    }
    requestAnimationFrame(frame);
  });
}
