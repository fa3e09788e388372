// @ts-check
// A request for a visit, before and while it is sent: what is complete, what goes over the wire, which nonce makes a
// second sending the same request, and what a refusal means to who asks. Pure.

/** @import { WORDS } from "./words.js" */
/** @typedef {{contestant: string, organisation: string, district: string, topic: string, wanted: string, people: string, name: string, phone: string, message: string}} Fields */
/** What was sent and not answered yet. @typedef {{nonce: string, fields: Fields}} Pending */
/** @typedef {keyof typeof WORDS & string} Word */

const PHONE = /^[0-9+() -]{5,24}$/u;
const PEOPLE_MAX = 100000;
const NAMES = /** @type {const} */ (["contestant", "organisation", "district", "topic", "wanted", "people", "name", "phone", "message"]);

/** @param {Fields} fields @returns {Fields} without spaces around; full-width figures and signs of a phone as the service takes them */
export function tidy(fields) {
  const trimmed = /** @type {Fields} */ (Object.fromEntries(NAMES.map((name) => [name, fields[name].trim()])));
  return { ...trimmed, phone: plain(trimmed.phone), people: plain(trimmed.people) };
}

/** "０５１２－５８１２" → "0512-5812". @param {string} text */
function plain(text) {
  return text.normalize("NFKC").replace(/[‐‑–—−]/gu, "-").trim();
}

/** @param {Fields} fields tidied @returns {{field: keyof Fields, word: Word}|null} the first thing that is wanting */
export function wanting(fields) {
  if (fields.contestant === "") return { field: "contestant", word: "need_who" };
  if (fields.organisation === "") return { field: "organisation", word: "need_organisation" };
  if (fields.name === "") return { field: "name", word: "need_name" };
  if (!PHONE.test(fields.phone)) return { field: "phone", word: "need_phone" };
  if (fields.people !== "" && !(/^\d+$/u.test(fields.people) && Number(fields.people) >= 1 && Number(fields.people) <= PEOPLE_MAX)) return { field: "people", word: "need_people" };
  return null;
}

/**
 * @param {Pending} pending
 * @param {{challenge: string, solution: string}|null} work
 */
export function bodyOf({ nonce, fields }, work) {
  return { ...fields, people: fields.people === "" ? null : Number(fields.people), nonce, ...(work === null ? {} : { work }) };
}

/**
 * What to send: the same request with its nonce where the last was not answered, else a new one.
 * @param {Pending|null} unheard @param {Fields} fields tidied @param {() => string} makeNonce
 * @returns {Pending}
 */
export function toSend(unheard, fields, makeNonce) {
  return unheard ?? { nonce: makeNonce(), fields };
}

/** @param {unknown} data as kept in the tab @returns {Pending|null} */
export function readPending(data) {
  const kept = /** @type {any} */ (data);
  if (typeof kept?.nonce !== "string" || kept.nonce === "" || typeof kept.fields !== "object" || kept.fields === null) return null;
  if (!NAMES.every((name) => typeof kept.fields[name] === "string")) return null;
  return { nonce: kept.nonce, fields: kept.fields };
}

/**
 * Whether it may be that the service took the request although no answer came: then only the very same may be sent.
 * @param {{status: number}} problem
 */
export function isUnheard({ status }) {
  return status === 0 || status >= 500;
}

/** @param {{status: number, code: string}} problem @returns {Word} one sentence */
export function refusalWord(problem) {
  if (isUnheard(problem)) return "unheard";
  if (problem.status === 429 || problem.status === 428) return "busy";
  if (problem.code === "session_ended") return "over";
  if (problem.status === 409) return "full";
  if (problem.status === 404) return "no_session";
  return "refused";
}

/** @param {string} hash location.hash @returns {string|null} the receipt behind `#token=` */
export function receiptOf(hash) {
  const parts = new URLSearchParams(hash.replace(/^#/u, ""));
  const receipt = (parts.get("token") ?? "").trim();
  return /^[A-Za-z0-9 -]{1,64}$/u.test(receipt) ? receipt : null;
}

/** @param {string} address of the form @param {string} receipt */
export function receiptLink(address, receipt) {
  return `${address}#token=${encodeURIComponent(receipt)}`;
}

/** @param {unknown} data @returns {string[]} */
export function readReceipts(data) {
  return Array.isArray(data) ? data.filter((each) => typeof each === "string" && receiptOf(`#token=${each}`) !== null) : [];
}

const STEPS = /** @type {const} */ (["asked", "accepted", "scheduled", "delivered"]);
/** @typedef {typeof STEPS[number]} Step */

/**
 * How far a request has come; none where it ended otherwise.
 * @param {string} state @returns {{step: Step, done: boolean}[]}
 */
export function stepsOf(state) {
  const reached = STEPS.indexOf(/** @type {Step} */ (state));
  return reached < 0 ? [] : STEPS.map((step, index) => ({ step, done: index <= reached }));
}
