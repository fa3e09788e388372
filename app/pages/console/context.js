// @ts-check
// What every part of the console is given: who is signed in, the words, and the way to the service. Types, and the one
// place where an element is told to say a problem.

/** @import { Caller } from "./caller.js" */
/** @import { Language, Me, Problem } from "./types.js" */
import { WORDS } from "./words.js";

/** @typedef {keyof typeof WORDS & string} WordKey */
/** @typedef {(key: WordKey, values?: Record<string, string|number>) => string} Words */

/**
 * @typedef {object} Context
 * @property {Caller} caller
 * @property {Me} me
 * @property {ReadonlySet<string>} can
 * @property {Language} language
 * @property {Words} t
 * @property {(problem: Problem|null) => void} say shows a problem as one sentence, or takes it away
 * @property {(session: string|null) => void} go to a session, or to the list
 * @property {() => void} signOut
 */

/**
 * A word whose key is put together, such as `phase_` and a phase. An unknown key shows itself rather than stopping the page:
 * a service newer than this page may know more.
 * @param {Words} t
 * @param {string} key
 */
export function wordFor(t, key) {
  return key in WORDS ? t(/** @type {WordKey} */ (key)) : key.replace(/^[a-z]+_/u, "");
}
