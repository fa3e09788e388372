// The crew's steps with a request: which are offered, what each must say, and times that are Beijing's.

import assert from "node:assert/strict";
import { test } from "node:test";
import { actsOf, actWord, bodyOf, countAll, fromLocal, toLocal } from "../../app/pages/visit/crew_model.js";

const SCHEDULE = { starts: "2026-08-31T14:00", duration: "90", place: "南丰镇会议室", note: "" };

test("only what the service allows is offered, in the order of the work", () => {
  assert.deepEqual(actsOf(/** @type {any} */ ({ allowed: ["decline", "withdraw", "schedule", "accept"] })), ["accept", "schedule", "decline"]);
  assert.deepEqual(actsOf(/** @type {any} */ ({ allowed: ["schedule", "decline", "deliver"], state: "scheduled" })), ["deliver", "schedule", "decline"]);
  assert.deepEqual(actsOf(/** @type {any} */ ({ allowed: [] })), []);
});

test("the same step again is called what it does", () => {
  assert.equal(actWord("schedule", "accepted"), "schedule");
  assert.equal(actWord("schedule", "scheduled"), "schedule_again");
  assert.equal(actWord("deliver", "delivered"), "deliver_again");
});

test("times are Beijing's, there and back", () => {
  assert.equal(fromLocal("2026-08-31T14:00"), Date.UTC(2026, 7, 31, 6, 0));
  assert.equal(toLocal(Date.UTC(2026, 7, 31, 6, 0)), "2026-08-31T14:00");
  assert.equal(toLocal(Date.UTC(2026, 7, 31, 20, 30)), "2026-09-01T04:30");
  for (const none of ["", "2026-08-31", "tomorrow", "2026-13-45T99:99"]) assert.equal(fromLocal(none), null, none);
});

test("a step that says too little names the field", () => {
  assert.deepEqual(bodyOf("decline", { reason: "  " }), { lack: "reason", word: "need_reason" });
  assert.deepEqual(bodyOf("schedule", { ...SCHEDULE, starts: "" }), { lack: "starts", word: "need_starts" });
  for (const duration of ["", "14", "601", "1.5", "1e2"]) assert.deepEqual(bodyOf("schedule", { ...SCHEDULE, duration }), { lack: "duration", word: "need_duration" }, duration);
  assert.deepEqual(bodyOf("schedule", { ...SCHEDULE, place: "" }), { lack: "place", word: "need_place" });
  for (const taught of ["", "-1", "100001", "四十七"]) assert.deepEqual(bodyOf("deliver", { taught }), { lack: "taught", word: "need_taught" }, taught);
});

test("a step that is whole says just what the service wants", () => {
  assert.deepEqual(bodyOf("accept", {}), { body: {} });
  assert.deepEqual(bodyOf("decline", { reason: " 档期已满 " }), { body: { reason: "档期已满" } });
  assert.deepEqual(bodyOf("schedule", SCHEDULE), { body: { starts_at_ms: Date.UTC(2026, 7, 31, 6, 0), duration_min: 90, place: "南丰镇会议室", note: "" } });
  assert.deepEqual(bodyOf("deliver", { taught: "0", note: "" }), { body: { taught: 0, note: "" } });
  assert.throws(() => bodyOf(/** @type {any} */ ("lapse"), {}), RangeError);
});

test("all is the sum of the states, the taught no state", () => {
  assert.equal(countAll({ asked: 2, accepted: 1, scheduled: 1, delivered: 16, declined: 3, withdrawn: 1, lapsed: 0, taught: 752 }), 24);
});
