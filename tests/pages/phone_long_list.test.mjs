import assert from "node:assert/strict";
import { test } from "node:test";
import { aloneOnStage } from "../../app/pages/lib/store.js";
import { countdownText, DAY_MS, endText } from "../../app/pages/lib/format.js";
import { isFound, keysInOrder, placesOf } from "../../app/pages/phone/long_list.js";
import { situationOf } from "../../app/pages/phone/situation.js";
import { document_, field } from "./overlay_document.mjs";

const CHOICES = field(5).map(({ key, name }) => ({ key, name }));
const COUNTED = document_({ contestants: field(5), votes: [2, 7, 0, 7, 3] });

test("equal figures share a place, and who has none has no place", () => {
  assert.deepEqual([...placesOf(COUNTED)], [["c1", 4], ["c2", 1], ["c4", 1], ["c5", 3]]);
  assert.equal(placesOf(document_({ contestants: field(5), hidden: true })).size, 0);
});

test("where channels have weights the places go by the score", () => {
  const weighted = structuredClone(COUNTED);
  weighted.tally.by = "score";
  weighted.tally.choices.forEach((/** @type {any} */ choice, /** @type {number} */ at) => (choice.score = at));
  assert.deepEqual(keysInOrder(CHOICES, "votes", weighted), ["c5", "c4", "c3", "c2", "c1"]);
});

test("the order by votes keeps equal ones in the order of their numbers, and without figures is that order", () => {
  assert.deepEqual(keysInOrder(CHOICES, "votes", COUNTED), ["c2", "c4", "c5", "c1", "c3"]);
  assert.deepEqual(keysInOrder(CHOICES, "number", COUNTED), ["c1", "c2", "c3", "c4", "c5"]);
  assert.deepEqual(keysInOrder(CHOICES, "votes", document_({ hidden: true })), ["c1", "c2", "c3", "c4", "c5"]);
});

test("a number finds just that one, a word whom it is a piece of", () => {
  assert.deepEqual([isFound("7", 7, ""), isFound("7", 17, "第7党支部"), isFound(" 07 ", 7, "")], [true, false, true]);
  assert.deepEqual([isFound("王 伟", 1, "王伟 澳洋医院"), isFound("aoyang", 1, "AoYang"), isFound("李", 1, "王伟")], [true, true, false]);
});

test("an end that is days away is told as a day and a time in Beijing", () => {
  assert.equal(countdownText(DAY_MS - 1), "24:00:00");
  assert.equal(countdownText(5 * DAY_MS - 1), "4天23小时");
  assert.equal(countdownText(2 * DAY_MS, "en"), "2d 0h");
  assert.match(endText(1_795_176_000_000), /11月20日周五 20:00/);
});

test("the end is this channel's own, and told only while it can be met", () => {
  const round = (/** @type {object} */ more) => document_({ round: { choices: CHOICES, closes_at_ms: 9000, ...more } });
  const connection = /** @type {any} */ ({ status: "polling", reason: null, attempt: 0 });
  assert.equal(situationOf({ tally: round({}), connection }, 500, 1000).ends_at_ms, 9500);
  assert.equal(situationOf({ tally: round({ phase: "locked" }), connection }, 500, 1000).ends_at_ms, null);
});

test("one contestant and one who is none: alone on stage, and nobody wins against that", () => {
  const [one, other] = field(2);
  const alone = document_({ contestants: [one, other], votes: [1, 3], round: { phase: "revealed", choices: [one, { key: "pass", name: "再看看" }] } });
  assert.equal(aloneOnStage(alone), "c1");
  const connection = /** @type {any} */ ({ status: "live", reason: null, attempt: 0 });
  const { winner, tie } = situationOf({ tally: alone, connection }, 0, 0);
  assert.deepEqual([winner, tie], [null, false]);
  assert.equal(aloneOnStage(document_({ contestants: [one, other], round: { choices: [one, other] } })), null);
  assert.equal(aloneOnStage(document_({ contestants: [one], round: { choices: [{ key: "c1", name: "赞成" }, { key: "no", name: "反对" }] } })), null);
});
