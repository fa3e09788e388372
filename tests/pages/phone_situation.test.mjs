import assert from "node:assert/strict";
import { test } from "node:test";
import { cutoffMs, situationOf } from "../../app/pages/phone/situation.js";
import { tallyDocument } from "./lib_fakes.mjs";

const LIVE = { status: "live", reason: null, attempt: 0 };
const ROUND = {
  number: 1, run: 1, phase: "open", closes_at_ms: null, remaining_ms: null, grace_ms: 0, choices: [], choices_max: 1,
  changeable: false, votes_per_day: null, turnout: 0, sealed: false, certified_at_ms: null,
};
const FIGURES = { choices: [], votes: 3, likes: 0, turnout: 3, leader: "red", tie: false };

const at = (round, { delay_ms = 0, now_ms = 0, tally = FIGURES, session = {} } = {}) => {
  const document = tallyDocument(1, 1);
  const shown = { ...document, round: round && { ...ROUND, ...round }, tally, session: { ...document.session, ...session } };
  return situationOf({ tally: shown, connection: LIVE }, delay_ms, now_ms);
};

test("without a document it is loading, or unknown where the service says so", () => {
  assert.equal(situationOf({ tally: null, connection: LIVE }, 0, 0).stage, "loading");
  const stopped = { status: "stopped", reason: "session_not_found", attempt: 0 };
  assert.equal(situationOf({ tally: null, connection: stopped }, 0, 0).stage, "unknown");
});

test("only an open round takes votes and likes", () => {
  for (const phase of ["draft", "paused", "locked", "revealed", "void"]) {
    const now = at({ phase });
    assert.deepEqual([now.stage, now.canVote, now.canLike], [phase, false, false]);
  }
  const open = at({ phase: "open" });
  assert.deepEqual([open.stage, open.canVote, open.canLike, open.final], ["open", true, true, false]);
});

test("a replay takes nothing, whatever its phase", () => {
  const replayed = at({ phase: "open" }, { session: { replay: { at_ms: 1, speed: 1, paused: false } } });
  assert.deepEqual([replayed.stage, replayed.canVote, replayed.canLike], ["open", false, false]);
});

test("while closing, a delayed channel may still take part until its own cut-off", () => {
  const round = { phase: "closing", closes_at_ms: 10_000, grace_ms: 1000 };
  assert.equal(cutoffMs({ ...ROUND, ...round }, 8000), 19_000);
  const before = at(round, { delay_ms: 8000, now_ms: 18_999 });
  assert.deepEqual([before.stage, before.canVote, before.left_ms], ["closing", true, 1]);
  const after = at(round, { delay_ms: 8000, now_ms: 19_000 });
  assert.deepEqual([after.stage, after.canVote, after.left_ms], ["late", false, null]);
  assert.equal(at(round, { delay_ms: 0, now_ms: 12_000 }).stage, "late");
});

test("a wrong clock never keeps an open round from being voted in: the service judges", () => {
  assert.equal(at({ closes_at_ms: 1000 }, { now_ms: 9_999_999 }).canVote, true);
  assert.equal(at({ closes_at_ms: 1000 }, { now_ms: 9_999_999 }).left_ms, 0);
});

test("the countdown runs to the channel's own end, stands still while paused, and is not there without a deadline", () => {
  assert.equal(at({ closes_at_ms: 10_000, grace_ms: 500 }, { delay_ms: 8000, now_ms: 4000 }).left_ms, 14_000);
  assert.equal(at({ phase: "paused", remaining_ms: 7000 }, { now_ms: 4000 }).left_ms, 7000);
  assert.equal(at({}).left_ms, null);
});

test("a winner is named only once revealed, and never in a tie or from hidden figures", () => {
  assert.equal(at({ phase: "locked" }).winner, null);
  assert.equal(at({ phase: "revealed" }).winner, "red");
  const tie = at({ phase: "revealed" }, { tally: { ...FIGURES, leader: null, tie: true } });
  assert.deepEqual([tie.winner, tie.tie], [null, true]);
  const hidden = at({ phase: "revealed" }, { tally: null });
  assert.deepEqual([hidden.winner, hidden.hidden], [null, true]);
});

test("a seal holds until the certificate", () => {
  assert.equal(at({ phase: "locked", sealed: true }).sealed, true);
  assert.equal(at({ phase: "locked", sealed: true, certified_at_ms: 5 }).sealed, false);
  assert.equal(at({ phase: "locked" }).sealed, false);
});

test("a session that is over says so, but leaves a revealed result standing", () => {
  const ended = { session: { status: "ended" } };
  assert.equal(at({ phase: "locked" }, ended).stage, "over");
  assert.equal(at({ phase: "open" }, ended).canVote, false);
  assert.equal(at({ phase: "revealed" }, ended).stage, "revealed");
  assert.equal(at(null, ended).stage, "over");
  assert.equal(at(null).stage, "idle");
});

test("a phase that nobody knows is an error", () => {
  assert.throws(() => at({ phase: "surprise" }), TypeError);
});
