// @ts-check
// Decides from the tally document, the channel and the clock what this phone may do now and what the page says.
// Pure. The service judges in the end: this only keeps the page from offering what would be refused.

import { aloneOnStage } from "../lib/store.js";

/** @import { TallyDocument, TallyRound } from "../lib/types.js" */
/** @import { State } from "../lib/store.js" */

/**
 * `closing`: other channels are over, this one may still vote. `late`: the other way about.
 * @typedef {"loading"|"unknown"|"over"|"idle"|"draft"|"open"|"paused"|"closing"|"late"|"locked"|"revealed"|"void"} Stage
 */
/**
 * @typedef {object} Situation
 * @property {Stage} stage
 * @property {boolean} canVote
 * @property {boolean} canLike
 * @property {number|null} left_ms until this channel's end, null where there is no deadline
 * @property {number|null} ends_at_ms while open: this channel's end
 * @property {boolean} final no vote or like can be added to this run any more
 * @property {boolean} hidden the figures may not be seen
 * @property {boolean} sealed nobody may see them before the certificate
 * @property {string|null} winner a choice's key, only once revealed; none where somebody stands alone
 * @property {boolean} tie only once revealed
 */

const UNHURRIED_MS = 10_000;

/**
 * This channel's own cut-off, null without a deadline.
 * @param {TallyRound} round
 * @param {number} delay_ms
 */
export function cutoffMs(round, delay_ms) {
  return round.closes_at_ms === null ? null : round.closes_at_ms + round.grace_ms + delay_ms;
}

/** Whether the count is still under its seal. @param {TallyRound} round */
export function isSealed(round) {
  return round.sealed && round.certified_at_ms === null;
}

/**
 * How this phone follows the session. A poll is open for days and its page for as long as somebody forgets it: it asks
 * now and then, and holds no socket. Who could not read the session yet takes a socket.
 * @param {TallyDocument|null} document
 * @returns {{WebSocketClass?: null, pollInterval_ms?: number}}
 */
export function lineFor(document) {
  return document?.session.kind === "poll" ? { WebSocketClass: null, pollInterval_ms: UNHURRIED_MS } : {};
}

/** @param {TallyRound} round @param {number} delay_ms @param {number} now_ms @returns {Stage} */
function roundStage(round, delay_ms, now_ms) {
  switch (round.phase) {
    case "draft":
    case "open":
    case "paused":
    case "locked":
    case "revealed":
    case "void":
      return round.phase;
    case "closing":
      return now_ms < (cutoffMs(round, delay_ms) ?? 0) ? "closing" : "late";
    default:
      throw new TypeError(`no such phase: ${round.phase}`);
  }
}

/** @param {TallyRound} round @param {Stage} stage @param {number} delay_ms @param {number} now_ms */
function leftMs(round, stage, delay_ms, now_ms) {
  if (stage === "paused") return round.remaining_ms;
  const cutoff_ms = cutoffMs(round, delay_ms);
  if (cutoff_ms === null) return null;
  // While open it counts to the moment that this channel's picture shows as the end; the grace is told when it runs.
  if (stage === "open") return Math.max(0, cutoff_ms - round.grace_ms - now_ms);
  return stage === "closing" ? Math.max(0, cutoff_ms - now_ms) : null;
}

/** @type {ReadonlySet<Stage>} */
const FINAL_STAGES = new Set(["locked", "revealed", "void", "over"]);

/**
 * @param {Pick<State, "tally"|"connection">} state
 * @param {number} delay_ms this phone's channel
 * @param {number} now_ms the server's time
 * @returns {Situation}
 */
export function situationOf({ tally: document, connection }, delay_ms, now_ms) {
  const nothing = { canVote: false, canLike: false, left_ms: null, ends_at_ms: null, final: false, hidden: true, sealed: false, winner: null, tie: false };
  if (!document) {
    const unknown = connection.status === "stopped" && connection.reason === "session_not_found";
    return { ...nothing, stage: unknown ? "unknown" : "loading" };
  }
  const { round, tally, session } = document;
  const over = session.status === "ended";
  if (!round) return { ...nothing, stage: over ? "over" : "idle" };
  const inRound = roundStage(round, delay_ms, now_ms);
  const stage = over && inRound !== "revealed" ? "over" : inRound;
  const revealed = inRound === "revealed";
  const taking = (stage === "open" || stage === "closing") && !session.replay;
  // Nobody wins against the choice of not voting for the one on stage.
  const contest = revealed && aloneOnStage(document) === null;
  return {
    stage,
    canVote: taking,
    canLike: taking,
    left_ms: leftMs(round, stage, delay_ms, now_ms),
    ends_at_ms: stage === "open" && round.closes_at_ms !== null ? round.closes_at_ms + delay_ms : null,
    final: FINAL_STAGES.has(stage),
    hidden: tally === null,
    sealed: isSealed(round),
    winner: contest ? (tally?.leader ?? null) : null,
    tie: contest && Boolean(tally?.tie),
  };
}
