// What the season's page makes of standings and entries: shared ranks, the fold, who is public, which names match.

import assert from "node:assert/strict";
import { test } from "node:test";
import { cutBoard, firstStage, isPublic, matching, namesOf, personOf, rowsOf, standingOf } from "../../app/pages/season/model.js";

/** @param {...[number, number]} pairs rank and figure */
const board = (...pairs) => pairs.map(([rank, figure], index) => ({ rank, person: `p${index + 1}`, figure, text: String(figure) }));

test("a rank that several hold is said to be shared, and only that", () => {
  assert.deepEqual(rowsOf(board([1, 9], [1, 9], [3, 4])).map((row) => row.shared), [true, true, false]);
});

test("the first has the whole bar, and no bar is of nothing", () => {
  assert.deepEqual(rowsOf(board([1, 8], [2, 4], [3, 0])).map((row) => row.width_pct), [100, 50, 0]);
  assert.deepEqual(rowsOf(board([1, 0])).map((row) => row.width_pct), [0]);
  assert.deepEqual(rowsOf([]), []);
});

test("the fold never parts those who share a rank", () => {
  const rows = rowsOf(board([1, 9], [2, 5], [2, 5], [2, 5], [5, 1]));
  const cut = cutBoard(rows, 2);
  assert.equal(cut.first.length, 4);
  assert.equal(cut.rest.length, 1);
  assert.equal(cutBoard(rows, 10).rest.length, 0);
});

test("the public reads the public stage and beyond, the crew all", () => {
  const season = /** @type {any} */ ({ public_stage: "preliminary", stages: [] });
  assert.deepEqual(["nominated", "preliminary", "final", "withdrawn"].map((stage) => isPublic(season, /** @type {any} */ (stage), false)), [false, true, true, false]);
  assert.equal(isPublic(season, "withdrawn", true), true);
});

test("the page begins with the furthest stage that has names", () => {
  /** @param {number} nominated @param {number} preliminary @param {number} final */
  const season = (nominated, preliminary, final) => /** @type {any} */ ({ public_stage: "preliminary", stages: [
    { stage: "nominated", entries: nominated }, { stage: "preliminary", entries: preliminary }, { stage: "final", entries: final }, { stage: "withdrawn", entries: 4 }] });
  assert.equal(firstStage(season(590, 20, 10), false), "final");
  assert.equal(firstStage(season(590, 20, 0), false), "preliminary");
  assert.equal(firstStage(season(590, 0, 0), false), "final");
  assert.equal(firstStage(season(590, 0, 0), true), "nominated");
});

test("a name is found by each piece of name, organisation or unit", () => {
  const entries = /** @type {any[]} */ ([
    { person: { name: "王伟", organisation: "澳洋医院", title: "" }, unit: "卫健委" },
    { person: { name: "Li Na", organisation: "南丰镇", title: "书记" }, unit: "" }]);
  assert.equal(matching(entries, "  ").length, 2);
  assert.deepEqual(matching(entries, "澳洋 王").map((each) => each.person.name), ["王伟"]);
  assert.deepEqual(matching(entries, "li NA").map((each) => each.person.name), ["Li Na"]);
  assert.equal(matching(entries, "卫健委 书记").length, 0);
});

test("people are named by their key in the document, and by nothing a key could stand for", () => {
  const standings = /** @type {any} */ ({ people: { p1: { name: "王伟", title: "党委副书记", organisation: "澳洋医院" }, p2: { name: "杨玭", title: "", organisation: "" } } });
  assert.equal(namesOf(standings, ["p1", "p2"], "zh"), "王伟、杨玭");
  assert.equal(namesOf(standings, ["p1", "p9"], "en"), "王伟, p9");
  assert.equal(personOf(standings, "constructor"), null);
  assert.equal(standingOf(standings.people.p1), "澳洋医院 · 党委副书记");
  assert.equal(standingOf(standings.people.p2), "");
});
