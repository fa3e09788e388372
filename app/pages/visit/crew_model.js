// @ts-check
// What the crew may do with a request, and what each step must say. Pure. Times are Beijing's, whatever the desk's clock
// is set to: China has one time and moves no clocks.

/** @import { WORDS } from "./crew_words.js" */
/** @import { State, Totals, Visit } from "./types.js" */
/** @typedef {"accept"|"decline"|"schedule"|"deliver"} Act */
/** @typedef {keyof typeof WORDS & string} Word */

/** What comes next stands first. */
const ORDER = /** @type {readonly Act[]} */ (["accept", "schedule", "deliver", "decline"]);
const ORDER_SCHEDULED = /** @type {readonly Act[]} */ (["deliver", "schedule", "decline", "accept"]);
export const STATES = /** @type {readonly State[]} */ (["asked", "accepted", "scheduled", "delivered", "declined", "withdrawn", "lapsed"]);
export const DURATION_MIN = 90;
const BEIJING_MS = 8 * 3600 * 1000;

/** @param {Visit} visit @returns {Act[]} in the order of the buttons */
export function actsOf({ allowed, state }) {
  return (state === "scheduled" ? ORDER_SCHEDULED : ORDER).filter((act) => allowed.includes(act));
}

/** The button's words: the same step again is called what it does. @param {Act} act @param {State} state @returns {Word} */
export function actWord(act, state) {
  if (act === "schedule" && state === "scheduled") return "schedule_again";
  if (act === "deliver" && state === "delivered") return "deliver_again";
  return act;
}

/** "2026-08-31T14:00" in Beijing → milliseconds; null where it is none. @param {string} text */
export function fromLocal(text) {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/u.test(text)) return null;
  const at_ms = Date.parse(`${text.slice(0, 16)}:00Z`);
  return Number.isFinite(at_ms) ? at_ms - BEIJING_MS : null;
}

/** @param {number} at_ms @returns {string} as an input of day and time takes it */
export function toLocal(at_ms) {
  return new Date(at_ms + BEIJING_MS).toISOString().slice(0, 16);
}

/**
 * @param {Act} act @param {Record<string, string>} typed
 * @returns {{body: Record<string, unknown>}|{lack: string, word: Word}} what is sent, or the first thing that is wanting
 */
export function bodyOf(act, typed) {
  const text = (/** @type {string} */ name) => (typed[name] ?? "").trim();
  switch (act) {
    case "accept":
      return { body: {} };
    case "decline":
      return text("reason") === "" ? { lack: "reason", word: "need_reason" } : { body: { reason: text("reason") } };
    case "schedule": {
      const starts_at_ms = fromLocal(text("starts"));
      if (starts_at_ms === null) return { lack: "starts", word: "need_starts" };
      const duration_min = whole(text("duration"), 15, 600);
      if (duration_min === null) return { lack: "duration", word: "need_duration" };
      if (text("place") === "") return { lack: "place", word: "need_place" };
      return { body: { starts_at_ms, duration_min, place: text("place"), note: text("note") } };
    }
    case "deliver": {
      const taught = whole(text("taught"), 0, 100000);
      return taught === null ? { lack: "taught", word: "need_taught" } : { body: { taught, note: text("note") } };
    }
    default:
      throw new RangeError(`no such act ${String(act)}`);
  }
}

/** @param {string} text @param {number} least @param {number} most */
function whole(text, least, most) {
  const figure = /^\d+$/u.test(text) ? Number(text) : Number.NaN;
  return figure >= least && figure <= most ? figure : null;
}

/** @param {Totals} totals @returns {number} of all states */
export function countAll(totals) {
  return STATES.reduce((sum, state) => sum + totals[state], 0);
}
