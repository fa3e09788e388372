import assert from "node:assert/strict";
import { test } from "node:test";
import { fitScale, SCALE_LEAST } from "../../app/pages/overlay/fit.js";
import { frameLoop } from "../../app/pages/overlay/frames.js";
import { leftMs } from "../../app/pages/overlay/head.js";
import { digitCount, rollAt, rollTo, springAt, springRests, stepRoll, stepSpring, wheelPlaces } from "../../app/pages/overlay/motion.js";
import { framesPerSecond } from "../../app/pages/overlay/pace.js";

const FRAME_S = 1 / 60;

/** Steps until rest; returns how long it took. */
function settle(value, step, rests) {
  let passed_s = 0;
  let moved = value;
  while (!rests(moved)) {
    moved = step(moved);
    passed_s += FRAME_S;
    assert.ok(passed_s < 10, "it comes to rest");
  }
  return { moved, passed_s };
}

test("the bar reaches its target exactly, within a second and a half, with a small overshoot", () => {
  let most = 0;
  const { moved, passed_s } = settle(
    { ...springAt(0.5), target: 0.8 },
    (spring) => {
      const next = stepSpring(spring, FRAME_S, 0.0001);
      most = Math.max(most, next.at);
      return next;
    },
    springRests,
  );
  assert.equal(moved.at, 0.8);
  assert.ok(passed_s < 1.5, `${passed_s} s`);
  assert.ok(most < 0.83, `overshoot to ${most}`);
});

test("the bar keeps its speed when a new tally moves its target", () => {
  let spring = { ...springAt(0.5), target: 0.8 };
  for (let frame = 0; frame < 6; frame += 1) spring = stepSpring(spring, FRAME_S, 0.0001);
  const before = spring.speed;
  assert.ok(before > 0);
  assert.equal({ ...spring, target: 0.6 }.speed, before);
});

test("a stalled frame does not fling the bar", () => {
  const spring = stepSpring({ ...springAt(0.5), target: 0.9 }, 30, 0.0001);
  assert.ok(spring.at > 0.5 && spring.at < 0.9);
});

test("a figure rolls up without ever falling or passing its target, and ends on it", () => {
  for (const target of [1, 7, 1203, 123456789]) {
    let last = 0;
    const { moved, passed_s } = settle(
      rollTo(rollAt(0), target),
      (roll) => {
        const next = stepRoll(roll, FRAME_S);
        assert.ok(next.at >= last && next.at <= target);
        last = next.at;
        return next;
      },
      (roll) => roll.at === roll.target,
    );
    assert.equal(moved.at, target);
    assert.ok(passed_s < 1.2, `${target} in ${passed_s} s`);
  }
});

test("a smaller figure is taken at once", () => {
  assert.equal(stepRoll({ at: 500, target: 3, span_from: 0 }, FRAME_S).at, 3);
});

test("wheels stand on whole digits at rest", () => {
  const places = wheelPlaces(1203, 4).map(({ place }) => place);
  assert.deepEqual(places, [3, 0, 2, 1]);
});

test("a wheel turns only while the one below passes from 9 to 0", () => {
  const [units, tens, hundreds] = wheelPlaces(199.5, 3);
  assert.equal(units.place, 9.5);
  assert.equal(tens.place, 9.5);
  assert.equal(hundreds.place, 1.5);
  const calm = wheelPlaces(155.5, 3);
  assert.deepEqual(calm.map(({ place }) => place), [5.5, 5, 1]);
});

test("a leading digit fades in as it is reached", () => {
  assert.deepEqual(wheelPlaces(5, 2).map(({ shown }) => shown), [1, 0]);
  assert.deepEqual(wheelPlaces(9.5, 2).map(({ shown }) => shown), [1, 0.5]);
  assert.deepEqual(wheelPlaces(10, 2).map(({ shown }) => shown), [1, 1]);
});

test("digits are counted", () => {
  assert.deepEqual([0, 9, 10, 99999, 100000].map(digitCount), [1, 1, 2, 5, 6]);
});

test("text shrinks to a floor, then is cut", () => {
  assert.deepEqual(fitScale(100, 200), { scale: 1, cut: false });
  assert.deepEqual(fitScale(250, 200), { scale: 0.8, cut: false });
  assert.deepEqual(fitScale(2000, 200), { scale: SCALE_LEAST, cut: true });
  assert.deepEqual(fitScale(200, 0), { scale: 1, cut: false });
});

test("the loop runs while something moves and then sleeps", () => {
  /** @type {((time_ms: number) => void)[]} */
  const asked = [];
  const loop = frameLoop((callback) => asked.push(callback));
  let left = 3;
  loop.move(() => (left -= 1) > 0);
  loop.move(() => false);
  assert.equal(asked.length, 1, "one loop for all movers");
  for (let time_ms = 16; asked.length; time_ms += 16) asked.shift()?.(time_ms);
  assert.equal(left, 0);
  assert.ok(loop.asleep);
  loop.move(() => false);
  assert.equal(asked.length, 1, "and wakes again");
});

test("the countdown never falls below nought and stands while frozen", () => {
  assert.equal(leftMs({ kind: "until", at_ms: 5000 }, 3000), 2000);
  assert.equal(leftMs({ kind: "until", at_ms: 5000 }, 9000), 0);
  assert.equal(leftMs({ kind: "frozen", left_ms: 700 }, 9000), 700);
  assert.equal(leftMs(null, 9000), null);
});

test("pace is read from frame times; a hidden page has none", () => {
  assert.equal(framesPerSecond([0, 1000 / 60, 2000 / 60, 3000 / 60]), 60);
  assert.equal(framesPerSecond([5]), 0);
});
