// The host's sentences: right figures, both languages, and never a figure the audience may not see.
import assert from "node:assert/strict";
import { test } from "node:test";

import { readout } from "../../app/pages/console/readout.js";

const SESSION = { code: "K7M2QP", title: "先锋擂台 第1期", status: "live", deciding: true };

function round(phase, changes = {}) {
  return {
    number: 1, run: 1, phase, title: "观点PK", question: "", visibility: "live", duration_ms: 120000,
    choices: [{ key: "red", name: "王伟" }, { key: "blue", name: "杨玭" }], sealed: false, certified_at_ms: null, ...changes,
  };
}

function tally(red, blue, changes = {}) {
  const leader = red === blue ? null : red > blue ? "red" : "blue";
  return {
    choices: [
      { key: "red", name: "王伟", votes: red, pct: 55, likes: 340 },
      { key: "blue", name: "杨玭", votes: blue, pct: 45, likes: 360 },
    ],
    votes: red + blue, likes: 700, turnout: red + blue, leader, tie: red === blue && red > 0, by: "votes", corrections: 0,
    held: { ballots: 0, votes: {} }, ...changes,
  };
}

test("before the round the host hears who, how long, and the code letter by letter", () => {
  const said = readout(SESSION, round("draft"), null, "zh");
  assert.equal(said, "接下来是“观点PK”，请为王伟和杨玭投票，投票时间2分钟。扫屏幕上的二维码就能参与，短码 K 7 M 2 Q P 。");
  assert.match(readout(SESSION, round("draft", { duration_ms: null }), null, "zh"), /投票。扫/u);
});

test("while it is open and public the lead is said", () => {
  assert.match(readout(SESSION, round("open"), tally(12, 10), "zh"), /目前王伟领先，得票12票，领先2票，点赞合计700次。/u);
  assert.match(readout(SESSION, round("open"), tally(12, 10), "en"), /王伟 leads with 12 votes, 2 ahead, with 700 likes in all\./u);
});

test("a hidden tally is never spoken before it may be seen", () => {
  for (const visibility of ["on_reveal", "on_lock", "after_vote"]) {
    for (const phase of ["open", "paused", "closing"]) {
      const said = readout(SESSION, round(phase, { visibility }), tally(12, 10), "zh");
      assert.doesNotMatch(said, /12|领先/u, `${visibility} ${phase}`);
    }
  }
  assert.doesNotMatch(readout(SESSION, round("locked", { visibility: "on_reveal" }), tally(12, 10), "en"), /12/u);
});

test("a level score is called level, a tie a tie", () => {
  assert.match(readout(SESSION, round("open"), tally(5, 5), "zh"), /持平/u);
  assert.match(readout(SESSION, round("revealed"), tally(5, 5), "zh"), /平手/u);
  assert.match(readout(SESSION, round("revealed"), tally(5, 5), "en"), /tie/u);
});

test("the result names counts, shares, turnout, likes and the winner, the first one first", () => {
  assert.equal(
    readout(SESSION, round("revealed", { visibility: "on_reveal" }), tally(10, 12), "zh"),
    "“观点PK”结果揭晓：杨玭12票，占45%；王伟10票，占55%。共有22人投票，点赞700次。观众投票决定胜负，杨玭胜出！",
  );
  assert.match(readout(SESSION, round("revealed"), tally(1, 0), "en"), /王伟 1 vote, 55 per cent/u);
});

test("where the votes do not decide, nobody is said to have won", () => {
  const popular = { ...SESSION, deciding: false };
  for (const [red, blue] of [[10, 12], [7, 7]]) {
    const said = readout(popular, round("revealed"), tally(red, blue), "zh");
    assert.match(said, /观众投票仅供参考，不决定胜负。$/u);
    assert.doesNotMatch(said, /胜出|平手/u);
  }
  assert.match(readout(popular, round("open"), tally(10, 12), "zh"), /目前杨玭人气领先/u);
  assert.match(readout(popular, round("revealed"), tally(10, 12), "en"), /The audience favours 杨玭\. Audience votes show popularity/u);
});

test("a sealed count is not spoken, whatever the console was given, until it is certified", () => {
  for (const phase of ["open", "locked"]) {
    assert.doesNotMatch(readout(SESSION, round(phase, { sealed: true }), tally(12, 10), "zh"), /12|领先/u);
  }
  assert.match(readout(SESSION, round("locked", { sealed: true }), null, "zh"), /封存计票/u);
  assert.match(readout(SESSION, round("locked", { sealed: true, certified_at_ms: 5 }), tally(12, 10), "zh"), /王伟12票/u);
});

test("nobody voted is said plainly", () => {
  assert.equal(readout(SESSION, round("revealed"), tally(0, 0), "zh"), "“观点PK”没有收到投票。");
});

test("pause, closing, locked, void and the end have their sentence in both languages", () => {
  for (const phase of ["paused", "closing", "locked", "void"]) {
    for (const language of ["zh", "en"]) {
      const said = readout(SESSION, round(phase, { visibility: "on_reveal" }), null, language);
      assert.ok(said.length > 8 && said.includes("观点PK"), said);
    }
  }
  assert.match(readout({ ...SESSION, status: "ended" }, null, null, "zh"), /感谢/u);
});

test("a question keeps its own punctuation", () => {
  assert.match(readout(SESSION, round("open", { question: "谁说得更好？" }), null, "zh"), /问题是：谁说得更好？请大家/u);
  assert.match(readout(SESSION, round("open", { question: "谁说得更好" }), null, "zh"), /问题是：谁说得更好。请大家/u);
});
