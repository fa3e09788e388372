// The downloads that Excel opens.
import assert from "node:assert/strict";
import { test } from "node:test";

import { cell, csv, resultsCsv, stamp, timelineCsv } from "../../app/pages/report/csv.js";

const REPORT = {
  session: { code: "K7M2QP", number: 1, title: "先锋擂台 第1期", deciding: false },
  rounds: [
    {
      number: 1, run: 2, title: "观点PK", phase: "revealed", opened_at_ms: Date.UTC(2026, 10, 22, 12), locked_at_ms: Date.UTC(2026, 10, 22, 12, 2),
      tally: {
        choices: [
          { key: "red", name: "王伟", votes: 12, pct: 55, likes: 340, score: 5320, score_text: "53.20" },
          { key: "blue", name: "杨玭", votes: 10, pct: 45, likes: 360, score: 4680, score_text: "46.80" },
        ],
        turnout: 22, by: "score", held: { ballots: 3, votes: { red: 3, blue: 0 } }, corrections: 1,
      },
    },
    { number: 2, run: 1, title: "成效PK", phase: "locked", opened_at_ms: null, locked_at_ms: null, tally: null },
  ],
  timeline: [{ at_ms: Date.UTC(2026, 10, 22, 12), round: 1, likes: { red: 3 }, votes: 2 }],
};

test("it begins with the byte order mark and ends its lines as Excel wants", () => {
  const text = csv([["a", 1], ["b", null]]);
  assert.equal(text, "\uFEFFa,1\r\nb,\r\n");
  assert.deepEqual([...new TextEncoder().encode(text).slice(0, 3)], [0xef, 0xbb, 0xbf]);
});

test("commas, quotes and line breaks are kept whole", () => {
  assert.equal(cell('他说"好",就\n走'), '"他说""好"",就\n走"');
});

// The same texts as in tests/feeds/test_formats.py: the service and the page guard alike.
test("a name that looks like a formula cannot run", () => {
  for (const name of ["=1+1", "+1", "-1", "@x", "＝1+1", "＋1", "－1", "＠x", " =1", "\u3000＝1", "\n@x", "\tx", "\rx"]) {
    assert.ok(cell(name).replaceAll('"', "").startsWith("'"), name);
  }
  for (const name of ["", "王伟", "a=1", "1+1", " x", "'=1"]) assert.equal(cell(name), name);
  assert.equal(cell(-5), "-5");
});

test("times are Shanghai's", () => {
  assert.equal(stamp(Date.UTC(2026, 10, 22, 18, 30, 5)), "2026-11-23 02:30:05");
  assert.equal(stamp(null), "");
});

test("each choice of each round has its line, and a hidden figure is empty rather than zero", () => {
  const lines = resultsCsv(REPORT).slice(1).trim().split("\r\n");
  assert.equal(lines.length, 4);
  assert.equal(lines[1], "K7M2QP,1,1,2,观点PK,revealed,2026-11-22 20:00:00,2026-11-22 20:02:00,red,王伟,12,55,340,22,仅供参考，不决定胜负,加权得分,53.20,3,1");
  assert.equal(lines[3], "K7M2QP,1,2,1,成效PK,locked,,,,,,,,,仅供参考，不决定胜负,,,,");
  assert.ok(lines.every((line) => line.split(",").length === 19));
});

test("the results say whether the votes decide", () => {
  const deciding = { ...REPORT, session: { ...REPORT.session, deciding: true } };
  const lines = resultsCsv(deciding).slice(1).trim().split("\r\n");
  assert.equal(lines[0].split(",")[14], "观众投票");
  assert.ok(lines.slice(1).every((line) => line.split(",")[14] === "决定胜负"));
});

test("the timeline has a column for each side and zero where a side had none", () => {
  const lines = timelineCsv(REPORT, [{ key: "red", name: "王伟" }, { key: "blue", name: "杨玭" }]).slice(1).trim().split("\r\n");
  assert.equal(lines[0], "时间(北京),unix_ms,回合,点赞 王伟,点赞 杨玭,票");
  assert.equal(lines[1], `2026-11-22 20:00:00,${Date.UTC(2026, 10, 22, 12)},1,3,0,2`);
});
