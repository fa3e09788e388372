// @ts-check
// What a page knows, as one value: `reduce(state, message)` gives the next. Pure, and the only place that decides
// which tally is the newest. It never derives a figure: what is shown is what the service counted. Messages that
// change nothing return the very same state, so that a page can compare by identity.

/** @import { TallyDocument, WelcomeMessage, SessionDocument, ConnectionState } from "./types.js" */
/** @import { ServerMessage, ConnectionMessage, ClockMessage } from "./types.js" */
/** @typedef {{type: "session", session: SessionDocument}} SessionMessage */
/** @typedef {ServerMessage|ConnectionMessage|ClockMessage|SessionMessage} Message */

/**
 * @typedef {object} State
 * @property {TallyDocument|null} tally the newest one
 * @property {ConnectionState} connection
 * @property {WelcomeMessage|null} welcome who the service takes this page for, on the present socket
 * @property {SessionDocument|null} session the last session document that was handed in
 * @property {number} offset_ms server's clock minus local clock
 * @property {number|null} round_trip_ms
 */

/** @type {State} */
export const INITIAL_STATE = Object.freeze({
  tally: null,
  connection: Object.freeze({ status: "connecting", reason: null, attempt: 0 }),
  welcome: null,
  session: null,
  offset_ms: 0,
  round_trip_ms: null,
});

/**
 * Say whether `candidate` may replace `held`: not older by (epoch, version). An equal one may, because the same
 * version is rendered for several views.
 * @param {{epoch: number, version: number}|null} held
 * @param {{epoch: number, version: number}} candidate
 */
export function isCurrent(held, candidate) {
  if (!held) return true;
  if (candidate.epoch !== held.epoch) return candidate.epoch > held.epoch;
  return candidate.version >= held.version;
}

/**
 * @param {State} state
 * @param {Message} message
 * @returns {State}
 */
export function reduce(state, message) {
  switch (message.type) {
    case "tally":
      return isCurrent(state.tally, message) ? { ...state, tally: message } : state;
    case "welcome":
      return { ...state, welcome: message };
    case "session":
      return { ...state, session: message.session };
    case "connection": {
      const { status, reason, attempt } = message;
      const held = state.connection;
      if (held.status === status && held.reason === reason && held.attempt === attempt) return state;
      const welcome = status === "live" ? state.welcome : null;
      return { ...state, welcome, connection: { status, reason, attempt } };
    }
    case "clock": {
      const { offset_ms, round_trip_ms } = message;
      if (state.offset_ms === offset_ms && state.round_trip_ms === round_trip_ms) return state;
      return { ...state, offset_ms, round_trip_ms };
    }
    // Answers to what this page sent: its likes and its ballot keep those, not the store.
    case "receipt":
    case "liked":
    case "problem":
    case "pong":
      return state;
    default:
      throw new TypeError(`no such message: ${JSON.stringify(message)}`);
  }
}

/**
 * Who stands on stage alone, as in a gala's window: of the round's two choices one is a contestant, the other is not.
 * @param {Pick<TallyDocument, "contestants"|"round">} document
 * @returns {string|null} the contestant's key
 */
export function aloneOnStage({ contestants, round }) {
  if (round?.choices?.length !== 2) return null;
  const known = round.choices.filter((choice) => contestants.some(({ key, name }) => key === choice.key && name === choice.name));
  return known.length === 1 ? (known[0]?.key ?? null) : null;
}

/** @param {State} state @param {number} local_ms @returns {number} the server's time */
export function serverNow(state, local_ms) {
  return local_ms + state.offset_ms;
}

/**
 * Say whether a tally is too old to be believed, by the service's own word.
 * @param {{server_time_ms: number, stale_after_ms?: number}} tally
 * @param {number} now_ms the server's clock
 */
export function isStale(tally, now_ms) {
  return tally.stale_after_ms !== undefined && now_ms - tally.server_time_ms > tally.stale_after_ms;
}
