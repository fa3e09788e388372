import assert from "node:assert/strict";
import { test } from "node:test";
import { modelOf, publicMaySee, ROWS_MAX } from "../../app/pages/overlay/model.js";
import { paceText } from "../../app/pages/overlay/replay_badge.js";
import { strapsOf } from "../../app/pages/overlay/lower_third.js";
import { contestant, document_, field, tallyOf } from "./overlay_document.mjs";

/** @param {any} wanted @param {object} [options] */
function model(wanted, options = {}) {
  return modelOf(document_(wanted), { lang: "zh", hidden: true, ...options });
}

test("a replay is known as one, and its pace is written beside the word", () => {
  assert.equal(modelOf(document_(), { lang: "zh", hidden: true }).replay, null);
  const replay = { at_ms: 1, speed: 8, paused: false };
  assert.deepEqual(modelOf(document_({ session: { replay } }), { lang: "zh", hidden: true }).replay, replay);
  assert.deepEqual([paceText(replay), paceText({ ...replay, speed: 0.5 }), paceText({ ...replay, paused: true })], ["×8", "×0.5", "×8 ❚❚"]);
});

test("votes, percentages and likes are the service's own", () => {
  const { entries, figures } = model({ votes: [12, 7], pct: [63, 37] });
  assert.equal(figures, "shown");
  assert.deepEqual(entries.map(({ votes, pct, likes }) => [votes, pct, likes]), [[12, 63, 120], [7, 37, 70]]);
  assert.deepEqual(entries.map(({ leads }) => leads), [true, false]);
});

test("without a vote the bar stands in the middle and nobody has a rank", () => {
  const { split, entries } = model({ votes: [0, 0] });
  assert.equal(split, 0.5);
  assert.deepEqual(entries.map(({ rank }) => rank), [0, 0]);
});

test("the bar never closes over a side", () => {
  const all = model({ votes: [1, 0] }).split;
  const none = model({ votes: [0, 1] }).split;
  assert.ok(all > 0.85 && all < 1);
  assert.ok(none < 0.15 && none > 0);
  assert.equal(model({ votes: [3, 1] }).split, 0.75);
});

test("a hidden tally shows turnout and when the votes will be shown", () => {
  const onReveal = model({ hidden: true, round: { visibility: "on_reveal", turnout: 1234 } });
  assert.equal(onReveal.figures, "hidden");
  assert.equal(onReveal.notice?.main, "票数揭晓时公布");
  assert.equal(onReveal.turnout?.main, "1,234 人已投票");
  assert.deepEqual(onReveal.entries.map(({ votes }) => votes), [0, 0]);
  assert.equal(model({ hidden: true, round: { visibility: "on_lock" } }).notice?.main, "票数截止后公布");
});

test("a staff view is kept hidden where ?hidden=keep asks for it", () => {
  const wanted = { votes: [12, 7], round: { visibility: "on_reveal", phase: "locked", turnout: 19 } };
  assert.equal(model(wanted, { hidden: true }).figures, "shown");
  const kept = model(wanted, { hidden: false });
  assert.equal(kept.figures, "hidden");
  assert.ok(!JSON.stringify(kept).includes("12"), "no figure anywhere in the model");
});

test("what the public may see follows visibility and phase", () => {
  const sees = (visibility, phase) => publicMaySee(document_({ round: { visibility, phase } }).round);
  assert.deepEqual(["open", "locked", "revealed"].map((phase) => sees("live", phase)), [true, true, true]);
  assert.deepEqual(["open", "locked", "revealed"].map((phase) => sees("after_vote", phase)), [false, true, true]);
  assert.deepEqual(["open", "locked", "revealed"].map((phase) => sees("on_lock", phase)), [false, true, true]);
  assert.deepEqual(["open", "locked", "revealed"].map((phase) => sees("on_reveal", phase)), [false, false, true]);
  assert.equal(sees("something_new", "revealed"), false);
});

test("the countdown runs to the close, then to the last channel's lock, and stands while paused", () => {
  const times = { closes_at_ms: 5000, locks_at_ms: 9000, remaining_ms: 700 };
  assert.deepEqual(model({ round: { phase: "open", ...times } }).countdown, { kind: "until", at_ms: 5000 });
  assert.deepEqual(model({ round: { phase: "closing", ...times } }).countdown, { kind: "until", at_ms: 9000 });
  assert.deepEqual(model({ round: { phase: "paused", ...times } }).countdown, { kind: "frozen", left_ms: 700 });
  for (const phase of ["draft", "locked", "revealed", "void"]) assert.equal(model({ round: { phase, ...times } }).countdown, null);
});

test("a winner is named only once revealed, and only as a favourite where the audience does not decide", () => {
  assert.equal(model({ votes: [12, 7], round: { phase: "locked" } }).outcome.kind, "count");
  const won = model({ votes: [7, 12], round: { phase: "revealed" } }).outcome;
  assert.deepEqual([won.kind, won.winners, won.label?.main], ["won", ["blue"], "胜出"]);
  const favourite = model({ votes: [7, 12], round: { phase: "revealed" }, session: { deciding: false } }).outcome;
  assert.deepEqual([favourite.kind, favourite.label?.main], ["favoured", "人气领先"]);
  const level = model({ votes: [5, 5], round: { phase: "revealed" }, session: { deciding: false } }).outcome;
  assert.deepEqual([level.kind, level.label?.main], ["tie", "票数持平"]);
});

test("small print says in every phase with a count whether the votes decide", () => {
  for (const phase of ["draft", "open", "paused", "closing", "locked", "revealed"]) {
    assert.match(model({ votes: [2, 1], round: { phase }, session: { deciding: true } }).fine?.main ?? "", /^观众投票决定胜负$/u);
    const popularity = model({ votes: [2, 1], round: { phase }, session: { deciding: false } });
    assert.equal(popularity.fine?.main, "观众投票仅供参考，不决定胜负");
    assert.doesNotMatch(JSON.stringify(popularity), /胜出|优胜|获胜/u, phase);
  }
  assert.equal(model({ round: { phase: "void" } }).fine, null);
});

test("a sealed round shows turnout and its seal, and no figure even where one came", () => {
  const sealed = { sealed: true, certified_at_ms: null, phase: "locked", turnout: 9 };
  const shown = model({ hidden: true, round: sealed });
  assert.deepEqual([shown.figures, shown.notice?.main, shown.turnout?.main], ["hidden", "封存计票 · 核票后公布", "9 人已投票"]);
  assert.deepEqual([shown.outcome.kind, shown.outcome.heading.main], ["pending", "封存计票"]);
  assert.equal(publicMaySee(document_({ round: { ...sealed, visibility: "live" } }).round), false);
  assert.equal(publicMaySee(document_({ round: { ...sealed, visibility: "live", certified_at_ms: 5 } }).round), true);
});

test("where channels have weights, the score is what the bar, the rows and the lead go by", () => {
  const scored = document_({ votes: [30, 20], pct: [60, 40], session: { deciding: true }, round: { phase: "revealed" }, tally: { by: "score", leader: "blue" } });
  scored.tally.choices.forEach((choice, at) => Object.assign(choice, { score: [4680, 5320][at], score_text: ["46.80", "53.20"][at] }));
  const { split, entries, rows, outcome, fine } = modelOf(scored, { lang: "zh", hidden: true });
  assert.equal(split, 0.468);
  assert.deepEqual(entries.map(({ votes, share }) => [votes, share]), [[30, "46.80 分"], [20, "53.20 分"]]);
  assert.deepEqual(rows.map(({ key }) => key), ["blue", "red"]);
  assert.deepEqual([outcome.kind, outcome.winners], ["won", ["blue"]]);
  assert.match(fine?.main ?? "", /加权得分/u);
});

test("a correction and held ballots are said in the small print", () => {
  const { fine } = model({ votes: [3, 2], round: { held: 1200 }, tally: { corrections: 1 } });
  assert.equal(fine?.main, "更正后 · 另有 1,200 票待核 · 观众投票决定胜负");
  assert.equal(model({ votes: [3, 2], round: { held: 0 } }).fine?.main, "观众投票决定胜负");
});

test("a tie has no winner but names both", () => {
  const { outcome } = model({ votes: [5, 5], round: { phase: "revealed" } });
  assert.deepEqual([outcome.kind, outcome.winners, outcome.label?.main], ["tie", ["red", "blue"], "平局"]);
});

test("a revealed round without votes is neither won nor tied", () => {
  const { outcome } = model({ votes: [0, 0], round: { phase: "revealed" } });
  assert.deepEqual([outcome.kind, outcome.winners], ["count", []]);
});

test("a void round shows its reason and no figures", () => {
  const voided = model({ votes: [12, 7], round: { phase: "void", void_reason: "断电" } });
  assert.deepEqual([voided.figures, voided.outcome.kind, voided.outcome.reason], ["none", "void", "断电"]);
  assert.equal(voided.notice?.main, "本轮作废");
  assert.ok(!JSON.stringify(voided.entries).includes("12"));
});

test("a session without a round has names and nothing else", () => {
  const empty = model({ round: null });
  assert.deepEqual([empty.round, empty.figures, empty.outcome.kind, empty.turnout], [null, "none", "none", null]);
  assert.equal(empty.entries.length, 2);
});

test("another run has another key, so that its figures do not roll from the last one's", () => {
  assert.notEqual(model({ round: { run: 1 } }).key, model({ round: { run: 2 } }).key);
});

test("rows are ranked by votes, equals share a rank and keep the programme's order", () => {
  const { layout, rows } = model({ contestants: field(4), votes: [5, 9, 5, 1] });
  assert.equal(layout, "rows");
  assert.deepEqual(rows.map(({ key, rank }) => [key, rank]), [["c2", 1], ["c1", 2], ["c3", 2], ["c4", 4]]);
});

test("ten rows are shown and the rest summed in one line", () => {
  const votes = Array.from({ length: 13 }, (_, at) => 100 - at);
  const shown = model({ contestants: field(13), votes, pct: votes.map(() => 7) });
  assert.equal(shown.rows.length, ROWS_MAX);
  assert.equal(shown.rest?.main, "其余 3 位 · 共 267 票 · 21%");
  assert.equal(model({ contestants: field(10), votes: votes.slice(0, 10) }).rest, null);
  const hidden = model({ contestants: field(13), hidden: true, round: { visibility: "on_lock" } });
  assert.equal(hidden.rest?.main, "其余 3 位");
});

test("a poll's own options stand as the tally names them", () => {
  const options = [contestant("yes", "赞成"), contestant("no", "反对"), contestant("wait", "再议")];
  const document = { ...document_({ contestants: options, votes: [3, 2, 1] }), contestants: [] };
  const { entries, layout } = modelOf(document, { lang: "zh", hidden: true });
  assert.deepEqual([layout, entries.map(({ name }) => name)], ["rows", ["赞成", "反对", "再议"]]);
});

test("the dimension stands beside a title that does not say it", () => {
  assert.equal(model({ round: { title: "第一场", dimension: "results" } }).round?.dimension?.main, "成效PK");
  assert.equal(model({ round: { title: "观点PK", dimension: "views" } }).round?.dimension, null);
  assert.equal(model({ round: { title: "第一场", dimension: "free" } }).round?.dimension, null);
});

test("both languages put English beneath Chinese; English stands alone", () => {
  const document = document_({ votes: [1, 1] });
  assert.deepEqual(modelOf(document, { lang: "both", hidden: true }).phaseWords, { main: "投票进行中", sub: "Voting open" });
  assert.deepEqual(modelOf(document, { lang: "en", hidden: true }).phaseWords, { main: "Voting open", sub: "" });
  assert.equal(modelOf(document, { lang: "en", hidden: true }).turnout?.main, "2 have voted");
});

test("the lower third names the two, or those asked for, or the session", () => {
  const pk = model({});
  assert.deepEqual(strapsOf(pk, []).map(({ name, tag }) => [name, tag?.main]), [["王伟", "擂主"], ["杨玭", "攻擂"]]);
  assert.deepEqual(strapsOf(pk, ["blue"]).map(({ name }) => name), ["杨玭"]);
  assert.equal(strapsOf(pk, ["nobody"]).length, 2);
  const gala = model({ contestants: field(5), votes: [1, 2, 3, 4, 5], session: { topic: "乡村振兴" } });
  assert.deepEqual(strapsOf(gala, []).map(({ name, line }) => [name, line]), [["先锋擂台 第1期", "乡村振兴"]]);
  assert.deepEqual(strapsOf(gala, ["c3"]).map(({ name }) => name), ["选手3"]);
});

/** @param {any} wanted */
function window_(wanted = {}) {
  const [first, second, third] = field(3);
  const pass = { key: "pass", name: "再看看" };
  const choices = [{ key: second.key, name: second.name }, pass];
  const tally = tallyOf([second, contestant(pass.key, pass.name)], wanted.votes ?? [8, 2], [80, 20]);
  return { contestants: [first, second, third], session: { kind: "gala" }, tally, ...wanted, round: { title: second.name, choices, ...wanted.round } };
}

test("who is alone on stage has the board to themselves, and nobody loses or wins against not voting", () => {
  const open = model(window_());
  assert.deepEqual([open.layout, open.entries.map(({ key }) => key), open.split], ["alone", ["c2", "pass"], 0.8]);
  assert.deepEqual(strapsOf(open, []).map(({ key }) => key), ["c2"]);
  for (const votes of [[8, 2], [2, 8], [5, 5]]) {
    const { kind, winners, label } = model(window_({ votes, round: { phase: "revealed" } })).outcome;
    assert.deepEqual([kind, winners, label], ["count", [], null]);
  }
  const turned = window_();
  turned.round.choices.reverse();
  turned.tally.choices.reverse();
  assert.deepEqual(model(turned).entries.map(({ key }) => key), ["c2", "pass"]);
  const options = { choices: [{ key: "yes", name: "赞成" }, { key: "no", name: "反对" }] };
  assert.equal(model({ contestants: field(2), round: options }).layout, "pk");
});

test("a board of many has pages, in an order that stands, and the podium is the first three on each", () => {
  const votes = field(64).map((_, at) => (at === 40 ? 9 : at % 4));
  const all = [1, 2, 3, 4, 5, 6, 7].map((page) => model({ contestants: field(64), votes }, { rows: 10, page }));
  assert.deepEqual(all.map(({ rows }) => rows.length), [10, 10, 10, 10, 10, 10, 4]);
  const keys = all.flatMap(({ rows }) => rows.map(({ key }) => key));
  assert.equal(new Set(keys).size, 64);
  assert.deepEqual(keys.slice(0, 4), ["c41", "c4", "c8", "c12"]);
  assert.ok(all.every(({ podium, pages }) => pages === 7 && podium[0].key === "c41" && podium.length === 3));
  assert.match(all[0].rest?.main ?? "", /其余 54 位/);
  assert.equal(all[6].rest?.main, "第 7/7 页 · 共 64 位");
  assert.equal(model({ contestants: field(64), votes }, { page: 99 }).page, 7);
  assert.equal(model({ contestants: field(64), votes }, { turn: 8 }).rest?.main, "第 1/7 页 · 共 64 位");
  assert.deepEqual(model({ contestants: field(64), votes }, { rows: 3 }).rows.map(({ rank }) => rank), [1, 2, 2]);
});
