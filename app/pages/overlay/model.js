// @ts-check
// Turns the tally document into what each scene paints. Pure, and the only place of the overlay that reads the
// document. It derives no count: votes, percentages and leader are the service's; only the order of rows, the drawn
// share of the bar and the sum of the rows left out are made here.

import { issueText } from "../lib/format.js";
import { aloneOnStage } from "../lib/store.js";
import { heldWords, joined, pageWords, restWords, roundWords, say, turnoutWords } from "./words.js";

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
 * @property {string} share what stands beside the votes: "55%", or "53.20 分" where the channels have weights
 * @property {number} pct
 * @property {number} part of what the lead goes by, votes or score: rows and bars follow it
 * @property {number} likes
 * @property {boolean} leads
 */

/**
 * @typedef {object} Outcome
 * @property {"none"|"pending"|"count"|"won"|"favoured"|"tie"|"void"} kind `favoured`: first where the votes do not decide
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
 * @property {boolean} rehearsal
 * @property {"pk"|"alone"|"rows"} layout `alone`: one contestant on stage, the other choice is not to vote for that one
 * @property {"zh"|"en"} language of what stands once
 * @property {string} show
 * @property {string} title of the session
 * @property {string} topic
 * @property {import("../lib/types.js").Replay|null} replay a past session is played again
 * @property {{ordinal: Words, title: string, dimension: Words|null}|null} round
 * @property {Phase|"none"} phase
 * @property {Words|null} phaseWords
 * @property {Countdown|null} countdown
 * @property {Figures} figures
 * @property {Words|null} notice in place of figures
 * @property {Words|null} turnout
 * @property {Words|null} fine small print: whether the votes decide, how they are weighted, what was held or corrected
 * @property {Entry[]} entries in the order of the programme; who is alone on stage comes first
 * @property {Entry[]} rows those of the page, ranked; equal ones in the order of the programme
 * @property {Entry[]} podium the first three
 * @property {number} page from 1
 * @property {number} pages
 * @property {number} places of a page, filled or not
 * @property {Words|null} rest the rows left out, or which page this is
 * @property {number} split the drawn share of the left side, 0 to 1
 * @property {Outcome} outcome
 */

/** More do not fit between the margins. */
export const ROWS_MAX = 10;
const PODIUM_SIZE = 3;
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
export function publicMaySee({ visibility, phase, sealed, certified_at_ms }) {
  if (sealed && certified_at_ms === null) return false;
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
 * @param {{lang: OverlayLanguage, hidden: boolean, rows?: number, page?: number, turn?: number}} options `hidden`: show what
 * the public may not see yet, if it came; `rows` on a page; `turn`: the pages are being turned
 * @returns {Model}
 */
export function modelOf(document, { lang, hidden, rows = ROWS_MAX, page = 1, turn = 0 }) {
  const { session, round } = document;
  const phase = round?.phase ?? "none";
  const idle = phase === "none" || phase === "draft" || phase === "void";
  const tally = round && (hidden || publicMaySee(round)) ? document.tally : null;
  /** @type {Figures} */
  const figures = idle ? "none" : tally ? "shown" : "hidden";
  const entries = entriesOf(document, figures === "shown" ? tally : null, lang);
  const alone = aloneOnStage(document);
  entries.sort((one, other) => Number(other.key === alone) - Number(one.key === alone)); // Keeps the rest in place.
  return {
    // A replay that goes back begins an epoch, and its figures begin anew as in a new run.
    key: `${session.code}.${round?.number ?? 0}.${round?.run ?? 0}${session.replay ? `.${document.epoch}` : ""}`,
    epoch: document.epoch,
    version: document.version,
    code: session.code,
    layout: alone !== null ? "alone" : entries.length === 2 ? "pk" : "rows",
    language: lang === "en" ? "en" : "zh",
    rehearsal: session.rehearsal === true,
    show: issueText(session.show, session.number, lang === "en" ? "en" : "zh"),
    title: session.title,
    topic: session.topic,
    replay: session.replay ?? null,
    round: round && roundOf(round, lang),
    phase,
    phaseWords: phase === "none" ? null : say(PHASE_WORDS[phase], lang),
    countdown: round && countdownOf(round),
    figures,
    notice: noticeOf(round, figures, lang),
    turnout: round && !idle ? turnoutWords(tally?.turnout ?? round.turnout ?? 0, lang) : null,
    fine: round && phase !== "void" ? fineOf(document, figures === "shown" ? tally : null, lang) : null,
    entries,
    ...rowsOf(entries, figures, lang, { rows, page, turning: turn > 0 }),
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

/** @param {TallyRound} round @returns {boolean} whether the count is still under its seal */
function isSealed({ sealed, certified_at_ms }) {
  return sealed && certified_at_ms === null;
}

/** @param {TallyDocument} document @param {Tally|null} tally @param {OverlayLanguage} lang @returns {Words} */
function fineOf({ session, round }, tally, lang) {
  const parts = [say(session.deciding ? "deciding" : "popularity", lang)];
  if (tally?.by === "score") parts.unshift(say("byScore", lang));
  if (round?.held && (tally || round.locked_at_ms !== null)) parts.unshift(heldWords(round.held, lang));
  if (tally?.corrections) parts.unshift(say("corrected", lang));
  return joined(parts);
}

/** @param {TallyRound|null} round @param {Figures} figures @param {OverlayLanguage} lang @returns {Words|null} */
function noticeOf(round, figures, lang) {
  if (!round) return null;
  if (round.phase === "void") return say("void", lang);
  if (figures !== "hidden") return null;
  if (isSealed(round)) return say("sealedUntil", lang);
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
  const score = tally?.by === "score";
  const unit = say("points", lang).main;
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
      share: figure ? (score ? `${figure.score_text} ${unit}` : `${figure.pct}%`) : "",
      part: (score ? figure?.score : figure?.votes) ?? 0,
      likes: figure?.likes ?? 0,
      leads: tally !== null && tally.leader === choice.key,
    };
  });
  if (tally && tally.votes > 0) {
    for (const entry of entries) entry.rank = 1 + entries.filter((other) => other.part > entry.part).length;
  }
  return entries;
}

/**
 * @param {Entry[]} entries @param {Figures} figures @param {OverlayLanguage} lang
 * @param {{rows: number, page: number, turning: boolean}} wanted
 */
function rowsOf(entries, figures, lang, wanted) {
  const ranked = [...entries].sort((one, other) => other.part - one.part || one.index - other.index);
  const pages = Math.max(1, Math.ceil(ranked.length / wanted.rows));
  const page = Math.min(pages, Math.max(1, wanted.page));
  const rows = ranked.slice((page - 1) * wanted.rows, page * wanted.rows);
  const left = ranked.slice(wanted.rows);
  const places = Math.min(wanted.rows, ranked.length);
  const common = { rows, podium: ranked.slice(0, PODIUM_SIZE), page, pages, places };
  if (!left.length) return { ...common, rest: null };
  if (page > 1 || wanted.turning) return { ...common, rest: pageWords(page, pages, ranked.length, lang) };
  const votes = figures === "shown" ? left.reduce((sum, entry) => sum + entry.votes, 0) : null;
  const pct = left.reduce((sum, entry) => sum + entry.pct, 0);
  return { ...common, rest: restWords(left.length, votes, pct, lang) };
}

/** @param {Entry[]} entries */
function splitOf(entries) {
  const [left, right] = entries;
  if (entries.length !== 2 || left.part + right.part === 0) return 0.5;
  const share = left.part / (left.part + right.part);
  return Math.min(1 - SPLIT_LEAST, Math.max(SPLIT_LEAST, share));
}

/**
 * @param {TallyDocument} document
 * @param {Tally|null} tally
 * @param {Entry[]} entries
 * @param {OverlayLanguage} lang
 * @returns {Outcome}
 */
function outcomeOf({ session, contestants, round }, tally, entries, lang) {
  /** @type {Outcome} */
  const none = { kind: "none", heading: say("soon", lang), label: null, winners: [], reason: "" };
  if (!round || round.phase === "draft") return none;
  if (round.phase === "void") {
    return { ...none, kind: "void", heading: say("void", lang), reason: round.void_reason ?? "" };
  }
  if (!tally) return { ...none, kind: "pending", heading: say(isSealed(round) ? "sealed" : "pending", lang) };
  const over = round.phase === "locked" || round.phase === "revealed";
  const first = tally.leader !== null ? [tally.leader] : entries.filter((entry) => entry.rank === 1).map((entry) => entry.key);
  if (round.phase !== "revealed") {
    const label = over && tally.tie ? say("level", lang) : null;
    return { ...none, kind: "count", heading: say(over ? "final" : "standing", lang), label };
  }
  const heading = say("revealed", lang);
  if (tally.votes === 0) return { ...none, kind: "count", heading, label: say("noVotes", lang) };
  // Nobody wins against the choice of not voting for the one on stage.
  if (aloneOnStage({ contestants, round }) !== null) return { ...none, kind: "count", heading };
  // Votes in channels without weight alone: there is a count, and nobody is first.
  if (tally.leader === null && !tally.tie) return { ...none, kind: "count", heading };
  if (tally.tie) return { ...none, kind: "tie", heading, label: say(session.deciding ? "tie" : "level", lang), winners: first };
  // Where the audience's votes do not decide, the screen crowns nobody.
  if (!session.deciding) return { ...none, kind: "favoured", heading, label: say("favourite", lang), winners: first };
  return { ...none, kind: "won", heading, label: say("won", lang), winners: first };
}

/**
 * Pictures' addresses are paths of the arena, not of the tool that shows them.
 *
 * @param {import("../lib/types.js").TallyDocument} document @param {string} base
 */
export function withAddresses(document, base) {
  const contestants = document.contestants.map((contestant) => {
    if (!contestant.portrait_url) return contestant;
    return { ...contestant, portrait_url: new URL(contestant.portrait_url, base).href };
  });
  return { ...document, contestants };
}
