// @ts-check
// Decides what the voting panel offers. Pure: the situation, the ballot and what the thumb has done so far go in, a
// small model for panel_view.js comes out.

import { lastReceipt, votesLeft } from "./ballot.js";

/** @import { OwnBallot, TallyRound } from "../lib/types.js" */
/** @import { Ballot } from "./ballot.js" */
/** @import { Situation } from "./situation.js" */

/**
 * What the person is about to do. `acting`: changing the vote, or casting another one. `confirming`: one tap away.
 * @typedef {{picked: readonly string[], confirming: boolean, acting: boolean}} Intent
 */
/** @type {Intent} */
export const NO_INTENT = Object.freeze({ picked: Object.freeze([]), confirming: false, acting: false });

/**
 * `nothing`: the stage says it all. `spent`: no vote is left today, and none was cast on this page.
 * @typedef {object} Panel
 * @property {"nothing"|"choose"|"confirm"|"sending"|"voted"|"spent"|"refused"} kind
 * @property {string[]} choices picked, on their way or voted for
 * @property {OwnBallot|null} receipt
 * @property {string|null} refusal
 * @property {number|null} left votes left today, null where votes are not daily
 * @property {boolean} mayChange
 * @property {boolean} mayAgain
 * @property {boolean} mayReturn a receipt can be gone back to
 */

/**
 * @param {{situation: Situation, ballot: Ballot, round: TallyRound, intent: Intent, now_ms: number}} now
 * @returns {Panel}
 */
export function panelOf({ situation, ballot, round, intent, now_ms }) {
  const last = lastReceipt(ballot);
  const daily = round.votes_per_day !== null;
  const count = votesLeft(ballot, round.votes_per_day, now_ms);
  const mayChange = situation.canVote && round.changeable && !daily && last !== null;
  const mayAgain = situation.canVote && daily && count > 0 && last !== null;
  const common = {
    receipt: last,
    refusal: null,
    left: daily ? count : null,
    mayChange,
    mayAgain,
    mayReturn: last !== null,
  };
  if (ballot.pending) return { ...common, kind: "sending", choices: ballot.pending.choices };
  if (ballot.refusal) return { ...common, kind: "refused", choices: [], refusal: ballot.refusal };
  const first = situation.canVote && last === null && count > 0;
  if (first || (intent.acting && (mayChange || mayAgain))) {
    const confirming = intent.picked.length > 0 && (intent.confirming || round.choices_max > 1);
    return { ...common, kind: confirming ? "confirm" : "choose", choices: [...intent.picked] };
  }
  if (last) return { ...common, kind: "voted", choices: last.choices };
  return { ...common, kind: situation.canVote ? "spent" : "nothing", choices: [] };
}

/**
 * Take a tap on a choice's vote button: one choice goes straight to the question, several are ticked first.
 * @param {Intent} intent
 * @param {string} key
 * @param {number} choices_max
 * @returns {Intent}
 */
export function pick(intent, key, choices_max) {
  if (choices_max === 1) return { ...intent, picked: [key], confirming: true };
  if (intent.picked.includes(key)) return { ...intent, picked: intent.picked.filter((each) => each !== key) };
  // A full hand keeps what it has: putting one out by itself would surprise.
  return intent.picked.length < choices_max ? { ...intent, picked: [...intent.picked, key] } : intent;
}
