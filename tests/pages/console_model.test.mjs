// What the console shows for a session, a tally and a role.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  commandsAtHand, contestantsEditable, figures, fittingScene, layoutFor, nextStep, overlayBeats, publicSees, roundClock,
  sessionIsStale,
} from "../../app/pages/console/model.js";

const PRODUCER = new Set(["read", "edit", "open", "pause", "resume", "lock", "next", "audit"]);
const DIRECTOR = new Set(["read", "reveal", "overlay", "next", "audit"]);
const SCRUTINEER = new Set(["read", "certify", "void", "rerun", "audit"]);

function round(changes = {}) {
  return {
    number: 1, run: 1, phase: "open", title: "观点PK", question: "", dimension: "views",
    choices: [{ key: "red", name: "王伟" }, { key: "blue", name: "杨玭" }], choices_max: 1, changeable: false,
    votes_per_day: null, duration_ms: 120000, grace_ms: 0, visibility: "on_reveal", likes_per_second: 15,
    opened_at_ms: 1000, closes_at_ms: 121000, locks_at_ms: 129000, locked_at_ms: null, revealed_at_ms: null,
    remaining_ms: null, certified_at_ms: null, sealed: false, quarantine: [], void_reason: null, allowed: ["pause", "lock", "void"], ...changes,
  };
}

function session(changes = {}) {
  return {
    code: "K7M2QP", number: 1, title: "先锋擂台 第1期", topic: "", kind: "pk", status: "live",
    show: { slug: "pioneer-arena", name: "先锋擂台" }, channels: [],
    contestants: [
      { key: "red", name: "王伟", title: "", organisation: "澳洋医院", sector: "", role: "holder", portrait_url: "", slogan: "" },
      { key: "blue", name: "杨玭", title: "", organisation: "公益组织联合会", sector: "", role: "challenger", portrait_url: "", slogan: "" },
    ],
    rounds: [round()], current_round: 1, next: { command: "lock", round: 1 }, overlay: { scene: "board" }, links: {},
    ...changes,
  };
}

function tally(changes = {}) {
  return {
    type: "tally", epoch: 1, version: 2, view: "staff", server_time_ms: 5000,
    round: { number: 1, run: 1, phase: "open", closes_at_ms: 121000, certified_at_ms: null, turnout: 3, held: 0 },
    tally: {
      choices: [
        { key: "red", name: "王伟", votes: 2, pct: 67, likes: 5 },
        { key: "blue", name: "杨玭", votes: 1, pct: 33, likes: 9 },
      ],
      votes: 3, likes: 14, turnout: 3, leader: "red", tie: false, by: "votes", channels: [], held: { ballots: 0, votes: {} }, corrections: 0,
    },
    rounds: [{ number: 1, title: "观点PK", phase: "open" }], audience: { online: 3, unique: 3 }, overlay: { scene: "board" },
    ...changes,
  };
}

test("the next step names its command and round, never next, so that a repeated press cannot go a step too far", () => {
  const step = nextStep(session(), PRODUCER);
  assert.deepEqual([step.command, step.round, step.mine, step.confirm], ["lock", 1, true, true]);
});

test("a producer may not reveal: the button waits for the director by name", () => {
  const locked = session({ rounds: [round({ phase: "locked", allowed: ["reveal", "certify"] })], next: { command: "reveal", round: 1 } });
  const step = nextStep(locked, PRODUCER);
  assert.deepEqual([step.state, step.mine, step.by], ["not_mine", false, "director"]);
  assert.equal(nextStep(locked, DIRECTOR).state, "ready");
});

test("a scrutineer's next step is to certify while that is open, whatever the producers' next is", () => {
  const locked = session({ rounds: [round({ phase: "locked", allowed: ["reveal", "certify", "void", "rerun"] })], next: { command: "reveal", round: 1 } });
  assert.equal(nextStep(locked, SCRUTINEER).command, "certify");
  const signed = session({ rounds: [round({ phase: "locked", allowed: ["reveal", "void", "rerun"] })], next: { command: "reveal", round: 1 } });
  assert.equal(nextStep(signed, SCRUTINEER).command, "reveal");
  assert.equal(nextStep(signed, SCRUTINEER).mine, false);
});

test("an administrator keeps the show's own next step and is not sent to certify first", () => {
  const all = new Set([...PRODUCER, ...DIRECTOR, ...SCRUTINEER]);
  const locked = session({ rounds: [round({ phase: "locked", allowed: ["reveal", "certify"] })], next: { command: "reveal", round: 1 } });
  assert.equal(nextStep(locked, all).command, "reveal");
});

test("while the last votes come in there is nothing to press", () => {
  const closing = session({ rounds: [round({ phase: "closing", allowed: ["void"] })], next: null });
  assert.equal(nextStep(closing, PRODUCER).state, "closing");
});

test("a session without rounds, one that is over and one that is done say so", () => {
  assert.equal(nextStep(session({ rounds: [], current_round: null, next: null }), PRODUCER).state, "empty");
  assert.equal(nextStep(session({ status: "ended" }), PRODUCER).state, "ended");
  const done = session({ rounds: [round({ phase: "revealed", allowed: [] })], next: null });
  assert.equal(nextStep(done, PRODUCER).state, "finished");
});

test("after the last round was void, running it again is the next step, not the end", () => {
  const voided = session({ rounds: [round({ phase: "void", allowed: ["rerun"] })], next: null });
  assert.equal(nextStep(voided, SCRUTINEER).command, "rerun");
  assert.deepEqual([nextStep(voided, PRODUCER).state, nextStep(voided, PRODUCER).by], ["not_mine", "scrutineer"]);
});

test("commands outside the role are not shown; those the phase forbids are shown off", () => {
  const shown = commandsAtHand(round(), PRODUCER).filter((each) => each.shown);
  assert.deepEqual(shown.map((each) => [each.command, each.enabled]), [["pause", true], ["lock", true]]);
  const scrutineer = commandsAtHand(round(), SCRUTINEER).filter((each) => each.shown);
  assert.deepEqual(scrutineer.map((each) => [each.command, each.enabled]), [["certify", false], ["void", true], ["rerun", false]]);
});

test("pause and resume share one place", () => {
  const paused = commandsAtHand(round({ phase: "paused", allowed: ["resume", "lock", "void"] }), PRODUCER);
  assert.deepEqual(paused.filter((each) => each.shown).map((each) => each.command), ["resume", "lock"]);
});

test("what cannot be undone asks for a second press, and nothing else does", () => {
  const confirmed = commandsAtHand(round(), new Set([...PRODUCER, ...DIRECTOR, ...SCRUTINEER])).filter((each) => each.confirm);
  assert.deepEqual(confirmed.map((each) => each.command), ["lock", "reveal", "certify", "rerun"]);
});

test("figures the public may not see yet are marked as such by visibility and phase", () => {
  const sees = (visibility, phase) => publicSees({ visibility, phase });
  assert.deepEqual(["open", "locked", "revealed"].map((phase) => sees("live", phase)), [true, true, true]);
  assert.deepEqual(["open", "locked", "revealed"].map((phase) => sees("after_vote", phase)), [false, true, true]);
  assert.deepEqual(["open", "locked", "revealed"].map((phase) => sees("on_lock", phase)), [false, true, true]);
  assert.deepEqual(["open", "locked", "revealed"].map((phase) => sees("on_reveal", phase)), [false, false, true]);
  assert.deepEqual(["live", "after_vote", "on_lock", "on_reveal"].map((visibility) => sees(visibility, "void")), [false, false, false, false]);
  assert.throws(() => sees("sometimes", "open"));
});

test("figures come from the tally of this very run, and are unknown rather than zero otherwise", () => {
  const shown = figures(session(), tally());
  assert.deepEqual(shown.rows.map((row) => [row.key, row.votes, row.likes, row.pct, row.leads]), [["red", 2, 5, 67, true], ["blue", 1, 9, 33, false]]);
  assert.equal(shown.hidden, true);
  const other = figures(session({ rounds: [round({ run: 2 })] }), tally());
  assert.deepEqual(other.rows.map((row) => row.votes), [null, null]);
  assert.equal(figures(session(), null).turnout, null);
});

test("a shared first place is called level on both sides, and nobody leads", () => {
  const even = tally();
  even.tally = { ...even.tally, leader: null, tie: true, choices: even.tally.choices.map((choice) => ({ ...choice, votes: 2 })) };
  assert.deepEqual(figures(session(), even).rows.map((row) => [row.leads, row.level]), [[false, true], [false, true]]);
  assert.deepEqual(figures(session(), tally()).rows.map((row) => row.level), [false, false]);
});

test("where the view may not know the split, turnout still shows", () => {
  const shown = figures(session(), tally({ tally: null }));
  assert.equal(shown.turnout, 3);
  assert.deepEqual(shown.rows.map((row) => row.votes), [null, null]);
});

test("a draft round is not called hidden: there is nothing to hide", () => {
  assert.equal(figures(session({ rounds: [round({ phase: "draft" })] }), null).hidden, false);
});

test("the preview stands ready with the scene that fits the phase", () => {
  const of = (phase) => fittingScene(session({ rounds: [round({ phase })] }));
  assert.deepEqual(["draft", "open", "paused", "locked", "revealed", "void"].map(of), ["qr", "board", "board", "result", "result", "blank"]);
});

test("the round's clock counts down, stands still in a pause, and counts up where there is no limit", () => {
  assert.deepEqual(roundClock(round(), 21000), { kind: "left", ms: 100000 });
  assert.deepEqual(roundClock(round({ closes_at_ms: null }), 21000), { kind: "elapsed", ms: 20000 });
  assert.deepEqual(roundClock(round({ phase: "paused", remaining_ms: 7000, closes_at_ms: null }), 999999), { kind: "held", ms: 7000 });
  assert.deepEqual(roundClock(round({ phase: "closing" }), 125000), { kind: "settling", ms: 4000 });
  assert.deepEqual(roundClock(round({ phase: "draft" }), 0), { kind: "held", ms: 120000 });
  assert.deepEqual(roundClock(null, 0), { kind: "none", ms: 0 });
});

test("a tally that knows more than the session document asks for it again", () => {
  assert.equal(sessionIsStale(session(), tally()), false);
  assert.equal(sessionIsStale(session(), tally({ rounds: [{ number: 1, title: "", phase: "locked" }] })), true);
  assert.equal(sessionIsStale(session(), tally({ overlay: { scene: "qr" } })), true);
  assert.equal(sessionIsStale(session(), tally({ round: { number: 1, run: 2, phase: "open", closes_at_ms: 121000, certified_at_ms: null } })), true);
  assert.equal(sessionIsStale(session(), tally({ round: { number: 1, run: 1, phase: "open", closes_at_ms: 150000, certified_at_ms: null } })), true);
  assert.equal(sessionIsStale(session(), tally({ round: { ...tally().round, certified_at_ms: 9 } })), true);
  assert.equal(sessionIsStale(session(), tally({ rounds: [] })), true);
});

test("an overlay that has been silent for more than ten seconds does not answer", () => {
  const beats = overlayBeats(tally({ staff: { overlays: [{ id: "a", name: "OBS", scene: "board", version: 1, fps: 60, seen_at_ms: 0 }] } }), 10001);
  assert.deepEqual([beats[0].answers, beats[0].silent_s], [false, 10]);
  assert.deepEqual(overlayBeats(null, 0), []);
});

test("before its certificate nobody sees a sealed count, and the producer waits for the scrutineer", () => {
  const sealed = { sealed: true, visibility: "live" };
  assert.deepEqual(["open", "locked", "revealed"].map((phase) => publicSees(round({ ...sealed, phase }))), [false, false, false]);
  assert.equal(publicSees(round({ ...sealed, phase: "locked", certified_at_ms: 9 })), true);
  const shown = figures(session({ rounds: [round(sealed)] }), tally({ tally: null }));
  assert.deepEqual([shown.sealed, shown.hidden, shown.votes, shown.turnout], [true, true, null, 3]);
  const locked = session({ rounds: [round({ ...sealed, phase: "locked", allowed: ["certify", "void", "rerun"] })], next: { command: "certify", round: 1 } });
  assert.deepEqual([nextStep(locked, PRODUCER).mine, nextStep(locked, PRODUCER).by], [false, "scrutineer"]);
  assert.deepEqual([nextStep(locked, SCRUTINEER).command, nextStep(locked, SCRUTINEER).mine], ["certify", true]);
  assert.equal(commandsAtHand(locked.rounds[0], DIRECTOR).find(({ command }) => command === "reveal")?.enabled, false);
});

test("where channels have weights the lead goes by the score; what is held is told", () => {
  const body = tally().tally;
  const choices = body.choices.map((choice, at) => ({ ...choice, score: [4680, 5320][at], score_text: ["46.80", "53.20"][at] }));
  const shown = figures(session(), tally({
    tally: { ...body, choices, by: "score", leader: "blue", corrections: 1 }, round: { ...tally().round, held: 4 },
  }));
  assert.deepEqual(shown.rows.map(({ score, leads }) => [score, leads]), [["46.80", false], ["53.20", true]]);
  assert.deepEqual([shown.scored, shown.held, shown.corrected], [true, 4, true]);
  assert.deepEqual(figures(session(), tally()).rows.map(({ score }) => score), ["", ""]);
});

test("the arrangement follows what the token may do", () => {
  assert.equal(layoutFor(PRODUCER), "producer");
  assert.equal(layoutFor(DIRECTOR), "director");
  assert.equal(layoutFor(SCRUTINEER), "scrutineer");
  assert.equal(layoutFor(new Set(["read"])), "watcher");
});

test("contestants may be edited until a round has opened, in any run", () => {
  assert.equal(contestantsEditable(session({ rounds: [round({ phase: "draft", opened_at_ms: null })] })), true);
  assert.equal(contestantsEditable(session()), false);
  assert.equal(contestantsEditable(session({ rounds: [round({ phase: "draft", run: 2, opened_at_ms: null })] })), false);
});
