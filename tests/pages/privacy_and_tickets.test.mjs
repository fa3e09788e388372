// The date on the privacy page, and how tickets are dealt to pages of paper.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dateSentence } from "../../app/pages/privacy/date.js";
import { headOf, paged, TICKETS_A_PAGE } from "../../app/pages/tickets/sheet.js";

// 2026-11-29 00:30 in Shanghai, still the 28th elsewhere.
const AT_MS = Date.UTC(2026, 10, 28, 16, 30);

test("the day is Beijing's, in both languages", () => {
  assert.equal(dateSentence({ purge_at_ms: AT_MS, purged_at_ms: null }, "K7M2QP", "zh"), "场次 K7M2QP 的日期是 2026年11月29日。");
  assert.equal(dateSentence({ purge_at_ms: AT_MS, purged_at_ms: null }, "K7M2QP", "en"), "For session K7M2QP that is 29 November 2026.");
});

test("what is not ended has no date, and what is done is told as done", () => {
  assert.match(dateSentence({ purge_at_ms: null, purged_at_ms: null }, "K7M2QP", "zh"), /尚未结束/u);
  assert.match(dateSentence({ purge_at_ms: AT_MS, purged_at_ms: AT_MS }, "K7M2QP", "en"), /was done on 29 November 2026/u);
});

test("every ticket is on one page, in order, fifteen at most", () => {
  for (const count of [0, 1, 14, 15, 16, 2000]) {
    const pages = paged(Array.from({ length: count }, (_, index) => index));
    assert.deepEqual(pages.flat(), Array.from({ length: count }, (_, index) => index));
    assert.ok(pages.every((page) => page.length > 0 && page.length <= TICKETS_A_PAGE));
    assert.equal(pages.length, Math.ceil(count / TICKETS_A_PAGE));
  }
});

test("a ticket of a rehearsal says so before all else", () => {
  assert.equal(headOf({ show: "先锋擂台", title: "", rehearsal: false }), "先锋擂台");
  assert.equal(headOf({ show: "先锋擂台", title: "第1期", rehearsal: true }), "彩排 REHEARSAL · 第1期");
});
