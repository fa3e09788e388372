// @ts-check
// The guard before a command leaves: what cannot be undone wants a second press within three seconds, and a press that
// falls on a button whose meaning has only just changed is ignored. Pure: the time is an argument.

export const WINDOW_MS = 3000;
/** A second press sooner than this is the bounce of the first. */
export const BOUNCE_MS = 300;
/** A button that has just got a new meaning takes no press for so long. */
export const SETTLE_MS = 600;

/**
 * @typedef {object} Guard
 * @property {string|null} armed what the first press was for, such as "lock/1/2"
 * @property {number} armed_at_ms
 * @property {string|null} meaning what the big button meant last
 * @property {number} meant_since_ms
 */

/** @returns {Guard} */
export function newGuard() {
  return { armed: null, armed_at_ms: 0, meaning: null, meant_since_ms: -Infinity };
}

/**
 * Take a press.
 * @param {Guard} guard
 * @param {{key: string, confirm: boolean, big?: boolean}} press `big` where it was the big button or Space
 * @param {number} nowMs
 * @returns {{guard: Guard, act: "send"|"arm"|"ignore"}}
 */
export function press(guard, { key, confirm, big = false }, nowMs) {
  const current = expire(guard, nowMs);
  if (big && current.meaning === key && nowMs - current.meant_since_ms < SETTLE_MS) return { guard: current, act: "ignore" };
  if (!confirm) return { guard: { ...current, armed: null }, act: "send" };
  if (current.armed !== key) return { guard: { ...current, armed: key, armed_at_ms: nowMs }, act: "arm" };
  if (nowMs - current.armed_at_ms < BOUNCE_MS) return { guard: current, act: "ignore" };
  return { guard: { ...current, armed: null }, act: "send" };
}

/**
 * Note what the big button means now. A change of meaning disarms it and starts the settling time; the first meaning does not.
 * @param {Guard} guard
 * @param {string|null} key
 * @param {number} nowMs
 * @returns {Guard}
 */
export function meanNow(guard, key, nowMs) {
  if (guard.meaning === key) return guard;
  const since = guard.meaning === null ? guard.meant_since_ms : nowMs;
  return { ...guard, armed: null, meaning: key, meant_since_ms: since };
}

/**
 * Drop an armed press whose three seconds are over.
 * @param {Guard} guard
 * @param {number} nowMs
 * @returns {Guard}
 */
export function expire(guard, nowMs) {
  return guard.armed !== null && nowMs - guard.armed_at_ms >= WINDOW_MS ? { ...guard, armed: null } : guard;
}

/**
 * Whole seconds left of the three, 0 where nothing is armed for this key.
 * @param {Guard} guard
 * @param {string} key
 * @param {number} nowMs
 */
export function secondsLeft(guard, key, nowMs) {
  if (guard.armed !== key) return 0;
  return Math.max(0, Math.ceil((WINDOW_MS - (nowMs - guard.armed_at_ms)) / 1000));
}

/**
 * Say whether a press on this button would be ignored right now, so that it can be shown as not ready.
 * @param {Guard} guard
 * @param {string} key
 * @param {number} nowMs
 */
export function isSettling(guard, key, nowMs) {
  if (guard.armed === key && nowMs - guard.armed_at_ms < BOUNCE_MS) return true;
  return guard.meaning === key && nowMs - guard.meant_since_ms < SETTLE_MS;
}
