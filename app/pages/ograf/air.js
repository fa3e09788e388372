// @ts-check
// One board on air in an OGraf graphic: settings → line, service → model → the overlay's own stage, calls → scenes. It
// draws nothing itself. Whatever fails, the last good frame stays. What overlay/main.js is to a page, this is to an
// element that comes and goes.

import { REAL_TIMERS } from "../lib/api.js";
import { connect } from "../lib/connection.js";
import { INITIAL_STATE, reduce, serverNow } from "../lib/store.js";
import { leftMs } from "../overlay/head.js";
import { modelOf, withAddresses } from "../overlay/model.js";
import { heartbeats } from "../overlay/heartbeat.js";
import { measurePace } from "../overlay/pace.js";
import { initialScenes, reduceScenes } from "../overlay/scenes.js";
import { HEIGHT_PX, makeStage, WIDTH_PX } from "../overlay/stage.js";
import { DEFAULTS, documentFrom, followsArena } from "./fields.js";

/** @typedef {import("../lib/connection.js").Connection} Connection */
/** @typedef {import("../lib/types.js").ConnectionState} ConnectionState */
/** @typedef {import("../lib/types.js").ServerMessage} ServerMessage */
/** @typedef {import("../lib/types.js").ClockMessage} ClockMessage */
/** @typedef {import("../lib/types.js").TallyDocument} TallyDocument */
/** @typedef {import("../overlay/scenes.js").SceneEvent} SceneEvent */
/** @typedef {import("./fields.js").Settings} Settings */

const HEARTBEAT_MS = 5000;
const UNKNOWN_RETRY_MS = 15000;
const TOKEN_RETRY_MS = 300000;
/** As in the overlay: the few graphics of a programme come back soon after a loss, but not all at once. */
const TIMERS = { ...REAL_TIMERS, random: () => Math.random() / 8 };
/** Where no arena is to be asked, no address may lead anywhere. */
const NOWHERE = "nowhere://arena";
/** A scene leaves and the next comes in. */
const CHANGES_MAX = 4;

/** @param {Readonly<Settings>} settings @returns {import("../overlay/options.js").Options} */
function optionsOf({ code, base, theme, lang, token, hidden, who }) {
  return {
    code, server: base, theme, lang, token, hidden, who: [...who],
    scene: null, scale: 1, key: null, safe: false, badge: true, margin: 5, wait: true, channel: "", rows: 10, page: 1,
    turn: 0, bus: "programme", name: "", monitor: false,
  }; // prettier-ignore
}

export class Air {
  #host;
  #frame;
  /** @type {Readonly<Settings>} */
  #settings = DEFAULTS;
  #options = optionsOf(DEFAULTS);
  #stage;
  #scenes = initialScenes({ pinned: null, wait: true });
  #store = INITIAL_STATE;
  /** @type {TallyDocument|null} */
  #document = null;
  /** @type {import("../overlay/model.js").Model|null} */
  #model = null;
  /** @type {Connection|null} */
  #line = null;
  #version = 0;
  /** @type {number|undefined} */
  #fps;
  #beats = heartbeats({ name: "OGraf", bus: "programme" });
  #playing = false;
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  #timers = new Map();
  #ended = new AbortController();
  /** @type {ResizeObserver} */
  #watch;

  /** @param {HTMLElement} host whose box is the picture @param {HTMLElement} frame in its shadow, to draw in */
  constructor(host, frame) {
    this.#host = host;
    this.#frame = frame;
    this.#stage = makeStage(frame, this.#options, { base: () => this.#base() });
    // The stage fits itself to the window; a renderer may give less, or a box of its own.
    addEventListener("resize", () => this.#fit(), { signal: this.#ended.signal });
    this.#watch = new ResizeObserver(() => this.#fit());
    this.#watch.observe(host);
    this.#fit();
    this.#after("heartbeat", HEARTBEAT_MS, () => this.#beat());
  }

  /** Something is known to draw. */
  get ready() {
    return this.#model !== null;
  }

  /** @param {Readonly<Settings>} settings */
  take(settings) {
    const before = this.#settings;
    this.#settings = settings;
    Object.assign(this.#options, optionsOf(settings));
    this.#stage.applyLook();
    const moved = settings.base !== before.base || settings.code !== before.code || settings.token !== before.token;
    const follows = followsArena(settings);
    if (moved && (follows || followsArena(before))) this.#openLine();
    if (follows) this.#repaint(true);
    else this.#show(documentFrom(settings, ++this.#version), false);
    this.#dispatch(settings.scene === before.scene ? { type: "update" } : { type: "update", field: settings.scene });
    // The scenes hold an update back until the first play; here a play may have come before anything could be shown.
    if (this.#playing) this.#dispatch({ type: "play" });
  }

  /** @param {"play"|"stop"|"next"} type @param {boolean} atOnce without movement */
  async call(type, atOnce) {
    this.#playing = type !== "stop";
    this.#dispatch({ type });
    await this.settled(atOnce);
  }

  /** Wait until the scene on air stands. @param {boolean} atOnce */
  async settled(atOnce) {
    if (atOnce) this.#hurry();
    while (this.#scenes.due_ms && !this.#ended.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  end() {
    this.#ended.abort();
    this.#watch.disconnect();
    this.#line?.close();
    this.#line = null;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #base() {
    return followsArena(this.#settings) ? this.#settings.base : NOWHERE;
  }

  #now() {
    return serverNow(this.#store, Date.now());
  }

  /** One timer a name; setting it again moves it. @param {string} name @param {number} delay_ms @param {() => unknown} call */
  #after(name, delay_ms, call) {
    clearTimeout(this.#timers.get(name));
    if (!this.#ended.signal.aborted) this.#timers.set(name, setTimeout(call, delay_ms));
  }

  #fit() {
    const { clientWidth: width, clientHeight: height } = this.#host;
    const fit = Math.min(width / WIDTH_PX, height / HEIGHT_PX);
    if (!fit) return;
    const left = (width - WIDTH_PX * fit) / 2;
    const top = (height - HEIGHT_PX * fit) / 2;
    this.#stage.element.style.transform = `translate(${left.toFixed(2)}px, ${top.toFixed(2)}px) scale(${fit.toFixed(5)})`;
  }

  /** @param {SceneEvent} event @param {number} [now_ms] */
  #dispatch(event, now_ms = performance.now()) {
    const next = reduceScenes(this.#scenes, event, now_ms);
    if (next === this.#scenes) return;
    const moved = next.showing !== this.#scenes.showing;
    this.#scenes = next;
    this.#stage.show(next, this.#now());
    if (moved) void this.#tell();
    clearTimeout(this.#timers.get("scene"));
    if (next.due_ms) this.#after("scene", Math.max(0, next.due_ms - now_ms) + 1, () => this.#dispatch({ type: "tick" }));
  }

  /** Take the scene to where its movements end. */
  #hurry() {
    this.#frame.dataset.instant = "yes";
    for (let changes = 0; this.#scenes.due_ms && changes < CHANGES_MAX; changes += 1) {
      this.#dispatch({ type: "tick" }, this.#scenes.due_ms);
    }
    this.#repaint(true);
    void this.#frame.offsetWidth;
    delete this.#frame.dataset.instant;
  }

  #runClock() {
    const now_ms = this.#now();
    this.#stage.tick(now_ms);
    const countdown = this.#model?.countdown ?? null;
    const left_ms = leftMs(countdown, now_ms);
    if (countdown?.kind === "until" && left_ms) this.#after("clock", (left_ms % 1000 || 1000) + 4, () => this.#runClock());
  }

  /** @param {boolean} atOnce */
  #repaint(atOnce) {
    if (!this.#document) return;
    try {
      this.#model = modelOf(this.#document, this.#options);
      this.#stage.paint(this.#model, this.#now(), atOnce);
    } catch (error) {
      console.warn("this document could not be painted; the last one stays", error);
      return;
    }
    this.#runClock();
  }

  /** @param {TallyDocument} document @param {boolean} atOnce */
  #show(document, atOnce) {
    this.#document = document;
    this.#repaint(atOnce);
    this.#dispatch({ type: "tally", cue: document.overlay?.scene ?? "blank", panic: document.overlay?.panic === true });
  }

  /** @param {ServerMessage|ClockMessage} message */
  #onMessage(message) {
    const before = this.#store;
    this.#store = reduce(before, message);
    const { tally } = this.#store;
    if (tally && tally !== before.tally) this.#show(withAddresses(tally, this.#base()), document.hidden);
    else if (this.#store.offset_ms !== before.offset_ms) this.#runClock();
  }

  /** @param {ConnectionState} state */
  #onState(state) {
    this.#store = reduce(this.#store, { type: "connection", ...state });
    if (state.status !== "stopped") return;
    if (state.reason === "session_not_found") {
      this.#after("retry", UNKNOWN_RETRY_MS * (1 / 3 + (Math.random() * 2) / 3), () => this.#line?.resync());
    } else if (state.reason === "token") {
      // Not within this call: the line is still coming to its stop.
      this.#after("public", 0, () => this.#line?.setToken(null));
      this.#after("retry", TOKEN_RETRY_MS, () => this.#line?.setToken(this.#settings.token));
    }
  }

  /** Follow what the settings name, and nothing where they name nothing. */
  #openLine() {
    for (const name of ["retry", "public"]) clearTimeout(this.#timers.get(name));
    this.#line?.close();
    this.#line = null;
    this.#store = INITIAL_STATE;
    this.#document = null;
    this.#model = null;
    this.#dispatch({ type: "forget" });
    const { base, code, token } = this.#settings;
    if (!followsArena(this.#settings)) return;
    /** @type {Connection} */
    const line = connect({
      code,
      token: token || null,
      hello: { role: "overlay" },
      base,
      timers: TIMERS,
      onMessage: (message) => line === this.#line && this.#onMessage(message),
      onState: (state) => line === this.#line && this.#onState(state),
    });
    this.#line = line;
  }

  #beat() {
    this.#after("heartbeat", HEARTBEAT_MS, () => this.#beat());
    void this.#tell(true);
  }

  async #tell(measure = false) {
    const { tally, connection } = this.#store;
    if (!tally || connection.status !== "live") return;
    if (measure) this.#fps = await measurePace();
    this.#line?.send(this.#beats.message(this.#store.tally ?? tally, this.#scenes.showing, this.#fps, !document.hidden));
  }
}
