// The likes chart: seconds to geometry, and the table that says the same in figures.
import assert from "node:assert/strict";
import { test } from "node:test";

import { layOut, steps, stepSeconds, stretches, tableRows, ticks } from "../../app/pages/report/chart.js";

const KEYS = ["red", "blue"];
const START = Date.UTC(2026, 10, 22, 12, 0, 0);

function second(offsetS, red, blue = 0, votes = 0) {
  return { at_ms: START + offsetS * 1000, round: 1, likes: { red, blue }, votes };
}

test("two rounds far apart are two stretches; a short pause does not split one", () => {
  const shown = stretches([second(0, 1), second(20, 1), second(600, 1), second(601, 1)]);
  assert.deepEqual(shown.map((each) => [each.from_ms - START, each.to_ms - START]), [[0, 21000], [600000, 602000]]);
});

test("the order of the seconds does not matter", () => {
  assert.deepEqual(stretches([second(5, 1), second(0, 1)]), stretches([second(0, 1), second(5, 1)]));
});

test("a short session is drawn second by second, a poll of days in hours", () => {
  assert.equal(stepSeconds(stretches([second(0, 1), second(25, 1)])), 1);
  const days = Array.from({ length: 3 * 8640 }, (_, index) => second(index * 10, 1));
  assert.ok(stepSeconds(stretches(days)) >= 300);
});

test("a second in which nobody liked counts as none", () => {
  const timeline = [second(0, 4), second(2, 6, 2)];
  const [stretch] = stretches(timeline);
  const found = steps(timeline, stretch, 1, KEYS);
  assert.deepEqual(found.map((step) => [step.rate.get("red"), step.rate.get("blue")]), [[4, 0], [0, 0], [6, 2]]);
});

test("wider steps show likes a second, and a last step cut short is divided by its own length", () => {
  const timeline = [second(0, 10), second(4, 10), second(5, 3)];
  const [stretch] = stretches(timeline);
  const found = steps(timeline, stretch, 5, KEYS);
  assert.deepEqual(found.map((step) => step.rate.get("red")), [4, 3]);
});

test("two rounds' seconds at the same time both count", () => {
  const timeline = [second(0, 2), second(0, 3)];
  assert.equal(steps(timeline, stretches(timeline)[0], 1, KEYS)[0].rate.get("red"), 5);
});

test("the scale has round steps and holds the most", () => {
  for (const most of [1, 3, 7, 10, 99, 1234, 40001]) {
    const found = ticks(most);
    assert.equal(found[0], 0);
    assert.ok(found[found.length - 1] >= most && found.length <= 6, `${most}: ${found}`);
    assert.ok(found.every(Number.isInteger), String(found));
  }
  assert.deepEqual(ticks(0), [0, 1]);
});

test("lines stay within the box, and the greatest value reaches highest", () => {
  const timeline = [second(0, 5), second(1, 10), second(2, 2)];
  const geometry = layOut(timeline, KEYS, [], { width: 600, height: 200 });
  const points = geometry.lines.get("red").flatMap((path) => path.slice(1).split("L").map((point) => point.split(" ").map(Number)));
  assert.equal(points.length, 3);
  assert.ok(points.every(([x, y]) => x >= 0 && x <= 600 && y >= 0 && y <= 200));
  const highest = points.reduce((best, point) => (point[1] < best[1] ? point : best));
  assert.equal(highest, points[1]);
});

test("rounds are marked where they were, in order, across the time left out", () => {
  const timeline = [...Array.from({ length: 60 }, (_, index) => second(index, 3)), ...Array.from({ length: 60 }, (_, index) => second(900 + index, 3))];
  const bands = [
    { from_ms: START, to_ms: START + 60000, number: 1, title: "观点PK" },
    { from_ms: START + 900000, to_ms: START + 960000, number: 2, title: "成效PK" },
  ];
  const geometry = layOut(timeline, KEYS, bands, { width: 1000, height: 200 });
  const [first, then] = geometry.bands;
  assert.ok(first.x === 0 && first.width > 400, JSON.stringify(first));
  assert.ok(then.x > first.x + first.width && then.x + then.width <= 1000.1, JSON.stringify(then));
  assert.equal(geometry.breaks.length, 1);
  assert.ok(geometry.breaks[0] > first.x + first.width - 0.1 && geometry.breaks[0] < then.x);
});

test("the peak stands at its second", () => {
  const timeline = [second(0, 5), second(1, 50), second(2, 2)];
  const geometry = layOut(timeline, KEYS, [], { width: 600, height: 200, peak_at_ms: START + 1000 });
  const highest = geometry.lines.get("red")[0].slice(1).split("L")[1].split(" ").map(Number);
  assert.deepEqual([geometry.peak.x, geometry.peak.y], highest);
});

test("nothing at all draws nothing and breaks nothing", () => {
  const geometry = layOut([], KEYS, [], { width: 600, height: 200 });
  assert.deepEqual([geometry.lines.get("red"), geometry.marks, geometry.peak], [[], [], null]);
});

test("the table adds up to the same likes and votes, in few enough rows to read", () => {
  const timeline = Array.from({ length: 1800 }, (_, index) => second(index, 2, 1, 1));
  const { rows } = tableRows(timeline, KEYS);
  assert.ok(rows.length <= 60);
  assert.equal(rows.reduce((sum, row) => sum + row.likes[0], 0), 3600);
  assert.equal(rows.reduce((sum, row) => sum + row.likes[1], 0), 1800);
  assert.equal(rows.reduce((sum, row) => sum + row.votes, 0), 1800);
});
