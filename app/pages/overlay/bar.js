// @ts-check
// The PK bar: two colours whose common edge moves on a spring, by transform alone.

import { el } from "./dom.js";
import { springAt, springRests, stepSpring } from "./motion.js";

/** A tenth of a pixel at 1920. */
const STILL = 0.0001;

/** @param {import("./frames.js").FrameLoop} loop */
export function barElement(loop) {
  const left = el("div.bar-left");
  const edge = el("div.bar-edge", {}, [el("div.bar-glint")]);
  const element = el("div.bar", {}, [el("div.bar-right"), left, edge]);
  let spring = springAt(0.5);

  function draw() {
    left.style.transform = `scaleX(${spring.at.toFixed(5)})`;
    edge.style.transform = `translateX(${(spring.at * 100).toFixed(3)}%)`;
  }

  /** @param {number} passed_s */
  function move(passed_s) {
    spring = stepSpring(spring, passed_s, STILL);
    draw();
    return !springRests(spring);
  }

  draw();
  return {
    element,
    /** @param {number} share of the left side, 0 to 1 @param {boolean} atOnce */
    set(share, atOnce) {
      if (atOnce) {
        spring = springAt(share);
        return draw();
      }
      if (share === spring.target) return;
      spring = { ...spring, target: share };
      loop.move(move);
    },
  };
}

/** @typedef {ReturnType<typeof barElement>} Bar */
