// Panic is over everything, and what an overlay tells of itself.
import assert from "node:assert/strict";
import { test } from "node:test";

import { isStale } from "../../app/pages/lib/store.js";
import { heartbeats } from "../../app/pages/overlay/heartbeat.js";
import { parseOptions } from "../../app/pages/overlay/options.js";
import { initialScenes, reduceScenes, wantedScene } from "../../app/pages/overlay/scenes.js";

const tally = (cue, panic = false) => ({ type: "tally", cue, panic });

for (const [how, begin] of [
  ["by the director", (state) => state],
  ["by the address", (state) => ({ ...state, pinned: "qr" })],
  ["by a field", (state) => reduceScenes(state, { type: "update", field: "result" }, 5)],
  ["by next()", (state) => reduceScenes(state, { type: "next" }, 5)],
]) {
  test(`panic takes off at once what was put on ${how}`, () => {
    const on = begin(reduceScenes(initialScenes({ pinned: null, wait: false }), tally("board"), 0));
    const held = reduceScenes(on, tally("blank", true), 10);
    assert.deepEqual([held.showing, held.stage, held.due_ms], ["blank", "rest", 0]);
    for (const event of [{ type: "play" }, { type: "next" }, { type: "update", field: "board" }, { type: "tick" }]) {
      assert.equal(reduceScenes(held, event, 9000).showing, "blank");
    }
  });
}

test("a release puts nothing on by itself, not what was stepped to before either", () => {
  const on = reduceScenes(reduceScenes(initialScenes({ pinned: null, wait: false }), tally("board"), 0), { type: "next" }, 5);
  const freed = reduceScenes(reduceScenes(on, tally("blank", true), 10), tally("blank"), 20);
  assert.equal(wantedScene(freed), "blank");
  assert.equal(reduceScenes(freed, tally("qr"), 30).showing, "qr");
});

test("a tally is old by the service's own word", () => {
  const document = { server_time_ms: 1000, stale_after_ms: 15000 };
  assert.equal(isStale(document, 16000), false);
  assert.equal(isStale(document, 16001), true);
  assert.equal(isStale({ server_time_ms: 0 }, 1e12), false, "an older service says nothing of it");
});

test("how old it was is told once, when a heartbeat gets through", () => {
  const beats = heartbeats({ name: "A", bus: "programme", id: "x" });
  const document = /** @type {any} */ ({ epoch: 1, version: 7, server_time_ms: 1000, stale_after_ms: 15000 });
  beats.age(document, 15000);
  beats.age(document, 31000);
  beats.age(document, 21000);
  assert.deepEqual(beats.message(document, "board", undefined, true), {
    type: "heartbeat", client: "overlay", id: "x", name: "A", bus: "programme", scene: "board", epoch: 1, version: 7, visible: true, stale_ms: 30000,
  });
  const next = beats.message(document, "board", 59, false);
  assert.deepEqual([next.stale_ms, next.fps, next.visible], [0, 59, false]);
  assert.equal(beats.goodbye("board").leaving, true);
});

test("the bus, the name, and a token behind the #", () => {
  const options = parseOptions("http://a/overlay/K7M2QP?bus=Preview&name=OBS+1&monitor=1#token=arena_x");
  assert.deepEqual([options.bus, options.name, options.monitor, options.token], ["preview", "OBS 1", true, "arena_x"]);
  assert.equal(parseOptions("http://a/overlay/K7M2QP?bus=air").bus, "programme");
});
