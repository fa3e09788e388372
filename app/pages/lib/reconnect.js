// @ts-check
// Decides what follows when a socket closes, and how long to wait. Pure: chance is an argument. Thousands of phones
// lose the same server in the same moment, so every wait is spread over its whole range.

/**
 * `retry`: another socket after between `least_ms` and `most_ms`. `poll`: no socket again, read by HTTP.
 * `stop`: neither; the page must do something first.
 * @typedef {{then: "retry"|"poll"|"stop", reason: string, least_ms: number, most_ms: number}} CloseRule
 */

/** @type {ReadonlyMap<number, CloseRule>} */
const CLOSE_RULES = new Map([
  [1001, { then: "retry", reason: "going_down", least_ms: 500, most_ms: 5000 }],
  [1009, { then: "poll", reason: "message_too_big", least_ms: 0, most_ms: 0 }],
  [4400, { then: "poll", reason: "not_understood", least_ms: 0, most_ms: 0 }],
  [4401, { then: "stop", reason: "token", least_ms: 0, most_ms: 0 }],
  [4403, { then: "poll", reason: "origin_refused", least_ms: 0, most_ms: 0 }],
  [4404, { then: "stop", reason: "session_not_found", least_ms: 0, most_ms: 0 }],
  [4408, { then: "retry", reason: "too_slow", least_ms: 500, most_ms: 5000 }],
  [4429, { then: "retry", reason: "too_many_messages", least_ms: 10000, most_ms: 15000 }],
  [4503, { then: "retry", reason: "full", least_ms: 10000, most_ms: 15000 }],
]);

export const BACKOFF_MAX_MS = 30000;
const BACKOFF_FIRST_MS = 2000;
const BACKOFF_LEAST_MS = 250;

/** @param {number} code @returns {CloseRule|null} null: an ordinary loss, which the backoff answers */
export function closeRule(code) {
  return CLOSE_RULES.get(code) ?? null;
}

/**
 * Say how long to wait before attempt number `attempt` (0 is the first after a loss).
 * @param {number} attempt
 * @param {number} chance from 0 to 1
 * @returns {number} at most 30 s
 */
export function backoffMs(attempt, chance) {
  const most = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(BACKOFF_LEAST_MS + chance * (most - BACKOFF_LEAST_MS));
}

/** @param {CloseRule} rule @param {number} attempt @param {number} chance */
export function ruleDelayMs(rule, attempt, chance) {
  const spread = rule.least_ms + chance * (rule.most_ms - rule.least_ms);
  return Math.round(Math.max(spread, attempt > 1 ? backoffMs(attempt, chance) : 0));
}
