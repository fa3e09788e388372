// Corrections: what may be proposed, and both totals side by side.
import assert from "node:assert/strict";
import { test } from "node:test";

import { bothTotals, possibleCorrections } from "../../app/pages/console/corrections_model.js";
import { auditLine } from "../../app/pages/console/audit.js";
import { WORDS } from "../../app/pages/console/words.js";

const SESSION = { channels: [{ key: "web", name: "网页" }, { key: "radio", name: "电台" }] };
const EMPTY = { corrections: [], proposals: [], held: [] };
const tally = (red, blue, more = {}) => ({
  choices: [{ key: "red", name: "王伟", votes: red, score_text: "" }, { key: "blue", name: "杨玭", votes: blue, score_text: "" }],
  votes: red + blue, by: "votes", held: { ballots: 0, votes: {} }, ...more,
});

test("held ballots and channels that still count may be corrected, and nothing twice", () => {
  const names = (list) => possibleCorrections(SESSION, { ...EMPTY, ...list }).map(({ kind, subject }) => `${kind} ${subject}`);
  assert.deepEqual(names({}), ["void_channel web", "void_channel radio"]);
  assert.deepEqual(names({ held: [{ rule: "too_soon", ballots: 3 }, { rule: "unseen", ballots: 0 }] })[0], "release_held too_soon");
  assert.equal(names({ held: [{ rule: "unseen", ballots: 0 }] }).length, 2);
  assert.deepEqual(names({ corrections: [{ kind: "void_channel", subject: "web" }], proposals: [{ kind: "void_channel", subject: "radio" }] }), []);
});

test("both totals stand beside each other, with what is held", () => {
  const now = tally(8, 12, { held: { ballots: 2, votes: { red: 2 } } });
  assert.deepEqual(bothTotals({ tally: now, at_lock: tally(1012, 12) }), [
    { name: "王伟", at_lock: "1,012", now: "8", held: 2 }, { name: "杨玭", at_lock: "12", now: "12", held: 0 },
    { name: null, at_lock: "1,024", now: "20", held: 2 },
  ]);
});

test("without a correction the figures of the lock are those that stand; without a result there is no table", () => {
  assert.deepEqual(bothTotals({ tally: tally(3, 4), at_lock: null }).map(({ at_lock, now }) => [at_lock, now]), [["3", "3"], ["4", "4"], ["7", "7"]]);
  assert.deepEqual(bothTotals(null), []);
});

test("every kind, rule and act of a correction has its words", () => {
  for (const key of ["kind_void_channel", "kind_release_held", "rule_too_soon", "rule_unseen"]) assert.ok(key in WORDS, key);
  for (const action of ["correction_proposed", "correction_confirmed", "correction_withdrawn"]) {
    const entry = { id: 1, at_ms: 0, actor: "李", role: "scrutineer", action, round: 1, before: null, after: null, detail: null };
    assert.doesNotMatch(auditLine(entry, "zh").what, /correction/u);
  }
});
