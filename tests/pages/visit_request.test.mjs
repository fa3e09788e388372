// A request for a visit: what is wanting, what is sent, when the same must be sent again, and how far it has come.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf, isUnheard, readPending, readReceipts, receiptLink, receiptOf, refusalWord, stepsOf, tidy, toSend, wanting } from "../../app/pages/visit/request.js";

const WHOLE = { contestant: "red", organisation: "南丰镇机械园区党委", district: "", topic: "", wanted: "", people: "", name: "李秋月", phone: "0512-5812 3344", message: "" };

test("what is needed is asked for one by one, in the order of the form", () => {
  assert.equal(wanting(WHOLE), null);
  assert.equal(wanting({ ...WHOLE, contestant: "", organisation: "", name: "" })?.field, "contestant");
  assert.equal(wanting({ ...WHOLE, organisation: "", name: "" })?.word, "need_organisation");
  assert.equal(wanting({ ...WHOLE, name: "" })?.word, "need_name");
  for (const phone of ["", "1234", "0512/58123344", "1".repeat(25), "电话"]) assert.equal(wanting({ ...WHOLE, phone })?.word, "need_phone", phone);
  for (const people of ["0", "1.5", "100001", "-3", "五十"]) assert.equal(wanting({ ...WHOLE, people })?.word, "need_people", people);
  for (const people of ["", "1", "100000"]) assert.equal(wanting({ ...WHOLE, people }), null, people);
});

test("figures and signs of a Chinese keyboard are taken as they are meant", () => {
  const typed = tidy({ ...WHOLE, name: " 李秋月 ", phone: "０５１２－５８１２　３３４４", people: "５０" });
  assert.equal(typed.name, "李秋月");
  assert.equal(typed.phone, "0512-5812 3344");
  assert.equal(wanting(typed), null);
  assert.equal(bodyOf({ nonce: "n", fields: typed }, null).people, 50);
  assert.equal(tidy({ ...WHOLE, phone: "0512–5812" }).phone, "0512-5812");
});

test("nobody counted is sent as null, and work only where there is some", () => {
  assert.deepEqual(bodyOf({ nonce: "n1", fields: WHOLE }, null), { ...WHOLE, people: null, nonce: "n1" });
  assert.deepEqual(bodyOf({ nonce: "n1", fields: WHOLE }, { challenge: "c", solution: "1" }).work, { challenge: "c", solution: "1" });
});

test("after a lost answer the very same goes out again; after a refusal a new request does", () => {
  const unheard = { nonce: "first", fields: WHOLE };
  assert.equal(toSend(unheard, { ...WHOLE, organisation: "别的" }, () => "second"), unheard);
  assert.deepEqual(toSend(null, WHOLE, () => "second"), { nonce: "second", fields: WHOLE });
  assert.deepEqual([0, 500, 502, 503, 504].map((status) => isUnheard({ status })), [true, true, true, true, true]);
  assert.deepEqual([404, 409, 422, 428, 429].map((status) => isUnheard({ status })), [false, false, false, false, false]);
});

test("what the tab keeps is believed only whole", () => {
  const pending = { nonce: "n", fields: WHOLE };
  assert.deepEqual(readPending(JSON.parse(JSON.stringify(pending))), pending);
  for (const none of [null, 1, {}, { nonce: "", fields: WHOLE }, { nonce: "n", fields: null }, { nonce: "n", fields: { ...WHOLE, name: 3 } }]) assert.equal(readPending(none), null);
});

test("each refusal is one sentence that says what to do", () => {
  const said = [[0, "unreachable"], [503, "overloaded"], [429, "too_many_requests"], [428, "work_required"], [409, "session_ended"], [409, "conflict"], [404, "session_not_found"], [422, "invalid_request"]];
  assert.deepEqual(said.map(([status, code]) => refusalWord(/** @type {any} */ ({ status, code }))), ["unheard", "unheard", "busy", "busy", "over", "full", "no_session", "refused"]);
});

test("a receipt goes into a link and comes out of it, and nothing else does", () => {
  const link = receiptLink("https://a/visit/K7M2QP?lang=en", "ABCD2345ABCD2345ABCD2345");
  assert.equal(receiptOf(new URL(link).hash), "ABCD2345ABCD2345ABCD2345");
  assert.equal(new URL(link).search, "?lang=en");
  for (const hash of ["", "#", "#token=", "#other=A", `#token=${"A".repeat(65)}`, "#token=../x"]) assert.equal(receiptOf(hash), null, hash);
  assert.deepEqual(readReceipts(["A2", 3, "../x", null]), ["A2"]);
  assert.deepEqual(readReceipts("A2"), []);
});

test("the steps say how far it is, and nothing where it ended otherwise", () => {
  assert.deepEqual(stepsOf("scheduled").map(({ done }) => done), [true, true, true, false]);
  assert.deepEqual(stepsOf("asked").map(({ done }) => done), [true, false, false, false]);
  for (const state of ["declined", "withdrawn", "lapsed"]) assert.deepEqual(stepsOf(state), []);
});
