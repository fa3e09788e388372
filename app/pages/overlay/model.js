// @ts-check
// Turns the tally document into what each scene paints. Pure, and the only place of the overlay that reads the
// document. It derives no count: votes, percentages and leader are the service's; only the order of rows, the drawn
// share of the bar and the sum of the rows left out are made here.

import { issueText } from "../lib/format.js";
import { restWords, roundWords, say, turnoutWords } from "./words.js";

/** @typedef {import("../lib/types.js").TallyDocument} TallyDocument */
/** @typedef {import("../lib/types.js").TallyRound} TallyRound */
/** @typedef {import("../lib/types.js").Tally} Tally */
/** @typedef {import("../lib/types.js").Phase} Phase */
/** @typedef {import("./options.js").OverlayLanguage} OverlayLanguage */
/** @typedef {import("./words.js").Words} Words */
/** @typedef {import("./words.js").WordKey} WordKey */
/**
 * `until`: runs on the server's clock; `frozen`: stands.
 * @typedef {{kind: "until", at_ms: number}|{kind: "frozen", left_ms: number}} Countdown
 */
/** @typedef {"shown"|"hidden"|"none"} Figures */

/**
 * @typedef {object} Entry
 * @property {string} key
 * @property {number} index in the order of the programme
 * @property {string} name
 * @property {string} line title and organisation
 * @property {string} title
 * @property {string} organisation
 * @property {Words|null} role 擂主, 攻擂
 * @property {Words} side 红方, 蓝方: for themes that do without colour
 * @property {string} portrait
 * @property {number} rank 1 is first; equals share a rank; 0 while there is none
 * @property {number} votes
 * @property {number} pct
 * @property {number} likes
 * @property {boolean} leads
 */

/**
 * @typedef {object} Outcome
 * @property {"none"|"pending"|"count"|"won"|"tie"|"void"} kind
 * @property {Words} heading
 * @property {Words|null} label over the winner
 * @property {string[]} winners keys
 * @property {string} reason of a void
 */

/**
 * @typedef {object} Model
 * @property {string} key of the run the figures belong to: another key, other figures
 * @property {number} epoch
 * @property {number} version
 * @property {string} code
 * @property {"pk"|"rows"} layout
 * @property {string} show
 * @property {string} title of the session
 * @property {string} topic
 * @property {{ordinal: Words, title: string, dimension: Words|null}|null} round
 * @property {Phase|"none"} phase
 * @property {Words|null} phaseWords
 * @property {Countdown|null} countdown
 * @property {Figures} figures
 * @property {Words|null} notice in place of figures
 * @property {Words|null} turnout
 * @property {Entry[]} entries in the order of the programme
 * @property {Entry[]} rows ranked, at most ROWS_MAX
 * @property {Words|null} rest the rows left out
 * @property {number} split the drawn share of the left side, 0 to 1
 * @property {Outcome} outcome
 */

export const ROWS_MAX = 10;
/** The bar never closes wholly over a side: its percentage stands there. */
const SPLIT_LEAST = 0.08;

/** @type {Readonly<Record<Phase, WordKey>>} */
const PHASE_WORDS = Object.freeze({
  draft: "soon",
  open: "open",
  paused: "paused",
  closing: "closing",
  locked: "locked",
  revealed: "revealed",
  void: "void",
});

/** @param {TallyRound} round @returns {boolean} whether everybody may see the figures by the round's own rules */
export function publicMaySee({ visibility, phase }) {
  switch (visibility) {
    case "live":
      return true;
    case "after_vote":
    case "on_lock":
      return phase === "locked" || phase === "revealed";
    case "on_reveal":
      return phase === "revealed";
    default:
      return false; // A rule this page does not know hides.
  }
}

/**
 * @param {TallyDocument} document
 * @param {{lang: OverlayLanguage, hidden: boolean}} options `hidden`: show what the public may not see yet, if it came
 * @returns {Model}
 */
export function modelOf(document, { lang, hidden }) {
  const { session, round } = document;
  const phase = round?.phase ?? "none";
  const idle = phase === "none" || phase === "draft" || phase === "void";
  const tally = round && (hidden || publicMaySee(round)) ? document.tally : null;
  /** @type {Figures} */
  const figures = idle ? "none" : tally ? "shown" : "hidden";
  const entries = entriesOf(document, figures === "shown" ? tally : null, lang);
  return {
    key: `${session.code}.${round?.number ?? 0}.${round?.run ?? 0}`,
    epoch: document.epoch,
    version: document.version,
    code: session.code,
    layout: entries.length === 2 ? "pk" : "rows",
    show: issueText(session.show, session.number, lang === "en" ? "en" : "zh"),
    title: session.title,
    topic: session.topic,
    round: round && roundOf(round, lang),
    phase,
    phaseWords: phase === "none" ? null : say(PHASE_WORDS[phase], lang),
    countdown: round && countdownOf(round),
    figures,
    notice: noticeOf(round, figures, lang),
    turnout: round && !idle ? turnoutWords(tally?.turnout ?? round.turnout ?? 0, lang) : null,
    entries,
    ...rowsOf(entries, figures, lang),
    split: splitOf(entries),
    outcome: outcomeOf(document, tally, entries, lang),
  };
}

/** @param {TallyRound} round @param {OverlayLanguage} lang */
function roundOf(round, lang) {
  const dimension =
    round.dimension === "views" || round.dimension === "results" ? say(round.dimension, lang) : null;
  const said = dimension !== null && round.title.toLowerCase().includes(dimension.main.slice(0, 2).toLowerCase());
  return { ordinal: roundWords(round.number, lang), title: round.title, dimension: said ? null : dimension };
}

/** @param {TallyRound} round @returns {Countdown|null} */
function countdownOf(round) {
  switch (round.phase) {
    case "open":
      return round.closes_at_ms === null ? null : { kind: "until", at_ms: round.closes_at_ms };
    case "closing":
      return round.locks_at_ms === null ? null : { kind: "until", at_ms: round.locks_at_ms };
    case "paused":
      return round.remaining_ms === null ? null : { kind: "frozen", left_ms: round.remaining_ms };
    case "draft":
    case "locked":
    case "revealed":
    case "void":
      return null;
    default:
      return null; // A phase of a later service: the graphic stays up without a clock.
  }
}

/** @param {TallyRound|null} round @param {Figures} figures @param {OverlayLanguage} lang @returns {Words|null} */
function noticeOf(round, figures, lang) {
  if (!round) return null;
  if (round.phase === "void") return say("void", lang);
  if (figures !== "hidden") return null;
  return say(round.visibility === "on_reveal" ? "hiddenUntilReveal" : "hiddenUntilLock", lang);
}

/** @param {string} role @param {OverlayLanguage} lang @returns {Words|null} */
function roleWords(role, lang) {
  if (role === "holder" || role === "challenger") return say(role, lang);
  return role ? { main: role, sub: "" } : null;
}

/**
 * @param {TallyDocument} document
 * @param {Tally|null} tally
 * @param {OverlayLanguage} lang
 * @returns {Entry[]}
 */
function entriesOf(document, tally, lang) {
  const contestants = new Map(document.contestants.map((contestant) => [contestant.key, contestant]));
  const figures = new Map(tally?.choices.map((choice) => [choice.key, choice]) ?? []);
  const choices = document.tally?.choices ?? document.round?.choices ?? document.contestants;
  const entries = choices.map((choice, index) => {
    const contestant = contestants.get(choice.key);
    const figure = figures.get(choice.key);
    const title = contestant?.title ?? "";
    const organisation = contestant?.organisation ?? "";
    return {
      key: choice.key,
      index,
      name: choice.name,
      title,
      organisation,
      line: [title, organisation].filter(Boolean).join(" · "),
      role: roleWords(contestant?.role ?? "", lang),
      side: say(index === 0 ? "red" : "blue", lang),
      portrait: contestant?.portrait_url ?? "",
      rank: 0,
      votes: figure?.votes ?? 0,
      pct: figure?.pct ?? 0,
      likes: figure?.likes ?? 0,
      leads: tally !== null && tally.leader === choice.key,
    };
  });
  if (tally && tally.votes > 0) {
    for (const entry of entries) entry.rank = 1 + entries.filter((other) => other.votes > entry.votes).length;
  }
  return entries;
}

/** @param {Entry[]} entries @param {Figures} figures @param {OverlayLanguage} lang */
function rowsOf(entries, figures, lang) {
  const ranked = [...entries].sort((one, other) => other.votes - one.votes || one.index - other.index);
  const rows = ranked.slice(0, ROWS_MAX);
  const left = ranked.slice(ROWS_MAX);
  if (!left.length) return { rows, rest: null };
  const votes = figures === "shown" ? left.reduce((sum, entry) => sum + entry.votes, 0) : null;
  const pct = left.reduce((sum, entry) => sum + entry.pct, 0);
  return { rows, rest: restWords(left.length, votes, pct, lang) };
}

/** @param {Entry[]} entries */
function splitOf(entries) {
  const [left, right] = entries;
  if (entries.length !== 2 || left.votes + right.votes === 0) return 0.5;
  const share = left.votes / (left.votes + right.votes);
  return Math.min(1 - SPLIT_LEAST, Math.max(SPLIT_LEAST, share));
}

/**
 * @param {TallyDocument} document
 * @param {Tally|null} tally
 * @param {Entry[]} entries
 * @param {OverlayLanguage} lang
 * @returns {Outcome}
 */
function outcomeOf({ session, round }, tally, entries, lang) {
  /** @type {Outcome} */
  const none = { kind: "none", heading: say("soon", lang), label: null, winners: [], reason: "" };
  if (!round || round.phase === "draft") return none;
  if (round.phase === "void") {
    return { ...none, kind: "void", heading: say("void", lang), reason: round.void_reason ?? "" };
  }
  if (!tally) return { ...none, kind: "pending", heading: say("pending", lang) };
  const over = round.phase === "locked" || round.phase === "revealed";
  const first = entries.filter((entry) => entry.rank === 1).map((entry) => entry.key);
  if (round.phase !== "revealed") {
    const label = over && tally.tie ? say("level", lang) : null;
    return { ...none, kind: "count", heading: say(over ? "final" : "standing", lang), label };
  }
  const heading = say("revealed", lang);
  if (tally.votes === 0) return { ...none, kind: "count", heading, label: say("noVotes", lang) };
  if (tally.tie) return { ...none, kind: "tie", heading, label: say("tie", lang), winners: first };
  // Where the audience's votes do not decide, the screen may not name a winner.
  return { ...none, kind: "won", heading, label: say(session.deciding ? "won" : "favourite", lang), winners: first };
}
