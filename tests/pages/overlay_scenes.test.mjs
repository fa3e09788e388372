import assert from "node:assert/strict";
import { test } from "node:test";
import { IN_MS, initialScenes, OUT_MS, reduceScenes } from "../../app/pages/overlay/scenes.js";

/** Plays events one after another, each with its time; returns the last state. */
function play(events, options = {}) {
  let state = initialScenes({ pinned: null, wait: false, ...options });
  for (const [now_ms, event] of events) state = reduceScenes(state, event, now_ms);
  return state;
}
const cue = (scene) => ({ type: "tally", cue: scene });
const tick = { type: "tick" };
const at = ({ showing, stage }) => [showing, stage];

test("nothing shows before the first tally, whatever is pinned", () => {
  assert.deepEqual(at(play([[0, tick]], { pinned: "board" })), ["blank", "rest"]);
});

test("a cue enters and comes to rest", () => {
  assert.deepEqual(at(play([[0, cue("board")]])), ["board", "in"]);
  assert.deepEqual(at(play([[0, cue("board")], [IN_MS, tick]])), ["board", "rest"]);
});

test("one scene leaves wholly before the next enters", () => {
  const events = [[0, cue("board")], [1000, cue("result")]];
  assert.deepEqual(at(play(events)), ["board", "out"]);
  assert.deepEqual(at(play([...events, [1000 + OUT_MS - 1, tick]])), ["board", "out"]);
  assert.deepEqual(at(play([...events, [1000 + OUT_MS, tick]])), ["result", "in"]);
});

test("a cue taken back while leaving brings the same scene in again", () => {
  assert.deepEqual(at(play([[0, cue("board")], [1000, cue("blank")], [1100, cue("board")]])), ["board", "in"]);
});

test("the last of several quick cues wins", () => {
  const events = [[0, cue("board")], [1000, cue("result")], [1010, cue("qr")], [1000 + OUT_MS, tick]];
  assert.deepEqual(at(play(events)), ["qr", "in"]);
});

test("tallies that change no cue change nothing, not even the object", () => {
  const state = play([[0, cue("board")], [IN_MS, tick]]);
  assert.equal(reduceScenes(state, cue("board"), 5000), state);
});

test("a pinned scene ignores the director", () => {
  assert.deepEqual(at(play([[0, cue("result")], [900, cue("blank")]], { pinned: "board" })), ["board", "rest"]);
});

test("a template host's update stays off air until play", () => {
  const events = [[0, { type: "update", field: "board" }], [10, cue("result")]];
  assert.deepEqual(at(play(events)), ["blank", "rest"]);
  assert.deepEqual(at(play([...events, [20, { type: "play" }]])), ["board", "in"]);
});

test("?wait=1 stays off air until play and then follows the director", () => {
  assert.deepEqual(at(play([[0, cue("board")]], { wait: true })), ["blank", "rest"]);
  assert.deepEqual(at(play([[0, cue("board")], [10, { type: "play" }]], { wait: true })), ["board", "in"]);
});

test("an update on air changes the scene without leaving the air", () => {
  const events = [[0, cue("board")], [1000, { type: "update", field: "qr" }]];
  assert.deepEqual(at(play([...events, [1000 + OUT_MS, tick]])), ["qr", "in"]);
});

test("an empty field gives the scene back to the director", () => {
  const events = [[0, cue("board")], [1000, { type: "update", field: "qr" }], [2000, tick], [3000, { type: "update", field: null }]];
  assert.deepEqual(at(play([...events, [3000 + OUT_MS, tick]])), ["board", "in"]);
});

test("an update without a scene leaves the scene alone", () => {
  assert.deepEqual(at(play([[0, cue("board")], [IN_MS, tick], [2000, { type: "update" }]])), ["board", "rest"]);
});

test("stop leaves the air and holds against cues until play", () => {
  const events = [[0, cue("board")], [1000, { type: "stop" }], [1000 + OUT_MS, tick], [2000, cue("result")]];
  assert.deepEqual(at(play(events)), ["blank", "rest"]);
  assert.deepEqual(at(play([...events, [3000, { type: "play" }]])), ["result", "in"]);
});

test("next goes round names, board, result, QR", () => {
  let now_ms = 0;
  let state = reduceScenes(initialScenes({ pinned: null, wait: false }), cue("blank"), 0);
  const seen = [];
  for (let step = 0; step < 5; step += 1) {
    state = reduceScenes(state, { type: "next" }, (now_ms += 5000));
    state = reduceScenes(state, tick, (now_ms += OUT_MS));
    seen.push(state.showing);
  }
  assert.deepEqual(seen, ["lower_third", "board", "result", "qr", "lower_third"]);
});

test("a new cue ends what next had chosen; the same cue again does not", () => {
  const stepped = [[0, cue("board")], [1000, { type: "next" }], [2000, tick]];
  assert.deepEqual(play([...stepped, [3000, cue("board")]]).showing, "result");
  assert.deepEqual(at(play([...stepped, [3000, cue("qr")], [3000 + OUT_MS, tick]])), ["qr", "in"]);
});

test("another session leaves the air until its first tally", () => {
  const events = [[0, cue("board")], [1000, { type: "forget" }], [1000 + OUT_MS, tick]];
  assert.deepEqual(at(play(events)), ["blank", "rest"]);
  assert.deepEqual(at(play([...events, [2000, cue("board")]])), ["board", "in"]);
});

test("an unknown event is refused", () => {
  assert.throws(() => play([[0, { type: "surprise" }]]), TypeError);
});
