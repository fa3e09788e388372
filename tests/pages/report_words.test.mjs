// The report's words and the little it decides about sides and times.
import assert from "node:assert/strict";
import { test } from "node:test";

import { phaseWord, shanghai, sidesOf, toneOf } from "../../app/pages/report/context.js";
import { WORDS } from "../../app/pages/report/words.js";

test("every word stands in both languages with the same placeholders", () => {
  for (const [key, [chinese, english]] of Object.entries(WORDS)) {
    assert.ok(chinese !== "" && english !== "", key);
    const marks = (text) => (text.match(/\{\w+\}/gu) ?? []).sort().join();
    assert.equal(marks(chinese), marks(english), key);
  }
});

test("times are Shanghai's wherever the reader is", () => {
  const at = Date.UTC(2026, 10, 22, 18, 5, 9);
  assert.equal(shanghai(at, "zh", "minute"), "02:05");
  assert.equal(shanghai(at, "en", "time"), "02:05:09");
  assert.match(shanghai(at, "zh", "full"), /2026\/11\/23/u);
});

test("a poll's own options are sides too, named by the first round that has them", () => {
  const report = {
    contestants: [{ key: "c1", name: "甲" }],
    rounds: [{ tally: null }, { tally: { choices: [{ key: "c1", name: "甲" }, { key: "yes", name: "赞成" }] } }],
  };
  assert.deepEqual(sidesOf(report), [{ key: "c1", name: "甲" }, { key: "yes", name: "赞成" }]);
});

test("red stays red, and a phase the page does not know shows its own name", () => {
  assert.deepEqual([toneOf("red", 4), toneOf("c1", 7)], ["red", "tone1"]);
  assert.equal(phaseWord((key) => WORDS[key][0], "locked"), "已截止，待揭晓");
  assert.equal(phaseWord((key) => WORDS[key][0], "archived"), "archived");
});
