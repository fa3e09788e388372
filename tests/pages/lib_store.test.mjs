import assert from "node:assert/strict";
import { test } from "node:test";
import { INITIAL_STATE, reduce, serverNow } from "../../app/pages/lib/store.js";
import { tallyDocument } from "./lib_fakes.mjs";

const after = (...messages) => messages.reduce(reduce, INITIAL_STATE);

test("the newest version wins, in whatever order documents come", () => {
  const orders = [[1, 2, 3], [3, 2, 1], [2, 3, 1], [3, 1, 2], [1, 3, 2], [2, 1, 3]];
  for (const order of orders) {
    assert.equal(after(...order.map((version) => tallyDocument(7, version))).tally.version, 3, String(order));
  }
});

test("a stale document leaves the very same state", () => {
  const state = after(tallyDocument(7, 5));
  assert.equal(reduce(state, tallyDocument(7, 4)), state);
  assert.equal(reduce(state, tallyDocument(6, 900)), state);
});

test("a new epoch wins with a lower version, and the old epoch never returns", () => {
  const state = after(tallyDocument(7, 500), tallyDocument(8, 1), tallyDocument(7, 501));
  assert.deepEqual([state.tally.epoch, state.tally.version], [8, 1]);
});

test("the same version in another view replaces the one held", () => {
  const state = after(tallyDocument(7, 5), tallyDocument(7, 5, { view: "staff" }));
  assert.equal(state.tally.view, "staff");
});

test("a lost connection forgets the welcome and keeps the tally", () => {
  const welcome = { type: "welcome", kind: "device", role: null, channel: "web", server_time_ms: 1 };
  const live = { type: "connection", status: "live", reason: null, attempt: 0 };
  const waiting = { type: "connection", status: "waiting", reason: null, attempt: 1 };
  const state = after(live, tallyDocument(7, 5), welcome);
  assert.equal(state.welcome.kind, "device");
  const lost = reduce(state, waiting);
  assert.equal(lost.welcome, null);
  assert.equal(lost.tally.version, 5);
  assert.equal(reduce(lost, waiting), lost);
});

test("answers to a page's own messages change nothing here", () => {
  const state = after(tallyDocument(7, 5));
  for (const type of ["receipt", "liked", "problem", "pong"]) assert.equal(reduce(state, { type }), state);
});

test("a message of a kind nobody knows is an error of the page", () => {
  assert.throws(() => reduce(INITIAL_STATE, { type: "surprise" }), TypeError);
});

test("the clock's offset gives the server's time", () => {
  const state = after({ type: "clock", offset_ms: -1500, round_trip_ms: 20 });
  assert.equal(serverNow(state, 10_000), 8_500);
  assert.equal(reduce(state, { type: "clock", offset_ms: -1500, round_trip_ms: 20 }), state);
});

test("the state is never changed in place", () => {
  const state = Object.freeze(after(tallyDocument(7, 5)));
  reduce(state, tallyDocument(7, 6));
  assert.equal(state.tally.version, 5);
});
