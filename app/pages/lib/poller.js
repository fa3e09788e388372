// @ts-check
// The road without a socket: reads the tally, every two seconds unless told otherwise, with If-None-Match, and carries votes and likes as
// PUT, handing their answers back in the shape the socket gives them. It decides nothing about when it is wanted.

import { Problem, sessionPath } from "./api.js";
import { backoffMs } from "./reconnect.js";

/** @import { Api, Timers, ServerMessage, ClientMessage, TallyDocument } from "./types.js" */

export const POLL_INTERVAL_MS = 2000;
/** An HTTP `Date` has whole seconds: take the middle, and know the error. */
const DATE_SLACK_MS = 500;

/**
 * @typedef {object} PollerOptions
 * @property {Api} api
 * @property {string} code
 * @property {Timers} timers
 * @property {number} [interval_ms] from one answer to the next question
 * @property {(document: TallyDocument) => void} onTally
 * @property {(trip: import("./types.js").RoundTrip) => void} onTrip
 * @property {() => void} onAnswer after each answer, 304 included
 * @property {(problem: Problem) => void} onFailure after each try that failed
 */

export class Poller {
  #options;
  #running = false;
  /** @type {any} */
  #timer = null;
  /** @type {string|null} */
  #etag = null;
  #failures = 0;
  /** Counts starts, so that an answer to an older start is dropped. */
  #generation = 0;

  /** @param {PollerOptions} options */
  constructor(options) {
    this.#options = options;
  }

  get running() {
    return this.#running;
  }

  /** Begin at once; does nothing while already running. */
  start() {
    if (this.#running) return;
    this.#running = true;
    this.#failures = 0;
    this.#generation += 1;
    void this.#poll(this.#generation);
  }

  /** Ask again now rather than at the end of the present wait. */
  hurry() {
    if (!this.#running) return;
    this.stop();
    this.start();
  }

  stop() {
    this.#running = false;
    this.#generation += 1;
    this.#options.timers.clearTimeout(this.#timer);
  }

  /** Forget the last ETag: another credential sees another view. */
  forget() {
    this.#etag = null;
  }

  /** @param {number} generation */
  async #poll(generation) {
    const { api, code, timers, interval_ms = POLL_INTERVAL_MS, onTally, onTrip, onAnswer, onFailure } = this.#options;
    let delay_ms;
    try {
      const answer = await api.call("GET", `${sessionPath(code)}/tally`, {
        tries_max: 1,
        headers: this.#etag ? { "if-none-match": this.#etag } : {},
      });
      if (generation !== this.#generation) return;
      this.#failures = 0;
      this.#etag = answer.headers.get("etag") ?? this.#etag;
      const date_ms = Date.parse(answer.headers.get("date") ?? "");
      const { sent_ms, received_ms } = answer;
      onTrip({ sent_ms, received_ms, server_time_ms: date_ms + DATE_SLACK_MS, slack_ms: DATE_SLACK_MS });
      if (answer.body) onTally(answer.body);
      onAnswer();
      delay_ms = interval_ms * (0.9 + timers.random() * 0.2);
    } catch (error) {
      if (generation !== this.#generation) return;
      const problem = error instanceof Problem ? error : new Problem({ code: "unreadable", status: 0, title: String(error) });
      onFailure(problem);
      delay_ms = Math.max(problem.fields.retry_after_ms ?? 0, backoffMs(this.#failures, timers.random()));
      this.#failures += 1;
    }
    if (generation === this.#generation && this.#running) {
      this.#timer = timers.setTimeout(() => void this.#poll(generation), delay_ms);
    }
  }
}

/**
 * Carry one message by HTTP. Never rejects: a refusal comes back as a `problem`, also when nobody answered.
 * @param {Api} api
 * @param {string} code
 * @param {ClientMessage} message
 * @returns {Promise<ServerMessage|null>} null for what has no HTTP form
 */
export async function sendByHttp(api, code, message) {
  const id = "id" in message && message.id !== undefined ? { id: message.id } : {};
  try {
    switch (message.type) {
      case "vote": {
        const { type: _type, id: _id, round, ...ballot } = message;
        return { type: "receipt", ...id, ...(await api.put(`${sessionPath(code)}/rounds/${round}/vote`, ballot)) };
      }
      case "like": {
        const { type: _type, id: _id, round, ...likes } = message;
        // Totals are cumulative and will be sent again: no need to hold on to this try.
        const liked = await api.put(`${sessionPath(code)}/rounds/${round}/likes`, likes, { tries_max: 1 });
        return { type: "liked", ...id, ...liked };
      }
      case "heartbeat":
        return null;
      default:
        throw new TypeError(`no such message: ${JSON.stringify(message)}`);
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { type: "problem", ...error.fields, ...id };
  }
}
