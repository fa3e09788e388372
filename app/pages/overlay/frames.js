// @ts-check
// Owns the page's one animation-frame loop. It runs only while something moves, and sleeps otherwise: OBS and
// CasparCG render many pages on one machine. Nothing else on the page may call requestAnimationFrame, but the
// measurement in pace.js.

/** @typedef {(passed_s: number) => boolean} Mover moves one thing on; says whether it still moves */

/**
 * @param {(callback: (time_ms: number) => void) => unknown} request requestAnimationFrame, or a fake
 */
export function frameLoop(request) {
  /** @type {Set<Mover>} */
  const movers = new Set();
  let asleep = true;
  let last_ms = 0;

  /** @param {number} time_ms */
  function frame(time_ms) {
    const passed_s = last_ms === 0 ? 1 / 60 : Math.max(0, (time_ms - last_ms) / 1000);
    last_ms = time_ms;
    for (const mover of [...movers]) if (!mover(passed_s)) movers.delete(mover);
    if (movers.size) request(frame);
    else asleep = true;
  }

  return {
    /** Run `mover` on every frame until it says that it rests. @param {Mover} mover */
    move(mover) {
      movers.add(mover);
      if (!asleep) return;
      asleep = false;
      last_ms = 0;
      request(frame);
    },
    get asleep() {
      return asleep;
    },
  };
}

/** @typedef {ReturnType<typeof frameLoop>} FrameLoop */
