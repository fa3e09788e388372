// The forms: presets that are ready to create, and complaints that name their field.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  draftOf, durationText, emptyPerson, fitWithin, newDraft, parseDuration, PORTRAIT_CHARS_MAX, portraitFits, roundRequest,
  sessionRequest, withExample,
} from "../../app/pages/console/drafts.js";

test("a new session needs nothing but two names", () => {
  const draft = newDraft([{ number: 4 }, { number: 7 }, { number: null }]);
  assert.deepEqual(sessionRequest(draft).complaints.map((each) => each.field), ["person-0-name", "person-1-name"]);
  draft.contestants[0].name = "甲";
  draft.contestants[1].name = "乙";
  const { request, complaints } = sessionRequest(draft);
  assert.deepEqual(complaints, []);
  assert.equal(request.number, 8);
  assert.equal(request.title, "先锋擂台 第8期");
});

test("the standard preset makes 观点PK live and 成效PK on reveal", () => {
  const { request } = sessionRequest(withExample(newDraft([])));
  assert.deepEqual(
    request.rounds.map((round) => [round.title, round.dimension, round.duration_ms, round.visibility]),
    [["观点PK", "views", 120000, "live"], ["成效PK", "results", 120000, "on_reveal"]],
  );
  assert.deepEqual(request.contestants.map((person) => person.role), ["holder", "challenger"]);
});

test("spans are read as people type them", () => {
  assert.deepEqual(["", "90", "2:00", "2：30", " 1:05 "].map(parseDuration), [null, 90000, 120000, 150000, 65000]);
  for (const text of ["abc", "1:60", "-5", "0", "1:2:3", "99999999", "1441:00"]) assert.equal(parseDuration(text), undefined, text);
});

test("what is shown for a span is read back as the same span", () => {
  for (const ms of [null, 1000, 65000, 120000, 3_600_000]) assert.equal(parseDuration(durationText(ms)), ms);
});

test("a round's complaints name round and field", () => {
  const round = { title: " ", question: "", dimension: "free", duration: "soon", visibility: "live", changeable: false, grace: "61", sealed: false, too_soon: false, unseen: false };
  assert.deepEqual(roundRequest(round, 2).complaints, [
    { field: "round-2-title", code: "needed" }, { field: "round-2-duration", code: "duration" }, { field: "round-2-grace", code: "grace" },
  ]);
});

test("a round's seal and its quarantine go with it", () => {
  const draft = withExample(newDraft([]));
  Object.assign(draft.rounds[1], { sealed: true, unseen: true });
  const { request } = sessionRequest({ ...draft, deciding: true });
  assert.deepEqual(request.rounds.map((round) => [round.sealed, round.quarantine]), [[false, []], [true, ["unseen"]]]);
  assert.equal(request.deciding, true);
});

test("a portrait is an http address or a small picture of a known kind", () => {
  assert.equal(portraitFits(""), true);
  assert.equal(portraitFits("https://example.org/a.jpg"), true);
  assert.equal(portraitFits("data:image/jpeg;base64,AAAA"), true);
  assert.equal(portraitFits(`/api/v1/portraits/${"0a".repeat(32)}`), true);
  assert.equal(portraitFits("data:image/svg+xml;base64,AAAA"), false);
  assert.equal(portraitFits("javascript:alert(1)"), false);
  assert.equal(portraitFits(`data:image/jpeg;base64,${"A".repeat(PORTRAIT_CHARS_MAX)}`), false);
});

test("editing starts from what stands, and sends it back unchanged", () => {
  const draft = withExample(newDraft([]));
  const { request } = sessionRequest(draft);
  const session = {
    ...request, contestants: request.contestants.map((person, index) => ({ key: `c${index}`, ...person })),
    rounds: request.rounds.map((round, index) => ({ ...round, number: index + 1 })),
  };
  assert.deepEqual(sessionRequest(draftOf(session)).request, request);
});

test("the delay of the WeChat picture becomes that channel's", () => {
  const draft = { ...withExample(newDraft([])), wechat_delay: "8" };
  const delays = sessionRequest(draft).request.channels.map((channel) => [channel.key, channel.delay_ms]);
  assert.deepEqual(delays, [["web", 0], ["wechat", 8000], ["radio", 0]]);
  assert.deepEqual(sessionRequest({ ...draft, wechat_delay: "99" }).complaints, [{ field: "wechat-delay", code: "delay" }]);
});

test("only a pk sends holder and challenger", () => {
  const draft = { ...withExample(newDraft([])), kind: "gala" };
  draft.contestants.push({ ...emptyPerson(), name: "丙" });
  assert.deepEqual(sessionRequest(draft).request.contestants.map((person) => person.role), ["", "", ""]);
});

test("fewer than two contestants and no round are said", () => {
  const draft = { ...newDraft([]), contestants: [], rounds: [] };
  assert.deepEqual(sessionRequest(draft).complaints.map((each) => each.code), ["too_few", "no_round"]);
});

test("a portrait is never enlarged and keeps its proportions", () => {
  assert.deepEqual(fitWithin(4000, 3000, 320), { width: 320, height: 240 });
  assert.deepEqual(fitWithin(100, 80, 320), { width: 100, height: 80 });
  assert.deepEqual(fitWithin(9000, 1, 320), { width: 320, height: 1 });
});
