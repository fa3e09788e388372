// @ts-check
// Estimates how far the server's clock is ahead of the local one. Pure: every time is an argument.
// A round trip bounds the offset to half its length either way, so the shortest one of the last few wins. A document
// that merely arrived bounds it from below only, because it may be old: it counts until the first round trip.

/** @typedef {{offset_ms: number, error_ms: number}} Sample */
/** @typedef {{samples: readonly Sample[], arrival_offset_ms: number|null}} Clock */

const SAMPLES_MAX = 8;
/** What two honest samples may differ by beyond their own bounds: the drift of a phone's clock between them. */
const DRIFT_MS = 50;

/** @type {Clock} */
export const UNKNOWN_CLOCK = Object.freeze({ samples: Object.freeze([]), arrival_offset_ms: null });

/**
 * Take a round trip. `slack_ms` is what the server's time itself may be off by (500 for an HTTP `Date`).
 * A sample that contradicts all that was known means that the local clock was set: the old ones go.
 * @param {Clock} clock
 * @param {import("./types.js").RoundTrip} trip
 * @returns {Clock}
 */
export function observeRoundTrip(clock, { sent_ms, received_ms, server_time_ms, slack_ms = 0 }) {
  const round_trip_ms = received_ms - sent_ms;
  if (!(round_trip_ms >= 0) || !Number.isFinite(server_time_ms)) return clock;
  const sample = {
    offset_ms: server_time_ms - sent_ms - round_trip_ms / 2,
    error_ms: round_trip_ms / 2 + slack_ms,
  };
  const agreeing = clock.samples.filter(
    (held) => Math.abs(held.offset_ms - sample.offset_ms) <= held.error_ms + sample.error_ms + DRIFT_MS,
  );
  return { ...clock, samples: [...agreeing, sample].slice(-SAMPLES_MAX) };
}

/**
 * Take a message that came without being asked for.
 * @param {Clock} clock
 * @param {number} server_time_ms
 * @param {number} received_ms
 * @returns {Clock}
 */
export function observeArrival(clock, server_time_ms, received_ms) {
  const least = server_time_ms - received_ms;
  if (!Number.isFinite(least) || (clock.arrival_offset_ms ?? -Infinity) >= least) return clock;
  return { ...clock, arrival_offset_ms: least };
}

/** @param {Clock} clock @returns {Sample|null} the sample with the least round trip, the later of equals */
function best(clock) {
  /** @type {Sample|null} */
  let found = null;
  for (const sample of clock.samples) if (!found || sample.error_ms <= found.error_ms) found = sample;
  return found;
}

/** @param {Clock} clock @returns {number} to be added to local time; 0 while nothing is known */
export function offsetMs(clock) {
  return Math.round(best(clock)?.offset_ms ?? clock.arrival_offset_ms ?? 0);
}

/** @param {Clock} clock @returns {number|null} the round trip behind the estimate, null before the first */
export function roundTripMs(clock) {
  const sample = best(clock);
  return sample && sample.error_ms * 2;
}

/** @param {Clock} clock @param {number} local_ms @returns {number} the server's time */
export function now(clock, local_ms) {
  return local_ms + offsetMs(clock);
}
