// @ts-check
// Decides which scene is on air and where it stands between in and out. Pure: (state, event, now) → state. One scene
// leaves before the next enters, because two share the foot of the picture. Who wins: panic over all, then stop(), then the
// address (?scene=), then field f0, then next(), then the director's cue.

/** @typedef {import("../lib/types.js").Scene} Scene */
/** @typedef {"in"|"rest"|"out"} Stage */

/**
 * @typedef {object} SceneState
 * @property {Scene} cue the director's
 * @property {Scene|null} pinned by the address
 * @property {Scene|null} field by update()
 * @property {Scene|null} stepped by next(), until the director cues another
 * @property {boolean} panic everything is held blank, whoever wants what
 * @property {boolean} ready something is known to paint
 * @property {boolean} playing
 * @property {boolean} everShown
 * @property {Scene} showing
 * @property {Stage} stage
 * @property {number} due_ms when the stage is over; 0 at rest
 */

/**
 * @typedef {{type: "tally", cue: Scene, panic?: boolean}
 *   | {type: "update", field?: Scene|null}
 *   | {type: "play"} | {type: "stop"} | {type: "next"} | {type: "tick"} | {type: "forget"}} SceneEvent
 */

export const IN_MS = 800;
export const OUT_MS = 420;

/** What next() goes through: names, figures, the outcome, the invitation. @type {readonly Scene[]} */
const STEPS = Object.freeze(["lower_third", "board", "result", "qr"]);

/**
 * @param {{pinned: Scene|null, wait: boolean}} options
 * @returns {SceneState}
 */
export function initialScenes({ pinned, wait }) {
  return {
    cue: "blank",
    pinned,
    field: null,
    stepped: null,
    panic: false,
    ready: false,
    playing: !wait,
    everShown: false,
    showing: "blank",
    stage: "rest",
    due_ms: 0,
  };
}

/** @param {SceneState} state @returns {Scene} the scene that belongs on air */
export function wantedScene(state) {
  if (state.panic || !state.ready || !state.playing) return "blank";
  return state.pinned ?? state.field ?? state.stepped ?? state.cue;
}

/** @param {SceneState} state @returns {SceneState} */
function step(state) {
  const at = STEPS.indexOf(state.pinned ?? state.field ?? state.stepped ?? state.cue);
  const next = STEPS[(at + 1) % STEPS.length];
  // The field was this tool's own earlier wish, so next() goes on from it.
  return { ...state, field: null, stepped: next, playing: true };
}

/** @param {SceneState} state @param {SceneEvent} event @returns {SceneState} */
function take(state, event) {
  switch (event.type) {
    case "tally": {
      const stepped = event.cue === state.cue ? state.stepped : null;
      const panic = event.panic === true;
      // After a panic nothing comes back that somebody had stepped to before.
      const kept = panic ? null : state.ready ? stepped : state.stepped;
      return { ...state, ready: true, panic, cue: event.cue, stepped: kept };
    }
    case "update": {
      // A playout tool updates before it plays: until then nothing may show. A page that is on air stays there.
      const playing = state.everShown ? state.playing : false;
      return event.field === undefined ? { ...state, playing } : { ...state, playing, field: event.field, stepped: null };
    }
    case "play":
      return { ...state, playing: true };
    case "stop":
      return { ...state, playing: false, stepped: null };
    case "next":
      return step(state);
    case "forget":
      return { ...state, ready: false, stepped: null };
    case "tick":
      return state;
    default:
      throw new TypeError(`no such event: ${JSON.stringify(event)}`);
  }
}

/** @param {SceneState} state @param {number} now_ms @returns {SceneState} */
function move(state, now_ms) {
  if (state.panic) {
    // No way out is played: what must be off is off within this very frame.
    return state.showing === "blank" ? state : { ...state, showing: "blank", stage: "rest", due_ms: 0 };
  }
  const wanted = wantedScene(state);
  const over = state.due_ms !== 0 && now_ms >= state.due_ms;
  switch (state.stage) {
    case "out":
      if (wanted === state.showing && wanted !== "blank") return { ...state, stage: "in", due_ms: now_ms + IN_MS };
      if (!over) return state;
      return enter({ ...state, showing: "blank", stage: "rest", due_ms: 0 }, wanted, now_ms);
    case "in":
    case "rest":
      if (wanted === state.showing) return over ? { ...state, stage: "rest", due_ms: 0 } : state;
      if (state.showing === "blank") return enter(state, wanted, now_ms);
      return { ...state, stage: "out", due_ms: now_ms + OUT_MS };
    default:
      throw new TypeError(`no such stage: ${state.stage}`);
  }
}

/** @param {SceneState} state @param {Scene} scene @param {number} now_ms @returns {SceneState} */
function enter(state, scene, now_ms) {
  if (scene === "blank") return state;
  return { ...state, showing: scene, stage: "in", everShown: true, due_ms: now_ms + IN_MS };
}

/**
 * @param {SceneState} state
 * @param {SceneEvent} event
 * @param {number} now_ms any clock that only goes forward
 * @returns {SceneState} the same object where nothing changed
 */
export function reduceScenes(state, event, now_ms) {
  const taken = take(state, event);
  const moved = move(taken, now_ms);
  return sameScenes(state, moved) ? state : moved;
}

/** @param {SceneState} one @param {SceneState} other */
function sameScenes(one, other) {
  const keys = /** @type {(keyof SceneState)[]} */ (Object.keys(one));
  return keys.every((key) => one[key] === other[key]);
}
