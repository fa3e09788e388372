import assert from "node:assert/strict";
import { test } from "node:test";
import { cast, received, refused, startBallot } from "../../app/pages/phone/ballot.js";
import { NO_INTENT, panelOf, pick } from "../../app/pages/phone/panel.js";

const RUN = { round: 1, run: 1 };
const OPEN = { stage: "open", canVote: true };
const SHUT = { stage: "locked", canVote: false };
const ROUND = { choices_max: 1, changeable: false, votes_per_day: null };
const receipt = (votes_left = 0) => ({
  receipt: "R1", session: "X", round: 1, run: 1, choices: ["red"], revision: 1, accepted_at_ms: 1, votes_left,
  resets_at_ms: votes_left ? 1e12 : null, changeable: false, channel: "web", repeat: false,
});
const fresh = startBallot(RUN);
const voted = received(fresh, receipt());
const panel = (situation, ballot, round = {}, intent = NO_INTENT) =>
  panelOf({ situation, ballot, round: { ...ROUND, ...round }, intent, now_ms: 0 });

test("an open round offers the choice, then asks once", () => {
  assert.equal(panel(OPEN, fresh).kind, "choose");
  const asked = panel(OPEN, fresh, {}, pick(NO_INTENT, "blue", 1));
  assert.deepEqual([asked.kind, asked.choices], ["confirm", ["blue"]]);
});

test("a round that is not open offers nothing", () => {
  assert.equal(panel(SHUT, fresh).kind, "nothing");
  assert.equal(panel(SHUT, fresh, {}, pick(NO_INTENT, "blue", 1)).kind, "nothing");
});

test("a vote on its way is shown as such, whatever else is true", () => {
  const ballot = cast(voted, ["blue"], "n");
  for (const situation of [OPEN, SHUT]) assert.equal(panel(situation, ballot).kind, "sending");
});

test("a refusal is shown until it was read", () => {
  const ballot = refused(cast(fresh, ["red"], "n"), { code: "round_not_open", status: 409, title: "", phase: "locked" }, 0);
  assert.deepEqual([panel(SHUT, ballot).kind, panel(SHUT, ballot).refusal], ["refused", "round_not_open"]);
});

test("one vote is one vote: no change where the rules forbid it", () => {
  const shown = panel(OPEN, voted);
  assert.deepEqual([shown.kind, shown.mayChange, shown.mayAgain], ["voted", false, false]);
  assert.equal(panel(OPEN, voted, {}, { ...NO_INTENT, acting: true }).kind, "voted");
});

test("where votes may be changed, only while open", () => {
  const rules = { changeable: true };
  assert.equal(panel(OPEN, voted, rules).mayChange, true);
  assert.equal(panel(OPEN, voted, rules, { ...NO_INTENT, acting: true }).kind, "choose");
  assert.equal(panel(SHUT, voted, rules).mayChange, false);
  assert.equal(panel(SHUT, voted, rules, { ...NO_INTENT, acting: true }).kind, "voted");
});

test("daily votes: again while some are left, spent when none is", () => {
  const rules = { votes_per_day: 3 };
  const some = panel(OPEN, received(fresh, receipt(2)), rules);
  assert.deepEqual([some.kind, some.left, some.mayAgain], ["voted", 2, true]);
  const none = panel(OPEN, { ...fresh, votes_left: 0, resets_at_ms: 1e12 }, rules);
  assert.deepEqual([none.kind, none.left], ["spent", 0]);
});

test("several choices are ticked and unticked, never more than allowed", () => {
  let intent = NO_INTENT;
  for (const key of ["c1", "c2", "c3"]) intent = pick(intent, key, 2);
  assert.deepEqual(intent.picked, ["c1", "c2"]);
  intent = pick(intent, "c1", 2);
  assert.deepEqual(intent.picked, ["c2"]);
  assert.equal(panel(OPEN, fresh, { choices_max: 2 }, intent).kind, "confirm");
  assert.equal(panel(OPEN, fresh, { choices_max: 2 }, pick(intent, "c2", 2)).kind, "choose");
});
