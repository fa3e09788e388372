// @ts-check
// What each part of the report is given, and the few things all of them need: times in Shanghai, sides and their colours.

/** @import { ExternalTally, Report, Result, Tally } from "./types.js" */
import { WORDS } from "./words.js";

/** @typedef {(key: keyof typeof WORDS & string, values?: Record<string, string|number>) => string} Words */
/** @typedef {{t: Words, language: "zh"|"en", report: Report, results: Map<number, Result>, external: ExternalTally[], season: import("../lib/ways.js").SeasonOfSession|null, staff: boolean}} Context */

/**
 * @param {number} at_ms
 * @param {"zh"|"en"} language
 * @param {"time"|"minute"|"full"} kind
 */
export function shanghai(at_ms, language, kind) {
  const locale = language === "zh" ? "zh-CN" : "en-GB";
  /** @type {Intl.DateTimeFormatOptions} */
  const clock = { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" };
  switch (kind) {
    case "minute":
      return new Date(at_ms).toLocaleTimeString(locale, clock);
    case "time":
      return new Date(at_ms).toLocaleTimeString(locale, { ...clock, second: "2-digit" });
    case "full":
      return new Date(at_ms).toLocaleString(locale, { ...clock, year: "numeric", month: "2-digit", day: "2-digit", second: "2-digit" });
    default:
      throw new Error(`no such kind ${String(kind)}`);
  }
}

/**
 * The sides whose likes are drawn: every choice that some visible round had, named.
 * @param {Report} report
 * @returns {{key: string, name: string}[]}
 */
export function sidesOf(report) {
  /** @type {Map<string, string>} */
  const names = new Map(report.contestants.map((person) => [person.key, person.name]));
  for (const round of report.rounds) for (const choice of round.tally?.choices ?? []) if (!names.has(choice.key)) names.set(choice.key, choice.name);
  return [...names].map(([key, name]) => ({ key, name }));
}

/** What the lead goes by: the score where the channels have weights, else the votes. @param {Tally} tally @param {Tally["choices"][number]} choice */
export function weightOf(tally, choice) {
  return tally.by === "score" ? choice.score : choice.votes;
}

/**
 * "王伟 2，杨玭 1", of those that have any.
 * @param {readonly {key: string, name: string}[]} choices
 * @param {Record<string, number>} figures
 * @param {"zh"|"en"} language
 */
export function eachOf(choices, figures, language) {
  const parts = choices.filter(({ key }) => figures[key]).map(({ key, name }) => `${name} ${(figures[key] ?? 0).toLocaleString("en-US")}`);
  return parts.join(language === "zh" ? "，" : ", ");
}

/** Red and blue stay themselves; others take turns. @param {string} key @param {number} index */
export function toneOf(key, index) {
  return key === "red" || key === "blue" ? key : `tone${index % 6}`;
}

/** @param {Words} t @param {string} phase */
export function phaseWord(t, phase) {
  const key = `phase_${phase}`;
  return key in WORDS ? t(/** @type {keyof typeof WORDS} */ (key)) : phase;
}
