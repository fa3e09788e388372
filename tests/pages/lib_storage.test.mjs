import assert from "node:assert/strict";
import { test } from "node:test";
import { keepIn } from "../../app/pages/lib/storage.js";

/** A Storage of its own. */
function area(limit = Infinity) {
  const held = new Map();
  return {
    held,
    limit,
    get length() {
      return held.size;
    },
    key: (index) => [...held.keys()][index] ?? null,
    getItem: (key) => held.get(key) ?? null,
    removeItem: (key) => void held.delete(key),
    setItem(key, value) {
      if (held.size >= this.limit) throw new DOMException("full", "QuotaExceededError");
      held.set(key, value);
    },
  };
}

test("values come back, also through a second keeper", () => {
  const browser = area();
  assert.equal(keepIn(browser).set("a", { n: [1, "二"] }), true);
  assert.deepEqual(keepIn(browser).get("a"), { n: [1, "二"] });
  assert.equal(keepIn(browser).get("b"), null);
});

test("a full disk keeps values in memory, newest first, and says so", () => {
  const browser = area();
  const keeper = keepIn(browser);
  keeper.set("a", 1);
  browser.limit = 0;
  assert.equal(keeper.set("a", 2), false);
  assert.equal(keeper.get("a"), 2);
  browser.limit = 10;
  assert.equal(keeper.set("a", 3), true);
  assert.equal(keepIn(browser).get("a"), 3);
  assert.equal(keeper.get("a"), 3);
});

test("no storage at all still works for the life of the page", () => {
  const refusing = new Proxy({}, { get() { throw new DOMException("no", "SecurityError"); } });
  for (const keeper of [keepIn(null), keepIn(refusing)]) {
    assert.equal(keeper.set("a/1", 1), false);
    assert.equal(keeper.get("a/1"), 1);
    assert.deepEqual(keeper.keys("a/"), ["a/1"]);
    keeper.remove("a/1");
    assert.equal(keeper.get("a/1"), null);
    assert.deepEqual(keeper.keys("a/"), []);
  }
});

test("spoilt text is as nothing", () => {
  const browser = area();
  browser.held.set("a", "{not json");
  assert.equal(keepIn(browser).get("a"), null);
});

test("keys are found by their beginning", () => {
  const keeper = keepIn(area());
  for (const key of ["x/1", "x/2", "y/1"]) keeper.set(key, 0);
  assert.deepEqual(keeper.keys("x/").sort(), ["x/1", "x/2"]);
});
