// @ts-check
// Counts this phone's likes in one run and decides what to send, and when. Pure: times and answers are arguments.
// What goes out is the total so far, never a difference: a message lost, repeated or late can neither lose nor
// double a like. The state is plain data between `save` and `load`, so that a reload loses nothing.

/** @typedef {{round: number, run: number}} RunKey */

/**
 * @typedef {object} Likes
 * @property {number} round
 * @property {number} run
 * @property {ReadonlyMap<string, number>} own all that was tapped on this phone, in this run
 * @property {ReadonlyMap<string, number>} acked what the service has confirmed
 * @property {number} sent_ms when the last message went; -Infinity before the first
 * @property {boolean} inFlight its answer is still out
 * @property {number} not_before_ms do not send earlier: clipped, or told to wait
 */

export const LIKE_INTERVAL_MS = 300;
/** After this long an answer counts as lost, and the totals go again. */
const ANSWER_MAX_MS = 3000;
/** The service lets totals grow at a rate: what was clipped fits a second later. */
const CLIPPED_WAIT_MS = 1000;

/** @param {RunKey} key @returns {Likes} a run starts at nothing */
export function startLikes({ round, run }) {
  return { round, run, own: new Map(), acked: new Map(), sent_ms: -Infinity, inFlight: false, not_before_ms: -Infinity };
}

/** @param {Likes} likes @param {string} choice @param {number} [count] @returns {Likes} */
export function tap(likes, choice, count = 1) {
  return { ...likes, own: new Map(likes.own).set(choice, (likes.own.get(choice) ?? 0) + count) };
}

/** @param {Likes} likes @param {string} choice @returns {number} tapped and not yet confirmed */
export function unconfirmed(likes, choice) {
  return Math.max(0, (likes.own.get(choice) ?? 0) - (likes.acked.get(choice) ?? 0));
}

/** @param {Likes} likes @returns {boolean} */
export function hasUnconfirmed(likes) {
  return [...likes.own.keys()].some((choice) => unconfirmed(likes, choice) > 0);
}

/**
 * Give the totals to send now, or null. At most one message every 300 ms, and none while an answer is awaited.
 * @param {Likes} likes
 * @param {number} now_ms
 * @returns {Record<string, number>|null}
 */
export function due(likes, now_ms) {
  if (!hasUnconfirmed(likes)) return null;
  const wait_ms = likes.inFlight ? ANSWER_MAX_MS : LIKE_INTERVAL_MS;
  if (now_ms < likes.not_before_ms || now_ms - likes.sent_ms < wait_ms) return null;
  return Object.fromEntries(likes.own);
}

/** @param {Likes} likes @param {number} now_ms @returns {Likes} */
export function sent(likes, now_ms) {
  return { ...likes, sent_ms: now_ms, inFlight: true };
}

/**
 * Take the service's answer. What it says stands is the truth about what is confirmed; own taps stay.
 * @param {Likes} likes
 * @param {{round: number, run: number, totals: Record<string, number>, clipped: boolean}} liked
 * @param {number} now_ms
 * @returns {Likes}
 */
export function acked(likes, liked, now_ms) {
  if (liked.round !== likes.round || liked.run !== likes.run) return likes;
  const own = new Map(likes.own);
  const confirmed = new Map(likes.acked);
  for (const [choice, total] of Object.entries(liked.totals)) {
    confirmed.set(choice, Math.max(total, confirmed.get(choice) ?? 0));
    // More than this page knows of: another tab of the same phone has tapped.
    own.set(choice, Math.max(total, own.get(choice) ?? 0));
  }
  const not_before_ms = liked.clipped ? now_ms + CLIPPED_WAIT_MS : likes.not_before_ms;
  return { ...likes, own, acked: confirmed, inFlight: false, not_before_ms };
}

/**
 * The service holds more than this phone said: its totals are the base, what was tapped since goes on top.
 * @param {Likes} likes
 * @param {Record<string, number>} totals
 * @returns {Likes}
 */
export function shrank(likes, totals) {
  const own = new Map(likes.own);
  const confirmed = new Map(likes.acked);
  for (const [choice, total] of Object.entries(totals)) {
    own.set(choice, Math.max(own.get(choice) ?? 0, total + unconfirmed(likes, choice)));
    confirmed.set(choice, total);
  }
  return { ...likes, own, acked: confirmed, inFlight: false };
}

/** The message was refused or lost: wait, and send the totals again. @param {Likes} likes @param {number} not_before_ms @returns {Likes} */
export function failed(likes, not_before_ms) {
  return { ...likes, inFlight: false, not_before_ms };
}

/**
 * The device token was given up for a new one: the service begins again at nothing. What the old identity brought is
 * counted and must not be brought again; what was not confirmed goes on.
 * @param {Likes} likes
 * @returns {Likes}
 */
export function underNewIdentity(likes) {
  const own = new Map([...likes.own.keys()].map((choice) => [choice, unconfirmed(likes, choice)]));
  return { ...likes, own, acked: new Map(), inFlight: false };
}

/**
 * Say what count to show: up at once with every tap, no dip while the answer and the next tally are on their way, and
 * the service's own figure as soon as it is `settled`. A lost answer can make it too high for that long, no longer.
 * @param {number} shown what stood there before in the same run and epoch, 0 at first
 * @param {number} counted the service's figure
 * @param {number} waiting this phone's unconfirmed likes
 * @param {boolean} settled the figure holds all that was confirmed, and nothing more is to come
 */
export function shownCount(shown, counted, waiting, settled) {
  return settled ? counted : Math.max(shown, counted + waiting);
}

/** @param {Likes} likes @returns {object} plain data */
export function save(likes) {
  return { round: likes.round, run: likes.run, own: [...likes.own], acked: [...likes.acked] };
}

/** @param {unknown} data @returns {Map<string, number>} */
function readCounts(data) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const entry of Array.isArray(data) ? data : []) {
    if (Array.isArray(entry) && typeof entry[0] === "string" && Number.isSafeInteger(entry[1]) && entry[1] >= 0) {
      counts.set(entry[0], entry[1]);
    }
  }
  return counts;
}

/**
 * Read what `save` gave; nothing, or something unreadable, is a start at nothing.
 * @param {unknown} data
 * @param {RunKey} key
 * @returns {Likes}
 */
export function load(data, key) {
  const saved = /** @type {any} */ (data);
  const fresh = startLikes(key);
  if (saved?.round !== key.round || saved?.run !== key.run) return fresh;
  return { ...fresh, own: readCounts(saved.own), acked: readCounts(saved.acked) };
}

/**
 * Take in what another tab of this phone has saved meanwhile: the greater of each.
 * @param {Likes} likes
 * @param {Likes} other
 * @returns {Likes}
 */
export function merge(likes, other) {
  if (likes.round !== other.round || likes.run !== other.run) return likes;
  const greater = (/** @type {ReadonlyMap<string, number>} */ a, /** @type {ReadonlyMap<string, number>} */ b) =>
    new Map([...a, ...[...b].filter(([choice, count]) => count > (a.get(choice) ?? 0))]);
  return { ...likes, own: greater(likes.own, other.own), acked: greater(likes.acked, other.acked) };
}
