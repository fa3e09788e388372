// The guard between a finger and a command that cannot be undone.
import assert from "node:assert/strict";
import { test } from "node:test";

import { expire, isSettling, meanNow, newGuard, press, secondsLeft } from "../../app/pages/console/confirm.js";

const LOCK = { key: "lock/1/1", confirm: true };
const OPEN = { key: "open/1/1", confirm: false };

test("what can be undone is sent at the first press", () => {
  assert.equal(press(newGuard(), OPEN, 0).act, "send");
});

test("what cannot be undone is sent at the second press within three seconds", () => {
  const first = press(newGuard(), LOCK, 0);
  assert.equal(first.act, "arm");
  assert.equal(press(first.guard, LOCK, 2900).act, "send");
});

test("a second press after three seconds counts as the first", () => {
  const first = press(newGuard(), LOCK, 0);
  assert.equal(press(first.guard, LOCK, 3000).act, "arm");
});

test("the bounce of a double tap does not confirm", () => {
  const first = press(newGuard(), LOCK, 0);
  const bounce = press(first.guard, LOCK, 120);
  assert.equal(bounce.act, "ignore");
  assert.equal(press(bounce.guard, LOCK, 400).act, "send");
});

test("confirming one command does not confirm another, nor the same one of another run", () => {
  const first = press(newGuard(), LOCK, 0);
  assert.equal(press(first.guard, { key: "lock/1/2", confirm: true }, 500).act, "arm");
});

test("another command in between disarms", () => {
  const armed = press(newGuard(), LOCK, 0).guard;
  const between = press(armed, { key: "pause/1/1", confirm: false }, 500).guard;
  assert.equal(press(between, LOCK, 1000).act, "arm");
});

test("a press that lands on the big button just as its meaning changes is ignored", () => {
  const before = meanNow(newGuard(), OPEN.key, 0);
  assert.equal(press(before, { ...OPEN, big: true }, 1).act, "send");
  const after = meanNow(before, LOCK.key, 1000);
  assert.equal(press(after, { ...LOCK, big: true }, 1200).act, "ignore");
  assert.equal(isSettling(after, LOCK.key, 1200), true);
  assert.equal(press(after, { ...LOCK, big: true }, 1700).act, "arm");
});

test("a change of meaning disarms", () => {
  const armed = press(meanNow(newGuard(), LOCK.key, 0), LOCK, 0).guard;
  assert.equal(meanNow(armed, "reveal/1/1", 100).armed, null);
});

test("the countdown shows whole seconds and ends at nothing", () => {
  const armed = press(newGuard(), LOCK, 0).guard;
  assert.deepEqual([0, 999, 1001, 2999].map((now) => secondsLeft(armed, LOCK.key, now)), [3, 3, 2, 1]);
  assert.equal(secondsLeft(expire(armed, 3000), LOCK.key, 3000), 0);
  assert.equal(secondsLeft(armed, "reveal/1/1", 0), 0);
});
