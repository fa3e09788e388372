// @ts-check
// From the report's seconds to the lines of a chart and the rows of its table. Pure: no DOM. Times are Unix milliseconds.
// A long session is drawn in wider steps; a step's value is always likes per second, so that sessions compare.

/** @typedef {{at_ms: number, round?: number, likes: Record<string, number>, votes: number}} Second */
/** @typedef {{at_ms: number, rate: Map<string, number>}} Step */
/** @typedef {{from_ms: number, to_ms: number, number: number, title: string}} Band */

/** No finer than a pixel or so: more points than this are not seen. */
const POINTS_MAX = 600;
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600];
/** How much of a quiet stretch between rounds is kept on the axis. */
export const GAP_KEPT_MS = 15_000;

/**
 * The stretches of time that are drawn: each round from its first to its last second, near ones joined.
 * Minutes of talk between two rounds would otherwise press the rounds to slivers.
 * @param {readonly Second[]} timeline
 * @returns {{from_ms: number, to_ms: number}[]}
 */
export function stretches(timeline) {
  const times = timeline.map((second) => second.at_ms).sort((a, b) => a - b);
  /** @type {{from_ms: number, to_ms: number}[]} */
  const found = [];
  for (const at of times) {
    const last = found[found.length - 1];
    if (last !== undefined && at - last.to_ms <= GAP_KEPT_MS * 2) last.to_ms = Math.max(last.to_ms, at + 1000);
    else found.push({ from_ms: at, to_ms: at + 1000 });
  }
  return found;
}

/**
 * @param {readonly {from_ms: number, to_ms: number}[]} shown
 * @returns {number} seconds in one step
 */
export function stepSeconds(shown) {
  const seconds = shown.reduce((sum, stretch) => sum + (stretch.to_ms - stretch.from_ms) / 1000, 0);
  return STEPS_S.find((step) => seconds / step <= POINTS_MAX) ?? 86_400;
}

/**
 * Likes per second of each side, step by step through one stretch; a second nobody liked in counts as 0.
 * @param {readonly Second[]} timeline
 * @param {{from_ms: number, to_ms: number}} stretch
 * @param {number} stepS
 * @param {readonly string[]} keys
 * @returns {Step[]}
 */
export function steps(timeline, stretch, stepS, keys) {
  const stepMs = stepS * 1000;
  const count = Math.ceil((stretch.to_ms - stretch.from_ms) / stepMs);
  const found = Array.from({ length: count }, (_, index) => ({
    at_ms: stretch.from_ms + index * stepMs, rate: new Map(keys.map((key) => [key, 0])),
  }));
  for (const second of timeline) {
    const step = found[Math.floor((second.at_ms - stretch.from_ms) / stepMs)];
    if (step === undefined || second.at_ms < stretch.from_ms || second.at_ms >= stretch.to_ms) continue;
    // The last step may be cut short by the stretch's end.
    const spanS = Math.min(stepS, (stretch.to_ms - step.at_ms) / 1000);
    for (const key of keys) step.rate.set(key, (step.rate.get(key) ?? 0) + (second.likes[key] ?? 0) / spanS);
  }
  return found;
}

/**
 * A round scale: the least of 1, 2, 5 times a power of ten that holds the value in at most `parts` parts.
 * @param {number} most
 * @param {number} [parts]
 * @returns {number[]} from 0 upwards
 */
export function ticks(most, parts = 4) {
  if (!(most > 0)) return [0, 1];
  const rough = most / parts;
  const power = 10 ** Math.floor(Math.log10(rough));
  const size = Math.max(1, [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? 1);
  return Array.from({ length: Math.ceil(most / size) + 1 }, (_, index) => index * size);
}

/**
 * @typedef {object} Geometry
 * @property {Map<string, string[]>} lines for each side, an SVG path for each stretch
 * @property {{x: number, width: number, number: number, title: string}[]} bands the rounds
 * @property {{x: number, at_ms: number}[]} marks of time
 * @property {{y: number, value: number}[]} levels
 * @property {number[]} breaks where time is left out
 * @property {{x: number, y: number}|null} peak
 * @property {number} step_s
 */

/**
 * Lay the chart out in a box of `width` by `height`.
 * @param {readonly Second[]} timeline
 * @param {readonly string[]} keys
 * @param {readonly Band[]} rounds
 * @param {{width: number, height: number, peak_at_ms?: number|null}} box
 * @returns {Geometry}
 */
export function layOut(timeline, keys, rounds, { width, height, peak_at_ms = null }) {
  const shown = stretches(timeline);
  const step_s = stepSeconds(shown);
  const places = placeOf(shown, width);
  const rows = shown.map((stretch) => steps(timeline, stretch, step_s, keys));
  const most = rows.flat().reduce((top, step) => Math.max(top, ...step.rate.values()), 0);
  const levels = ticks(most);
  const top = levels[levels.length - 1] ?? 1;
  const y = (/** @type {number} */ value) => round1(height - (value / top) * height);
  /** @type {Map<string, string[]>} */
  const lines = new Map(keys.map((key) => [key, rows.map((part) => path(part, key, places, y, step_s * 1000))]));
  const bands = rounds.flatMap(({ from_ms, to_ms, number, title }) => {
    const x = places.x(from_ms);
    return [{ x, width: Math.max(2, round1(places.x(to_ms) - x)), number, title }];
  });
  const peakStep = peak_at_ms === null ? undefined : rows.flat().filter((step) => step.at_ms <= peak_at_ms).pop();
  const peak = peakStep === undefined || peak_at_ms === null ? null
    : { x: places.x(peakStep.at_ms + step_s * 500), y: y(Math.max(...peakStep.rate.values())) };
  return {
    lines, bands, peak, step_s, breaks: places.breaks, marks: timeMarks(shown, places.x),
    levels: levels.map((value) => ({ value, y: y(value) })),
  };
}

/**
 * Map a time to its place on an axis that leaves out what lies between the stretches.
 * @param {readonly {from_ms: number, to_ms: number}[]} shown
 * @param {number} width
 */
function placeOf(shown, width) {
  const gap = shown.length > 1 ? Math.min(24, (width * 0.2) / (shown.length - 1)) : 0;
  const whole = shown.reduce((sum, stretch) => sum + stretch.to_ms - stretch.from_ms, 0);
  const scale = whole === 0 ? 0 : (width - gap * (shown.length - 1)) / whole;
  let start = 0;
  const parts = shown.map((stretch) => {
    const part = { ...stretch, start };
    start += (stretch.to_ms - stretch.from_ms) * scale + gap;
    return part;
  });
  /** @param {number} at @returns {number} */
  const x = (at) => {
    let found = 0;
    for (const part of parts) {
      if (at >= part.from_ms) found = part.start + (Math.min(at, part.to_ms) - part.from_ms) * scale;
    }
    return round1(found);
  };
  return { x, breaks: parts.slice(1).map((part) => round1(part.start - gap / 2)) };
}

/**
 * @param {readonly Step[]} part
 * @param {string} key
 * @param {{x: (at: number) => number}} places
 * @param {(value: number) => number} y
 * @param {number} stepMs
 */
function path(part, key, places, y, stepMs) {
  const points = part.map((step) => `${places.x(step.at_ms + stepMs / 2)} ${y(step.rate.get(key) ?? 0)}`);
  return points.length === 0 ? "" : `M${points.join("L")}`;
}

/**
 * A few round times under each stretch.
 * @param {readonly {from_ms: number, to_ms: number}[]} shown
 * @param {(at: number) => number} x
 */
function timeMarks(shown, x) {
  const whole = shown.reduce((sum, stretch) => sum + stretch.to_ms - stretch.from_ms, 0);
  const sizes = [5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400].map((seconds) => seconds * 1000);
  const size = sizes.find((candidate) => whole / candidate <= 8) ?? 86_400_000 * 7;
  return shown.flatMap(({ from_ms, to_ms }) => {
    const marks = [];
    for (let at = Math.ceil(from_ms / size) * size; at <= to_ms; at += size) marks.push({ x: x(at), at_ms: at });
    return marks.length > 0 ? marks : [{ x: x(from_ms), at_ms: from_ms }];
  });
}

/**
 * The table beside the chart: what each stretch of time brought, in steps that make at most `rowsMax` rows.
 * @param {readonly Second[]} timeline
 * @param {readonly string[]} keys
 * @param {number} [rowsMax]
 * @returns {{step_s: number, rows: {at_ms: number, likes: number[], votes: number}[]}}
 */
export function tableRows(timeline, keys, rowsMax = 60) {
  for (const step_s of [10, 60, 300, 600, 1800, 3600, 21_600, 86_400]) {
    /** @type {Map<number, {at_ms: number, likes: number[], votes: number}>} */
    const rows = new Map();
    for (const second of timeline) {
      const at_ms = Math.floor(second.at_ms / (step_s * 1000)) * step_s * 1000;
      const row = rows.get(at_ms) ?? { at_ms, likes: keys.map(() => 0), votes: 0 };
      row.likes = row.likes.map((likes, index) => likes + (second.likes[keys[index] ?? ""] ?? 0));
      row.votes += second.votes;
      rows.set(at_ms, row);
    }
    if (rows.size <= rowsMax || step_s === 86_400) return { step_s, rows: [...rows.values()].sort((a, b) => a.at_ms - b.at_ms) };
  }
  throw new Error("a step of a day always returns");
}

/** @param {number} value */
function round1(value) {
  return Math.round(value * 10) / 10;
}
