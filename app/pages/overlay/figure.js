// @ts-check
// A figure that rolls like a counter of wheels. Only the wheels' transforms and opacities move; the digits stand in
// the style sheet, so that the element's text is the plain number for tests and screen readers. It asks for frames
// only while it rolls.

import { el, setText } from "./dom.js";
import { digitCount, ROLL_TAU_S, rollAt, rollTo, stepRoll, wheelPlaces } from "./motion.js";

/** @typedef {import("./frames.js").FrameLoop} FrameLoop */
/** @typedef {{element: HTMLElement, separator: HTMLElement|null, strip: HTMLElement, drawn: string, shown: number}} Wheel */

/** Line height of a wheel, as in figure.css. */
const LINE_EM = 1.1;

/**
 * Make or take away wheels until there are `count`.
 * @param {HTMLElement} parent
 * @param {Wheel[]} wheels
 * @param {number} count
 */
function mountWheels(parent, wheels, count) {
  while (wheels.length < count) {
    const index = wheels.length;
    const strip = el("span.strip");
    const wheel = el("span.wheel", {}, [strip]);
    const separator = index > 0 && index % 3 === 0 ? el("span.separator") : null;
    if (separator) parent.prepend(separator);
    parent.prepend(wheel);
    wheels.push({ element: wheel, separator, strip, drawn: "", shown: -1 });
  }
  for (const wheel of wheels.splice(count)) {
    wheel.element.remove();
    wheel.separator?.remove();
  }
}

/**
 * @param {FrameLoop} loop
 * @param {{testid?: string, pace?: "live"|"grand"}} [marks]
 */
export function figureElement(loop, marks = {}) {
  const text = el("span.figure-text");
  const wheelsElement = el("span.wheels");
  const element = el("span.figure", marks, [text, wheelsElement]);
  /** Units first. @type {Wheel[]} */
  const wheels = [];
  const tau_s = ROLL_TAU_S[marks.pace ?? "live"];
  let roll = rollAt(0);

  function draw() {
    const places = wheelPlaces(roll.at, wheels.length);
    wheels.forEach((wheel, index) => {
      const { place, shown } = places[index];
      const drawn = `translateY(${(-place * LINE_EM).toFixed(3)}em)`;
      if (drawn !== wheel.drawn) wheel.strip.style.transform = wheel.drawn = drawn;
      if (shown === wheel.shown) return;
      wheel.shown = shown;
      wheel.element.style.opacity = String(shown);
      if (wheel.separator) wheel.separator.style.opacity = String(shown);
    });
  }

  /** @param {number} passed_s */
  function move(passed_s) {
    roll = stepRoll(roll, passed_s, tau_s);
    draw();
    return roll.at !== roll.target;
  }

  return {
    element,
    /**
     * @param {number} value
     * @param {boolean} atOnce
     */
    set(value, atOnce) {
      setText(text, String(value));
      if (!atOnce && value === roll.target) return;
      const back = value < roll.target;
      roll = atOnce || back ? rollAt(value) : rollTo(roll, value);
      mountWheels(wheelsElement, wheels, digitCount(value));
      if (roll.at === value) draw();
      else loop.move(move);
    },
    /** Where the next roll starts. @param {number} value */
    from(value) {
      roll = rollAt(value);
    },
    get digits() {
      return wheels.length;
    },
  };
}

/** @typedef {ReturnType<typeof figureElement>} Figure */
