import assert from "node:assert/strict";
import { test } from "node:test";
import {
  adopt, cast, dismissed, dueVote, lastReceipt, lineBack, loadBallot, makeNonce, merge, received, refused, saveBallot,
  startBallot, voteSent, votesLeft,
} from "../../app/pages/phone/ballot.js";

const RUN = { round: 1, run: 1 };
const own = (receipt, choices = ["red"], accepted_at_ms = 10, revision = 1) => ({ receipt, choices, revision, accepted_at_ms });
const answer = (id, more = {}) => ({
  ...own("R1"), id, round: 1, run: 1, session: "X", votes_left: 0, resets_at_ms: null, changeable: false, channel: "web",
  repeat: false, ...more,
});
const problem = (code, more = {}) => ({ code, status: 409, title: code, id: "n1", ...more });
const onItsWay = () => cast(startBallot(RUN), ["red"], "n1");

test("a vote goes at once, then again with the same nonce until it is answered", () => {
  let ballot = onItsWay();
  const nonces = [];
  let now_ms = 0;
  for (let minute = 0; minute < 600; minute += 1) {
    const due = dueVote(ballot, now_ms);
    if (due) {
      nonces.push([now_ms, due.nonce]);
      ballot = voteSent(ballot, now_ms);
    }
    now_ms += 100;
  }
  assert.equal(nonces[0][0], 0);
  assert.ok(nonces.length >= 5 && nonces.length <= 12, String(nonces.length));
  assert.ok(nonces.every(([, nonce]) => nonce === "n1"));
  ballot = received(ballot, answer("n1"));
  assert.equal(ballot.pending, null);
  assert.equal(dueVote(ballot, 1e9), null);
});

test("a line that is back sends at once", () => {
  const ballot = lineBack(voteSent(onItsWay(), 1000));
  assert.equal(dueVote(ballot, 1001).nonce, "n1");
});

test("a receipt that comes twice stands once", () => {
  let ballot = received(onItsWay(), answer("n1"));
  ballot = received(ballot, answer("n1", { repeat: true }));
  assert.equal(ballot.receipts.length, 1);
});

test("the answer to an earlier vote does not end the one on its way", () => {
  const ballot = received(onItsWay(), answer("n0", { receipt: "R0" }));
  assert.equal(ballot.pending.nonce, "n1");
  assert.equal(ballot.receipts.length, 1);
});

test("a receipt of another run is not taken", () => {
  const ballot = onItsWay();
  assert.equal(received(ballot, answer("n1", { run: 2 })), ballot);
});

test("a late receipt takes a refusal back", () => {
  let ballot = refused(onItsWay(), problem("round_not_open", { phase: "locked" }), 0);
  assert.equal(ballot.refusal, "round_not_open");
  ballot = adopt(ballot, { round: 1, run: 1, ballots: [own("R9")], votes_left: 0, resets_at_ms: null });
  assert.equal(ballot.refusal, null);
  assert.equal(lastReceipt(ballot).receipt, "R9");
});

test("what passes keeps the vote on its way, also a pause and a token gone bad", () => {
  const passing = [
    problem("overloaded", { status: 503, retry_after_ms: 2500 }), problem("too_many_requests", { status: 429 }),
    problem("unreachable", { status: 0 }), problem("http_502", { status: 502 }), problem("token_expired", { status: 401 }),
    problem("round_not_open", { phase: "paused" }),
  ];
  for (const each of passing) {
    const ballot = refused(voteSent(onItsWay(), 0), each, 100);
    assert.equal(ballot.pending?.nonce, "n1", each.code);
    assert.ok(ballot.pending.not_before_ms > 100, each.code);
  }
  assert.equal(refused(onItsWay(), passing[0], 100).pending.not_before_ms, 2600);
});

test("what is final ends it and is kept until read", () => {
  for (const code of ["round_not_open", "already_voted", "no_votes_left", "invalid_ballot", "session_ended"]) {
    const ballot = refused(onItsWay(), problem(code, { phase: "locked" }), 0);
    assert.deepEqual([ballot.pending, ballot.refusal], [null, code]);
    assert.equal(dismissed(ballot).refusal, null);
  }
});

test("a problem of another message does not touch the vote", () => {
  const ballot = onItsWay();
  assert.equal(refused(ballot, problem("round_not_open", { id: "likes" }), 0), ballot);
  assert.equal(refused(startBallot(RUN), problem("round_not_open"), 0).refusal, null);
});

test("a page killed in any moment comes back with its nonce and its receipts", () => {
  const saved = JSON.parse(JSON.stringify(saveBallot(voteSent(onItsWay(), 5000))));
  const ballot = loadBallot(saved, RUN);
  assert.equal(dueVote(ballot, 0).nonce, "n1");
  const done = loadBallot(JSON.parse(JSON.stringify(saveBallot(received(ballot, answer("n1"))))), RUN);
  assert.equal(done.pending, null);
  assert.equal(lastReceipt(done).receipt, "R1");
});

test("a kept ballot of another run, or a spoilt one, is a fresh start", () => {
  const saved = saveBallot(onItsWay());
  assert.equal(loadBallot(saved, { round: 1, run: 2 }).pending, null);
  for (const spoilt of [null, 7, "x", {}, { ...RUN }, { ...RUN, receipts: [], pending: { choices: "red" } }]) {
    assert.equal(loadBallot(spoilt, RUN).pending, null);
    assert.deepEqual(loadBallot(spoilt, RUN).receipts, []);
  }
});

test("receipts of an identity that is gone are not forgotten", () => {
  const ballot = received(onItsWay(), answer("n1"));
  const after = adopt(ballot, { round: 1, run: 1, ballots: [], votes_left: 1, resets_at_ms: null });
  assert.equal(after.receipts.length, 1);
});

test("another tab's receipt is taken in; nothing new leaves the very same", () => {
  const ballot = startBallot(RUN);
  const other = received(onItsWay(), answer("n1"));
  assert.equal(merge(ballot, other).receipts.length, 1);
  assert.equal(merge(other, ballot), other);
});

test("of several revisions the last one stands", () => {
  let ballot = received(onItsWay(), answer("n1"));
  ballot = received(cast(ballot, ["blue"], "n2"), answer("n2", { receipt: "R2", choices: ["blue"], revision: 2, accepted_at_ms: 10 }));
  assert.deepEqual(lastReceipt(ballot).choices, ["blue"]);
});

test("votes left: one in all, or the day's, back at midnight", () => {
  const voted = received(onItsWay(), answer("n1", { votes_left: 2, resets_at_ms: 5000 }));
  assert.equal(votesLeft(startBallot(RUN), null, 0), 1);
  assert.equal(votesLeft(voted, null, 0), 0);
  assert.equal(votesLeft(startBallot(RUN), 3, 0), 3);
  assert.equal(votesLeft(voted, 3, 4999), 2);
  assert.equal(votesLeft(voted, 3, 5000), 3);
});

test("a nonce is printable, short enough and new each time", () => {
  const nonces = new Set(Array.from({ length: 50 }, () => makeNonce(globalThis.crypto)));
  assert.equal(nonces.size, 50);
  for (const nonce of nonces) assert.match(nonce, /^[0-9a-f]{32}$/);
});
