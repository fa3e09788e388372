// @ts-check
// What may be corrected, and both totals side by side, from what the service says. Pure.

/** @import { Correction, Corrections, Result, SessionDocument } from "./types.js" */

/** @typedef {{kind: Correction["kind"], subject: string, ballots: number|null}} Possible */

/**
 * Every correction that could be proposed now: channels that still count, rules that still hold ballots, and none that
 * waits already.
 * @param {SessionDocument} session
 * @param {Corrections} list
 * @returns {Possible[]}
 */
export function possibleCorrections(session, list) {
  const taken = new Set([...list.corrections, ...list.proposals].map(({ kind, subject }) => `${kind}/${subject}`));
  /** @type {Possible[]} */
  const all = [
    ...list.held.filter(({ ballots }) => ballots > 0).map(({ rule, ballots }) => ({ kind: /** @type {const} */ ("release_held"), subject: rule, ballots })),
    ...session.channels.map(({ key }) => ({ kind: /** @type {const} */ ("void_channel"), subject: key, ballots: null })),
  ];
  return all.filter(({ kind, subject }) => !taken.has(`${kind}/${subject}`));
}

/**
 * One row a choice, the sum last: as the lock announced it, as it stands, what is held.
 * @param {Result|null} result
 * @returns {{name: string|null, at_lock: string, now: string, held: number}[]} `name` null for the sum; none without a result
 */
export function bothTotals(result) {
  const now = result?.tally ?? null;
  if (now === null) return [];
  const before = result?.at_lock ?? now;
  const was = new Map(before.choices.map((choice) => [choice.key, choice]));
  const text = (/** @type {typeof now} */ tally, /** @type {typeof now.choices[number]|undefined} */ choice) =>
    choice === undefined ? "—" : choice.votes.toLocaleString("en-US") + (tally.by === "score" ? ` · ${choice.score_text}` : "");
  return [
    ...now.choices.map((choice) => ({
      name: choice.name, at_lock: text(before, was.get(choice.key)), now: text(now, choice), held: now.held.votes[choice.key] ?? 0,
    })),
    { name: null, at_lock: before.votes.toLocaleString("en-US"), now: now.votes.toLocaleString("en-US"), held: now.held.ballots },
  ];
}
