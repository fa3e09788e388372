// @ts-check
// One socket's life, from the handshake to its loss: hello, pings, and the watchdog that gives up a line gone silent.
// It opens no second one: connection.js decides what follows a loss. After `onLost` nothing more is called.

/** @import { Timers, RoundTrip, ServerMessage } from "./types.js" */

export const PING_INTERVAL_MS = 15000;
export const SILENCE_MAX_MS = 35000;
const HANDSHAKE_MAX_MS = 8000;
/** A page come back from the background gives an old socket this long to answer. */
const PROVE_MAX_MS = 3000;
/** What a loss is called that no close code explains, as in browsers. */
const LOST = 1006;

const SERVER_TYPES = new Set(["tally", "welcome", "receipt", "liked", "problem", "pong"]);

/**
 * @typedef {object} SocketOptions
 * @property {typeof WebSocket} SocketClass
 * @property {string} address
 * @property {Timers} timers
 * @property {() => void} onOpen
 * @property {(message: ServerMessage, received_ms: number) => void} onMessage known types only
 * @property {(trip: RoundTrip) => void} onTrip
 * @property {(code: number) => void} onLost once, never from within the constructor
 */

export class SocketLife {
  #options;
  #socket;
  #ended = false;
  #heard_ms = 0;
  #pinged_ms = 0;
  /** @type {any} */
  #silence;
  /** @type {any} */
  #beat;

  /** Throws where the browser forbids sockets. @param {SocketOptions} options */
  constructor(options) {
    this.#options = options;
    this.#socket = new options.SocketClass(options.address);
    this.#patience(HANDSHAKE_MAX_MS);
    this.#socket.onopen = () => {
      this.#options.onOpen();
      this.#pingOn();
    };
    this.#socket.onmessage = (event) => this.#onFrame(event.data);
    this.#socket.onclose = (event) => this.#end(event.code);
  }

  get open() {
    return !this.#ended && this.#socket.readyState === 1;
  }

  /** @param {object} message */
  send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  /** Ask for a sign of life; without one soon, this socket is lost. */
  prove() {
    if (!this.open) return;
    this.#ping();
    this.#patience(PROVE_MAX_MS);
  }

  /** Give it up now. A dead network never brings the close event, so nothing waits for it. */
  lose() {
    this.#end(LOST);
    this.#socket.close();
  }

  /** End it without a word to anybody. */
  discard() {
    this.#ended = true;
    this.#release();
    this.#socket.close();
  }

  #ping() {
    this.#pinged_ms = this.#options.timers.now();
    this.send({ type: "ping", t: this.#pinged_ms });
  }

  #pingOn() {
    if (!this.open) return;
    this.#ping();
    this.#beat = this.#options.timers.setTimeout(() => this.#pingOn(), PING_INTERVAL_MS);
  }

  /** @param {number} delay_ms */
  #patience(delay_ms) {
    this.#options.timers.clearTimeout(this.#silence);
    this.#silence = this.#options.timers.setTimeout(() => this.lose(), delay_ms);
  }

  /** @param {unknown} data */
  #onFrame(data) {
    this.#heard_ms = this.#options.timers.now();
    this.#patience(SILENCE_MAX_MS);
    /** @type {any} */
    let message;
    try {
      message = JSON.parse(String(data));
    } catch {
      return; // Not ours.
    }
    if (!SERVER_TYPES.has(message?.type)) return;
    if (message.type === "pong" && message.t === this.#pinged_ms) {
      const { server_time_ms } = message;
      this.#options.onTrip({ sent_ms: this.#pinged_ms, received_ms: this.#heard_ms, server_time_ms });
    }
    this.#options.onMessage(message, this.#heard_ms);
  }

  /** @param {number} code */
  #end(code) {
    if (this.#ended) return;
    this.#ended = true;
    this.#release();
    this.#options.onLost(code);
  }

  #release() {
    this.#options.timers.clearTimeout(this.#silence);
    this.#options.timers.clearTimeout(this.#beat);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
  }
}
