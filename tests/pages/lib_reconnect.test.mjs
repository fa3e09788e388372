import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs, BACKOFF_MAX_MS, closeRule, ruleDelayMs } from "../../app/pages/lib/reconnect.js";

test("close codes are answered as the contract says", () => {
  const expected = { 1001: "retry", 1009: "poll", 4400: "poll", 4401: "stop", 4403: "poll", 4404: "stop", 4408: "retry", 4429: "retry", 4503: "retry" };
  for (const [code, then] of Object.entries(expected)) assert.equal(closeRule(Number(code)).then, then, code);
  for (const code of [1000, 1005, 1006, 1011, 1012, 3000]) assert.equal(closeRule(code), null);
});

test("a service going down spreads its clients over half a second to five", () => {
  const rule = closeRule(1001);
  assert.equal(ruleDelayMs(rule, 0, 0), 500);
  assert.equal(ruleDelayMs(rule, 0, 1), 5000);
});

test("where there is no room, ten seconds pass at least", () => {
  for (const code of [4429, 4503]) assert.ok(ruleDelayMs(closeRule(code), 0, 0) >= 10_000);
});

test("the backoff grows to thirty seconds and no further, and is spread", () => {
  const most = Array.from({ length: 60 }, (_, attempt) => backoffMs(attempt, 1));
  for (let attempt = 1; attempt < 60; attempt += 1) assert.ok(most[attempt] >= most[attempt - 1]);
  assert.equal(Math.max(...most), BACKOFF_MAX_MS);
  assert.equal(most[0], 2000);
  assert.ok(backoffMs(5, 0) < 1000, "some come early even after many losses");
});

test("a service that goes down again and again is answered by the backoff too", () => {
  assert.ok(ruleDelayMs(closeRule(1001), 8, 1) > 5000);
});
