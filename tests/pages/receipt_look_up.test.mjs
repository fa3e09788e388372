// What a voter types is read kindly; what became of the ballot is said rightly.
import assert from "node:assert/strict";
import { test } from "node:test";

import { grouped, isReceipt, readReceipt, receiptFromHash, verdictOf, voidedChannels } from "../../app/pages/receipt/look_up.js";
import { WORDS } from "../../app/pages/receipt/words.js";

const RECEIPT = "ABCDEFGHIJKLMNOPQRSTUVWX23";
const found = (more = {}) => ({
  receipt: RECEIPT, round: 1, run: 1, seq: 4, choices: ["red"], channel: "web", accepted_at_ms: 1, phase: "revealed", counted: true, held: false, ...more,
});

test("a receipt is read in small letters, in groups, in wide letters, and with what is often misread", () => {
  assert.equal(readReceipt(" abcde fghij-klmno pqrst uvwx2 3\n"), RECEIPT);
  assert.equal(readReceipt("ＡＢＣ２"), "ABC2");
  assert.equal(readReceipt("O0 I1 B8"), "OOIIBB");
});

test("only 26 characters of base32 are a receipt", () => {
  assert.equal(isReceipt(RECEIPT), true);
  for (const text of ["", RECEIPT.slice(1), `${RECEIPT}A`, RECEIPT.replace("A", "9")]) assert.equal(isReceipt(text), false, text);
});

test("it comes by the fragment, and what else stands there does no harm", () => {
  assert.equal(receiptFromHash(`#r=${RECEIPT}`), RECEIPT);
  assert.equal(receiptFromHash(`#x=1&r=${RECEIPT.toLowerCase()}`), RECEIPT);
  assert.equal(receiptFromHash("#"), "");
  assert.equal(receiptFromHash("#%E0%A4%A"), "");
});

test("in groups it is still the same receipt", () => {
  assert.equal(readReceipt(grouped(RECEIPT)), RECEIPT);
  assert.equal(grouped(RECEIPT), "ABCD EFGH IJKL MNOP QRST UVWX 23");
});

test("before the reveal it says that the ballot stands and nothing else", () => {
  assert.equal(verdictOf(found({ choices: null, counted: null, phase: "locked" }), new Set()), "stands");
});

test("after the reveal it says whether the ballot counts, and why not", () => {
  assert.equal(verdictOf(found(), new Set()), "counted");
  assert.equal(verdictOf(found({ counted: false }), new Set()), "replaced");
  assert.equal(verdictOf(found({ counted: false }), new Set(["web"])), "channel_void");
  assert.equal(verdictOf(found({ counted: false, held: true }), new Set(["web"])), "held");
  assert.equal(verdictOf(found({ choices: null, counted: null, phase: "open", held: true }), new Set()), "held");
  assert.equal(verdictOf(found({ counted: false, phase: "void", held: true }), new Set()), "void");
});

test("which channels were voided stands in the result, where there is one", () => {
  assert.deepEqual([...voidedChannels({ channels: { web: { voided: true }, radio: { voided: false }, venue: {} } })], ["web"]);
  assert.deepEqual([...voidedChannels(null)], []);
});

test("every verdict has its words in both languages", () => {
  for (const verdict of ["stands", "counted", "held", "replaced", "void", "channel_void"]) {
    assert.ok(WORDS[verdict].every((text) => text.length > 3), verdict);
    assert.equal(WORDS[`${verdict}_more`].length, 2, verdict);
  }
});
