// Two people at two consoles, and a console that is cut off: what a command carries, and what is said.
import assert from "node:assert/strict";
import { test } from "node:test";

import { BUDGET_MS } from "../../app/pages/console/caller.js";
import { backSentence, commandProblem, cutOffSentence, guardFor } from "../../app/pages/console/handover.js";
import { problemFrom, problemSentence } from "../../app/pages/console/problems.js";
import { WORDS } from "../../app/pages/console/words.js";
import { translate } from "../../app/pages/lib/language.js";

const zh = translate(WORDS, "zh");
const en = translate(WORDS, "en");
const SESSION = { revision: 17 };
const MEASURED = { offset_ms: 5000, round_trip_ms: 8 };
const STALE = {
  code: "revision_stale", status: 412, title: "Somebody else has acted", detail: "The producer Li locked round 1.", revision: 19,
  changes: [{ revision: 19, action: "lock", round: 1, actor: "Li", role: "producer", at_ms: Date.UTC(2026, 10, 29, 12, 0, 5) }],
};

test("a command says what was seen, and until when it is meant by the server's clock", () => {
  assert.deepEqual(guardFor(SESSION, MEASURED, 1_000), { revision: 17, until_ms: 6_000 + BUDGET_MS });
});

test("before the clock is measured a command names no time", () => {
  assert.deepEqual(guardFor(SESSION, { offset_ms: 0, round_trip_ms: null }, 1_000), { revision: 17 });
});

test("who came second reads what was done and by whom, in the page's language", () => {
  const problem = problemFrom(STALE);
  assert.equal(
    problemSentence(commandProblem(problem, zh, "zh"), "zh"),
    "别人已先操作：20:00:05 编导 Li：第1回合 截止。您的这一步没有执行。请看当前状态，仍需要就再按一次。",
  );
  assert.match(problemSentence(commandProblem(problem, en, "en"), "en"), /^Somebody else has acted: 20:00:05 producer Li: round 1 locked\. Nothing was done\./);
});

test("without a known change the service's own sentence stands", () => {
  const problem = problemFrom({ ...STALE, changes: [] });
  assert.equal(commandProblem(problem, zh, "zh"), problem);
  assert.equal(commandProblem({ ...problem, code: "other" }, zh, "zh").code, "other");
});

test("a command that nobody answered, or that came late, is said not to fire later", () => {
  const unheard = problemFrom({ code: "timeout", status: 0, title: "timeout" });
  assert.match(problemSentence(commandProblem(unheard, zh, "zh"), "zh"), /^服务没有及时回答：这一步不会稍后再执行。/);
  const late = problemFrom({ code: "command_late", status: 412, title: "The command came too late", detail: "…" });
  assert.match(problemSentence(commandProblem(late, zh, "zh"), "zh"), /^指令到得太晚：它在路上耽搁太久，没有执行。/);
});

test("a desk that is cut off says since when, and that nothing waits; back again it says for how long", () => {
  const at = Date.UTC(2026, 10, 29, 12, 15, 3);
  assert.match(cutOffSentence(at - 5000, MEASURED, zh, "zh"), /^与服务断开（20:15:03 起）.*不会留待稍后执行/);
  assert.match(backSentence(1_000, 13_400, zh), /断开了 12 秒/);
});
