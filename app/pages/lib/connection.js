// @ts-check
// Holds one page's line to the service: a socket that comes back for ever, HTTP polling where sockets do not pass,
// and the clock's offset. It hands messages on and keeps none but the latest tally between a socket's opening and its
// welcome. It never decides which tally is newest (store.js) nor what a message means to a page.

import { createApi, REAL_TIMERS } from "./api.js";
import { observeArrival, observeRoundTrip, offsetMs, roundTripMs, UNKNOWN_CLOCK } from "./clock.js";
import { Poller, sendByHttp } from "./poller.js";
import { backoffMs, closeRule, ruleDelayMs } from "./reconnect.js";
import { SocketLife } from "./socket.js";

/** @typedef {import("./types.js").Connection} Connection */
/** @import { Problem } from "./api.js" */
/** @import { Clock } from "./clock.js" */
/** @import { ServerMessage, ClientMessage, ConnectionState, ConnectOptions, PageEvent } from "./types.js" */

/** A page with nothing to show does not wait for two failed handshakes before it asks by HTTP. */
const FIRST_TALLY_PATIENCE_MS = 3000;
/** A socket must last this long before its loss counts as the first again. */
const STEADY_AFTER_MS = 10000;
const WELCOME_PATIENCE_MS = 2000;
const FAILED_HANDSHAKES_BEFORE_POLLING = 2;
/** While polling does well: between half of this and all of it until the next try of a socket. */
const SOCKET_RETRY_WHILE_POLLING_MS = 30000;

/** @param {(event: PageEvent) => void} listener @returns {() => void} */
function watchBrowser(listener) {
  if (typeof window === "undefined") return () => {};
  const stop = new AbortController();
  const { signal } = stop;
  window.addEventListener("pageshow", (event) => event.persisted && listener("restored"), { signal });
  window.addEventListener("pagehide", () => listener("leaving"), { signal });
  window.addEventListener("online", () => listener("online"), { signal });
  document.addEventListener("visibilitychange", () => !document.hidden && listener("shown"), { signal });
  return () => stop.abort();
}

/** @param {string} base @param {string} code @param {string|null|undefined} channel */
function socketAddress(base, code, channel) {
  const address = new URL(`/ws/sessions/${encodeURIComponent(code)}`, base);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  if (channel) address.searchParams.set("channel", channel);
  return address.href;
}

class Line {
  #options;
  #timers;
  #base;
  #SocketClass;
  #api;
  #poller;
  #unwatch;
  /** @type {string|null} */
  #token;
  #clock = UNKNOWN_CLOCK;
  /** @type {ConnectionState} */
  #state = { status: "connecting", reason: null, attempt: 0 };
  /** @type {SocketLife|null} */
  #socket = null;
  /** The present socket has given its first frame. */
  #live = false;
  #everLive = false;
  /** A tally has reached the page. */
  #delivered = false;
  /** Close codes can rule sockets out. */
  #socketsAllowed = true;
  #welcomeDue = false;
  /** A new socket's public tally, while the welcome that brings this page's own view is due. @type {ServerMessage|null} */
  #held = null;
  #attempt = 0;
  #failedHandshakes = 0;
  /** @type {Map<string, any>} */
  #running = new Map();

  /** @param {ConnectOptions} options */
  constructor(options) {
    this.#options = options;
    this.#timers = options.timers ?? REAL_TIMERS;
    this.#base = options.base ?? globalThis.location?.origin ?? "";
    this.#SocketClass = options.WebSocketClass === undefined ? (globalThis.WebSocket ?? null) : options.WebSocketClass;
    this.#token = options.token ?? null;
    this.#api = createApi({
      base: this.#base,
      token: () => this.#token,
      timers: this.#timers,
      ...(options.fetchFunction ? { fetchFunction: options.fetchFunction } : {}),
    });
    this.#poller = new Poller({
      api: this.#api,
      code: options.code,
      timers: this.#timers,
      ...(options.pollInterval_ms === undefined ? {} : { interval_ms: options.pollInterval_ms }),
      onTally: (document) => this.#deliver(document),
      onTrip: (trip) => this.#learn(observeRoundTrip(this.#clock, trip)),
      onAnswer: () => this.#onPollAnswer(),
      onFailure: (problem) => this.#onPollFailure(problem),
    });
    this.#unwatch = (options.watchPage ?? watchBrowser)((event) => this.#onPageEvent(event));
    this.#after("first_tally", FIRST_TALLY_PATIENCE_MS, () => this.#delivered || this.#poller.start());
    this.#openSocket();
  }

  state() {
    return this.#state;
  }

  /** @param {ClientMessage} message @returns {"socket"|"http"|null} */
  send(message) {
    if (this.#live && this.#socket?.open) {
      this.#socket.send(message);
      return "socket";
    }
    if (this.#state.status !== "polling" || message.type === "heartbeat") return null;
    void sendByHttp(this.#api, this.#options.code, message).then((answer) => {
      if (answer && this.#state.status !== "stopped") this.#deliver(answer);
    });
    return "http";
  }

  /** @param {string|null} token */
  setToken(token) {
    const changed = token !== this.#token;
    this.#token = token;
    if (changed) this.#poller.forget();
    if (this.#state.status === "stopped") {
      if (this.#state.reason !== "closed") this.#restart();
    } else if (changed) this.#sayHello();
  }

  resync() {
    if (this.#state.status === "stopped") {
      if (this.#state.reason === "session_not_found") this.#restart();
      return;
    }
    this.#poller.hurry();
    if (this.#socket) this.#socket.prove();
    else this.#openSocket();
  }

  close() {
    this.#stop("closed");
    this.#unwatch();
  }

  // The socket.

  #openSocket() {
    this.#cancel("open");
    if (!this.#SocketClass || !this.#socketsAllowed) {
      this.#poller.start();
      return;
    }
    try {
      this.#socket = new SocketLife({
        SocketClass: this.#SocketClass,
        address: socketAddress(this.#base, this.#options.code, this.#options.channel),
        timers: this.#timers,
        onOpen: () => this.#sayHello(),
        onMessage: (message, received_ms) => this.#onFrame(message, received_ms),
        onTrip: (trip) => this.#learn(observeRoundTrip(this.#clock, trip)),
        onLost: (code) => this.#onLost(code),
      });
    } catch {
      this.#onLost(1006); // The browser's settings forbid it.
    }
  }

  #sayHello() {
    if (!this.#socket?.open) return;
    if (!this.#token) {
      // Nobody answers a hello without a token, but an overlay that says so is not counted as a person.
      if (this.#options.hello) this.#socket.send({ ...this.#options.hello, type: "hello" });
      return;
    }
    this.#socket.send({ ...this.#options.hello, type: "hello", token: this.#token });
    this.#welcomeDue = true;
    this.#after("welcome", WELCOME_PATIENCE_MS, () => {
      this.#welcomeDue = false;
      if (this.#held) this.#deliver(this.#held);
      this.#held = null;
    });
  }

  /** @param {ServerMessage} message @param {number} received_ms */
  #onFrame(message, received_ms) {
    if (!this.#live) this.#onFirstFrame();
    if (message.type === "welcome") {
      this.#welcomeDue = false;
      this.#held = null; // The tally of this page's own view follows.
      this.#learn(observeArrival(this.#clock, message.server_time_ms, received_ms));
    }
    // A page that already shows its own view must not flash the public one at each reconnect.
    if (message.type === "tally" && this.#welcomeDue && this.#delivered) this.#held = message;
    else this.#deliver(message);
  }

  #onFirstFrame() {
    this.#live = true;
    this.#everLive = true;
    this.#failedHandshakes = 0;
    this.#poller.stop();
    this.#after("steady", STEADY_AFTER_MS, () => {
      this.#attempt = 0;
    });
    this.#setState("live", null);
  }

  /** @param {number} code */
  #onLost(code) {
    if (!this.#live) this.#failedHandshakes += 1;
    this.#socket = null;
    this.#live = false;
    this.#welcomeDue = false;
    this.#held = null;
    this.#cancel("steady");
    this.#cancel("welcome");
    const rule = closeRule(code);
    if (rule?.then === "stop") {
      this.#stop(rule.reason);
      return;
    }
    if (rule?.then === "poll") this.#socketsAllowed = false;
    const attempt = this.#attempt;
    this.#attempt += 1;
    if (this.#state.status !== "polling") {
      this.#setState(this.#delivered ? "waiting" : "connecting", rule?.reason ?? null);
    }
    // No room, or told to slow down: the tally still comes by HTTP meanwhile.
    const meanwhile = rule?.then === "poll" || code === 4503 || code === 4429;
    if (meanwhile || this.#failedHandshakes >= FAILED_HANDSHAKES_BEFORE_POLLING) this.#poller.start();
    if (!this.#socketsAllowed) return;
    const chance = this.#timers.random();
    if (this.#state.status === "polling") this.#retryLater();
    else this.#retryAfter(rule ? ruleDelayMs(rule, attempt, chance) : backoffMs(attempt, chance));
  }

  /** @param {number} delay_ms */
  #retryAfter(delay_ms) {
    this.#after("open", delay_ms, () => this.#openSocket());
  }

  #retryLater() {
    this.#retryAfter(SOCKET_RETRY_WHILE_POLLING_MS * (0.5 + this.#timers.random() / 2));
  }

  // Polling.

  #onPollAnswer() {
    if (this.#live || this.#state.status === "polling") return;
    const lost = this.#state.reason === null || this.#state.reason === "unreachable" || this.#state.reason === "timeout";
    this.#setState("polling", null);
    if (!lost || !this.#running.has("open")) return;
    // Where a socket has worked before, the service is back: try soon. Else sockets are blocked: now and then.
    if (this.#everLive) this.#retryAfter(500 + this.#timers.random() * 1500);
    else this.#retryLater();
  }

  /** @param {Problem} problem */
  #onPollFailure(problem) {
    if (this.#live) return;
    if (problem.code === "session_not_found") this.#stop(problem.code);
    else if (problem.status === 401) this.#stop("token");
    else this.#setState(this.#delivered ? "waiting" : "connecting", problem.code);
  }

  // Everything else.

  /** @param {PageEvent} event */
  #onPageEvent(event) {
    switch (event) {
      case "shown":
        this.resync();
        break;
      case "restored":
        this.#socket?.lose();
        this.resync();
        break;
      case "online":
        // Everybody in the hall is back in the same moment.
        this.#after("online", this.#timers.random() * 500, () => this.resync());
        break;
      case "leaving":
        // An open socket keeps a page out of the back-forward cache.
        this.#socket?.lose();
        break;
      default:
        throw new TypeError(`no such page event: ${event}`);
    }
  }

  #restart() {
    this.#socketsAllowed = true;
    this.#attempt = 0;
    this.#failedHandshakes = 0;
    this.#setState(this.#delivered ? "waiting" : "connecting", null);
    this.#openSocket();
  }

  /** @param {string} reason */
  #stop(reason) {
    for (const name of [...this.#running.keys()]) this.#cancel(name);
    this.#poller.stop();
    this.#socket?.discard();
    this.#socket = null;
    this.#live = false;
    this.#setState("stopped", reason);
  }

  /** @param {ServerMessage} message */
  #deliver(message) {
    if (message.type === "tally") this.#delivered = true;
    this.#options.onMessage(message);
  }

  /** @param {Clock} clock */
  #learn(clock) {
    const before = this.#clock;
    this.#clock = clock;
    if (offsetMs(before) === offsetMs(clock) && roundTripMs(before) === roundTripMs(clock)) return;
    this.#options.onMessage({ type: "clock", offset_ms: offsetMs(clock), round_trip_ms: roundTripMs(clock) });
  }

  /** @param {ConnectionState["status"]} status @param {string|null} reason */
  #setState(status, reason) {
    const attempt = status === "live" || status === "polling" ? 0 : this.#attempt;
    const held = this.#state;
    if (held.status === status && held.reason === reason && held.attempt === attempt) return;
    this.#state = { status, reason, attempt };
    this.#options.onState?.(this.#state);
  }

  /** One timer a name; setting it again moves it. @param {string} name @param {number} delay_ms @param {() => unknown} call */
  #after(name, delay_ms, call) {
    this.#cancel(name);
    const run = () => {
      this.#running.delete(name);
      call();
    };
    this.#running.set(name, this.#timers.setTimeout(run, delay_ms));
  }

  /** @param {string} name */
  #cancel(name) {
    this.#timers.clearTimeout(this.#running.get(name));
    this.#running.delete(name);
  }
}

/**
 * Open a line to a session. The first message is the full tally; it goes on until `close()`.
 * @param {ConnectOptions} options
 * @returns {Connection}
 */
export function connect(options) {
  const line = new Line(options);
  return {
    send: (message) => line.send(message),
    setToken: (token) => line.setToken(token),
    resync: () => line.resync(),
    close: () => line.close(),
    state: () => line.state(),
  };
}
