// @ts-check
// Wires the overlay: address → options, service → model → stage, director's cue and playout calls → scenes. It paints
// nothing itself. Whatever fails, the last good frame stays: no fault is ever shown on air.

import { REAL_TIMERS } from "../lib/api.js";
import { connect } from "../lib/connection.js";
import { INITIAL_STATE, reduce, serverNow } from "../lib/store.js";
import { heartbeats } from "./heartbeat.js";
import { leftMs } from "./head.js";
import { modelOf, withAddresses } from "./model.js";
import { parseOptions } from "./options.js";
import { measurePace } from "./pace.js";
import { initialScenes, reduceScenes } from "./scenes.js";
import { makeStage } from "./stage.js";
import { changesFrom, parseTemplateData } from "./template.js";

/** @typedef {import("../lib/connection.js").Connection} Connection */
/** @typedef {import("../lib/types.js").ConnectionState} ConnectionState */
/** @typedef {import("../lib/types.js").ServerMessage} ServerMessage */
/** @typedef {import("../lib/types.js").ClockMessage} ClockMessage */
/** @typedef {import("./scenes.js").SceneEvent} SceneEvent */

const HEARTBEAT_MS = 5000;
/** An unknown session may yet be made: ask again after between a third of this and all of it. */
const UNKNOWN_RETRY_MS = 15000;
/** A refused token may be restored by then; meanwhile the public view is shown. */
const TOKEN_RETRY_MS = 300000;

/**
 * A hall of phones must spread over the whole of each wait; the few overlays of a programme come back in its first
 * eighth, still apart from one another: at most 4 s between two tries, for ever.
 */
const TIMERS = { ...REAL_TIMERS, random: () => Math.random() / 8 };

const options = parseOptions(location.href);
const stage = makeStage(document.body, options, { base: serviceBase });
let scenes = initialScenes({ pinned: options.scene, wait: options.wait });
let store = INITIAL_STATE;
/** @type {import("./model.js").Model|null} */
let model = null;
/** @type {Connection|null} */
let connection = null;
let retryTimer = 0;
let sceneTimer = 0;
let clockTimer = 0;
/** @type {number|undefined} */
let fps;
/** What OBS says of its source; other hosts say nothing. */
let obsVisible = true;
const beats = heartbeats({ name: options.name, bus: options.bus });

function serviceBase() {
  return options.server || location.origin;
}

function serviceNow() {
  return serverNow(store, Date.now());
}

/** @param {SceneEvent} event */
function dispatch(event) {
  const next = reduceScenes(scenes, event, performance.now());
  if (next === scenes) return;
  const moved = scenes.showing !== next.showing;
  scenes = next;
  stage.show(scenes, serviceNow());
  // At once: the log of the air then knows when a scene stood here, not only that it did.
  if (moved) void tell();
  clearTimeout(sceneTimer);
  if (!scenes.due_ms) return;
  sceneTimer = setTimeout(() => dispatch({ type: "tick" }), Math.max(0, scenes.due_ms - performance.now()) + 1);
}

/** Write the countdown when its second turns, and not in between. */
function runClock() {
  clearTimeout(clockTimer);
  const now_ms = serviceNow();
  stage.tick(now_ms);
  const countdown = model?.countdown ?? null;
  const left_ms = leftMs(countdown, now_ms);
  if (countdown?.kind !== "until" || !left_ms) return;
  clockTimer = setTimeout(runClock, (left_ms % 1000 || 1000) + 4);
}

/** @param {boolean} atOnce */
function repaint(atOnce) {
  if (!store.tally) return;
  try {
    model = modelOf(store.tally, options);
    stage.paint(model, serviceNow(), atOnce);
  } catch (error) {
    console.warn("this document could not be painted; the last one stays", error);
    return;
  }
  runClock();
}

/** The next page of a board of many; the last is followed by the first. */
function turnPage() {
  if (!model || scenes.showing !== "board") return;
  options.page = (model.page % model.pages) + 1;
  repaint(false);
}

/** @param {ServerMessage|ClockMessage} message */
function onMessage(message) {
  const before = store;
  store = reduce(store, message.type === "tally" ? withAddresses(message, serviceBase()) : message);
  if (store.tally !== before.tally && store.tally) {
    // A page that was hidden has slept through changes: they are not played again on its return.
    repaint(document.hidden);
    const { overlay } = store.tally;
    const cue = (options.bus === "preview" ? overlay?.preview : overlay?.scene) ?? "blank";
    dispatch({ type: "tally", cue, panic: overlay?.panic === true });
  } else if (store.offset_ms !== before.offset_ms) {
    runClock();
  }
}

/** @param {ConnectionState} state */
function onState(state) {
  store = reduce(store, { type: "connection", ...state });
  if (state.status !== "stopped") return;
  clearTimeout(retryTimer);
  if (state.reason === "session_not_found") {
    retryTimer = setTimeout(() => connection?.resync(), UNKNOWN_RETRY_MS * (1 / 3 + (Math.random() * 2) / 3));
  } else if (state.reason === "token") {
    // Not within this call: the line is still coming to its stop.
    setTimeout(() => connection?.setToken(null), 0);
    retryTimer = setTimeout(() => connection?.setToken(options.token), TOKEN_RETRY_MS);
  }
}

function openLine() {
  clearTimeout(retryTimer);
  connection?.close();
  connection = null;
  if (!options.code) return;
  connection = connect({
    code: options.code,
    token: options.token || null,
    hello: { role: "overlay" },
    base: serviceBase(),
    timers: TIMERS,
    onMessage,
    onState,
  });
}

/** @param {unknown} data */
function onUpdate(data) {
  const { scene, ...change } = changesFrom(parseTemplateData(data));
  const moved =
    (change.code !== undefined && change.code !== options.code) ||
    (change.server !== undefined && change.server !== options.server);
  Object.assign(options, change);
  stage.applyLook();
  if (moved) {
    store = INITIAL_STATE;
    model = null;
    dispatch({ type: "forget" });
    openLine();
  } else {
    repaint(true);
  }
  dispatch({ type: "update", field: scene });
}

/** @param {string} name @param {unknown} data */
function onPlayout(name, data) {
  switch (name) {
    case "update":
      return onUpdate(data);
    case "play":
    case "stop":
    case "next":
      return dispatch({ type: name });
    default:
      throw new TypeError(`no such call: ${name}`);
  }
}

function onReturn() {
  repaint(true);
  connection?.resync();
}

function visible() {
  return obsVisible && !document.hidden;
}

/** @param {boolean} [measure] count frames before */
async function tell(measure = false) {
  if (store.tally) beats.age(store.tally, serviceNow());
  if (options.monitor || !store.tally || connection?.state().status !== "live") return;
  // With a token, but not known by it yet: the welcome is on its way.
  if (options.token && store.welcome?.kind !== "access") return;
  if (measure) fps = await measurePace();
  connection?.send(beats.message(store.tally, scenes.showing, fps, visible()));
}

/** @type {any} */ (window).arenaPlayout?.attach(onPlayout);

// OBS tells a source that it is seen again; only the true ones matter, a hidden source may sleep.
addEventListener("obsSourceVisibleChanged", (event) => {
  obsVisible = /** @type {CustomEvent} */ (event).detail?.visible !== false;
  void tell();
  if (obsVisible) onReturn();
});
addEventListener("obsSourceActiveChanged", (event) => /** @type {CustomEvent} */ (event).detail?.active && onReturn());
document.addEventListener("visibilitychange", () => !document.hidden && onReturn());
document.documentElement.dataset.host = "obsstudio" in window ? "obs" : "browser";

setInterval(() => void tell(true), HEARTBEAT_MS);
if (options.turn) setInterval(turnPage, options.turn * 1000);
addEventListener("pagehide", () => options.monitor || connection?.send(beats.goodbye(scenes.showing)));
if (!connection) openLine();
