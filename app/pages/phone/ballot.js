// @ts-check
// This phone's ballots in one run: the one on its way, the receipts that came, what is left. Pure, and plain data
// between `saveBallot` and `loadBallot`. A vote is on its way from before its first sending until the service has
// answered: with a receipt, or with a refusal. Until then it goes again with the same nonce, whatever happens.

/** @import { OwnBallot, OwnState, Receipt, ProblemFields } from "../lib/types.js" */
/** @typedef {{round: number, run: number}} RunKey */
/** @typedef {{choices: string[], nonce: string, tries: number, not_before_ms: number}} Pending */

/**
 * @typedef {object} Ballot
 * @property {number} round
 * @property {number} run
 * @property {Pending|null} pending
 * @property {OwnBallot[]} receipts oldest first
 * @property {number|null} votes_left as the service last said
 * @property {number|null} resets_at_ms
 * @property {string|null} refusal the code of the last problem that ended a vote
 */

/** How long an answer may take before the vote is sent again. */
const ANSWER_MAX_MS = 4000;
const RETRY_MAX_MS = 15000;

/** Problems that pass: the vote stays on its way. */
const PASSING = new Set([
  "too_many_requests", "overloaded", "unreachable", "timeout",
  "token_missing", "token_invalid", "token_expired", "wrong_session",
]);

/** @param {RunKey} key @returns {Ballot} */
export function startBallot({ round, run }) {
  return { round, run, pending: null, receipts: [], votes_left: null, resets_at_ms: null, refusal: null };
}

/** Put a vote on its way. @param {Ballot} ballot @param {string[]} choices @param {string} nonce @returns {Ballot} */
export function cast(ballot, choices, nonce) {
  return { ...ballot, refusal: null, pending: { choices, nonce, tries: 0, not_before_ms: -Infinity } };
}

/** @param {Ballot} ballot @param {number} now_ms @returns {Pending|null} the vote to send now */
export function dueVote({ pending }, now_ms) {
  return pending && now_ms >= pending.not_before_ms ? pending : null;
}

/** @param {Ballot} ballot @param {number} now_ms @returns {Ballot} */
export function voteSent(ballot, now_ms) {
  const { pending } = ballot;
  if (!pending) return ballot;
  const wait_ms = Math.min(RETRY_MAX_MS, ANSWER_MAX_MS * 1.5 ** pending.tries);
  return { ...ballot, pending: { ...pending, tries: pending.tries + 1, not_before_ms: now_ms + wait_ms } };
}

/** The line is back: do not wait out what was meant for a lost answer. @param {Ballot} ballot @returns {Ballot} */
export function lineBack(ballot) {
  return ballot.pending ? { ...ballot, pending: { ...ballot.pending, tries: 0, not_before_ms: -Infinity } } : ballot;
}

/** @param {OwnBallot[]} held @param {OwnBallot[]} more @returns {OwnBallot[]} each receipt once, oldest first */
function together(held, more) {
  const byReceipt = new Map([...held, ...more].map((each) => [each.receipt, each]));
  return [...byReceipt.values()].sort((a, b) => a.accepted_at_ms - b.accepted_at_ms || a.revision - b.revision);
}

/**
 * Take a receipt. One that answers another vote, or another run's, ends nothing.
 * @param {Ballot} ballot
 * @param {Receipt & {id?: string}} receipt
 * @returns {Ballot}
 */
export function received(ballot, receipt) {
  if (receipt.round !== ballot.round || receipt.run !== ballot.run) return ballot;
  const { choices, revision, accepted_at_ms, votes_left, resets_at_ms } = receipt;
  const own = { receipt: receipt.receipt, choices, revision, accepted_at_ms };
  const answered = receipt.id === undefined || receipt.id === ballot.pending?.nonce;
  return {
    ...ballot,
    receipts: together(ballot.receipts, [own]),
    votes_left,
    resets_at_ms,
    refusal: answered ? null : ballot.refusal,
    pending: answered ? null : ballot.pending,
  };
}

/**
 * Take a problem that answers the vote on its way.
 * @param {Ballot} ballot
 * @param {ProblemFields} problem
 * @param {number} now_ms
 * @returns {Ballot}
 */
export function refused(ballot, problem, now_ms) {
  const { pending } = ballot;
  if (!pending || (problem.id !== undefined && problem.id !== pending.nonce)) return ballot;
  const passing = problem.status === 0 || problem.status >= 500 || PASSING.has(problem.code);
  if (passing || (problem.code === "round_not_open" && problem.phase === "paused")) {
    const wait_ms = problem.retry_after_ms ?? Math.min(RETRY_MAX_MS, 1000 * 1.5 ** pending.tries);
    return { ...ballot, pending: { ...pending, not_before_ms: now_ms + wait_ms } };
  }
  return { ...ballot, pending: null, refusal: problem.code };
}

/**
 * Take what the service knows of this phone. It adds receipts and takes none away: those of an identity that has
 * expired are in the ledger all the same. A vote that had been accepted, its answer lost, is thereby done.
 * @param {Ballot} ballot
 * @param {OwnState} own
 * @returns {Ballot}
 */
export function adopt(ballot, own) {
  if (own.round !== ballot.round || own.run !== ballot.run) return ballot;
  const receipts = together(ballot.receipts, own.ballots);
  const { votes_left, resets_at_ms } = own;
  const news = receipts.length > ballot.receipts.length;
  return { ...ballot, receipts, votes_left, resets_at_ms, refusal: news ? null : ballot.refusal };
}

/** Take in what another tab of this phone has kept. @param {Ballot} ballot @param {Ballot} other @returns {Ballot} */
export function merge(ballot, other) {
  const receipts = together(ballot.receipts, other.receipts);
  if (receipts.length === ballot.receipts.length) return ballot;
  const { votes_left, resets_at_ms } = other;
  return { ...ballot, receipts, votes_left, resets_at_ms, refusal: null };
}

/** The person has read the refusal. @param {Ballot} ballot @returns {Ballot} */
export function dismissed(ballot) {
  return ballot.refusal === null ? ballot : { ...ballot, refusal: null };
}

/**
 * How many new ballots may be cast now; a change of mind is none.
 * @param {Ballot} ballot
 * @param {number|null} votes_per_day
 * @param {number} now_ms the server's time
 */
export function votesLeft(ballot, votes_per_day, now_ms) {
  if (votes_per_day === null) return ballot.receipts.length ? 0 : 1;
  if (ballot.resets_at_ms !== null && now_ms >= ballot.resets_at_ms) return votes_per_day;
  return ballot.votes_left ?? votes_per_day;
}

/** @param {Ballot} ballot @returns {OwnBallot|null} the vote that stands, or the last one of several */
export function lastReceipt({ receipts }) {
  return receipts.at(-1) ?? null;
}

/** @param {Ballot} ballot @returns {object} plain data */
export function saveBallot(ballot) {
  return { ...ballot, pending: ballot.pending && { choices: ballot.pending.choices, nonce: ballot.pending.nonce } };
}

/**
 * Read what `saveBallot` gave, for this run; anything else is a start.
 * @param {unknown} data
 * @param {RunKey} key
 * @returns {Ballot}
 */
export function loadBallot(data, key) {
  const saved = /** @type {any} */ (data);
  const fresh = startBallot(key);
  if (saved?.round !== key.round || saved?.run !== key.run || !Array.isArray(saved?.receipts)) return fresh;
  const { choices, nonce } = saved.pending ?? {};
  const pending = Array.isArray(choices) && typeof nonce === "string";
  return { ...fresh, ...saved, pending: pending ? { choices, nonce, tries: 0, not_before_ms: -Infinity } : null };
}

/** @param {Pick<Crypto, "getRandomValues">} source @returns {string} the voter's own randomness, 128 bits */
export function makeNonce(source) {
  return [...source.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
