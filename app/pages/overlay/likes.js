// @ts-check
// A heart with its count: it beats when likes rise, and a few small hearts fly up. The hearts are made once and flown
// again, so that a flood of likes makes no flood of elements.

import { el, icon } from "./dom.js";
import { figureElement } from "./figure.js";

const FLYERS = 6;
const FLY_MS = 1300;
const BEAT_MS = 360;

/**
 * @param {import("./frames.js").FrameLoop} loop
 * @param {{testid?: string}} [marks]
 */
export function likesElement(loop, marks = {}) {
  const figure = figureElement(loop, marks);
  const heart = el("span.heart", {}, [icon("heart")]);
  const flyers = Array.from({ length: FLYERS }, () => el("span.flyer", {}, [icon("heart")]));
  const element = el("div.likes", {}, [heart, el("span.flyers", {}, flyers), figure.element]);
  let likes = 0;
  let turn = 0;
  /** @type {Animation|null} */
  let beat = null;
  /** @type {(Animation|null)[]} */
  const flights = flyers.map(() => null);

  function beats() {
    if (beat && beat.playState === "running") return;
    beat = heart.animate(
      { transform: ["scale(1)", "scale(1.34)", "scale(0.95)", "scale(1)"], offset: [0, 0.3, 0.65, 1] },
      { duration: BEAT_MS, easing: "ease-out" },
    );
  }

  /** @param {number} count */
  function fly(count) {
    for (let flown = 0; flown < count; flown += 1) {
      const index = turn % FLYERS;
      if (flights[index]?.playState === "running") return;
      // Spread by the turn, not by chance: neighbours never fly the same way.
      const sway = ((turn * 7) % 5) * 11 - 22;
      const rise = 96 + ((turn * 3) % 4) * 14;
      turn += 1;
      flights[index] = flyers[index].animate(
        [
          { transform: "translate(0, 0) scale(0.4)", opacity: 0 },
          { transform: `translate(${sway * 0.5}px, ${-rise * 0.3}px) scale(1)`, opacity: 1, offset: 0.2 },
          { transform: `translate(${sway}px, ${-rise}px) scale(0.8)`, opacity: 0 },
        ],
        { duration: FLY_MS, easing: "cubic-bezier(.2,.6,.4,1)", delay: flown * 110 },
      );
    }
  }

  return {
    element,
    /** @param {number} value @param {boolean} atOnce */
    set(value, atOnce) {
      const risen = value - likes;
      likes = value;
      figure.set(value, atOnce);
      if (atOnce || risen <= 0) return;
      beats();
      fly(Math.min(3, 1 + Math.floor(risen / 20)));
    },
    /** @param {number} value */
    from(value) {
      figure.from(value);
    },
  };
}

/** @typedef {ReturnType<typeof likesElement>} Likes */
