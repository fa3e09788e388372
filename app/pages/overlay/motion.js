// @ts-check
// The arithmetic of movement: a spring for the middle of the bar, a roll for figures, the place of each digit of a
// rolling figure. Pure: (motion, time passed) → motion. Times in seconds.

/** @typedef {{at: number, speed: number, target: number}} Spring */
/** `span_from`: how far it was when it set out. @typedef {{at: number, target: number, span_from: number}} Roll */

/** A frame that came late moves things no further than this, so that nothing leaps after a stall. */
export const FRAME_S_MAX = 0.064;
const SUBSTEP_S = 1 / 240;
const STIFFNESS = 110;
/** A little under critical: one small overshoot, then still. */
const DAMPING = 15;
/** A figure only closes in, so a late frame may take it far: what counts must not stand wrong for long. */
const ROLL_FRAME_S_MAX = 0.3;
/** How fast a figure closes in. @type {Readonly<Record<"live"|"grand", number>>} */
export const ROLL_TAU_S = Object.freeze({ live: 0.16, grand: 0.34 });

/** @param {number} at @returns {Spring} */
export function springAt(at) {
  return { at, speed: 0, target: at };
}

/**
 * @param {Spring} spring
 * @param {number} passed_s
 * @param {number} still what counts as arrived, in the unit of `at`
 * @returns {Spring} at its target exactly once it has arrived
 */
export function stepSpring(spring, passed_s, still) {
  let { at, speed } = spring;
  for (let left = Math.min(passed_s, FRAME_S_MAX); left > 1e-9; left -= SUBSTEP_S) {
    const step = Math.min(SUBSTEP_S, left);
    speed += ((spring.target - at) * STIFFNESS - speed * DAMPING) * step;
    at += speed * step;
  }
  const arrived = Math.abs(spring.target - at) < still && Math.abs(speed) < still * 8;
  return arrived ? { at: spring.target, speed: 0, target: spring.target } : { ...spring, at, speed };
}

/** @param {Spring} spring */
export function springRests(spring) {
  return spring.at === spring.target && spring.speed === 0;
}

/** @param {number} at @returns {Roll} */
export function rollAt(at) {
  return { at, target: at, span_from: 0 };
}

/** @param {Roll} roll @param {number} target @returns {Roll} */
export function rollTo(roll, target) {
  return { at: roll.at, target, span_from: Math.max(0, target - roll.at) };
}

/**
 * Let a figure run up to its target. A smaller target is another run or a correction: it is taken at once, because
 * a figure that runs backwards reads as votes being lost.
 * @param {Roll} roll
 * @param {number} passed_s
 * @param {number} [tau_s]
 * @returns {Roll}
 */
export function stepRoll(roll, passed_s, tau_s = ROLL_TAU_S.live) {
  if (roll.target <= roll.at) return rollAt(roll.target);
  const step_s = Math.min(passed_s, ROLL_FRAME_S_MAX);
  // The exponential alone would creep over the last part: a least speed ends it.
  const least = Math.max(6, (roll.span_from * 0.04) / tau_s) * step_s;
  const at = roll.at + Math.max((roll.target - roll.at) * (1 - Math.exp(-step_s / tau_s)), least);
  return at >= roll.target - 0.004 ? rollAt(roll.target) : { ...roll, at };
}

/**
 * Say where the wheel of each digit stands, units first. A wheel turns only while the one below it passes from 9 to 0,
 * as in a counter made of wheels. `place` is 0 to below 10; `shown` fades in a new leading digit.
 * @param {number} value from 0
 * @param {number} count how many wheels
 * @returns {{place: number, shown: number}[]}
 */
export function wheelPlaces(value, count) {
  /** @type {{place: number, shown: number}[]} */
  const places = [];
  let below = 0;
  for (let index = 0; index < count; index += 1) {
    const size = 10 ** index;
    const whole = Math.floor(value / size);
    const turn = index === 0 ? value - whole : Math.max(0, below - 9);
    const place = (whole % 10) + turn;
    places.push({ place, shown: index === 0 || whole > 0 ? 1 : turn });
    below = place;
  }
  return places;
}

/** @param {number} value a whole number from 0 @returns {number} how many digits it has */
export function digitCount(value) {
  return String(Math.max(0, Math.floor(value))).length;
}
