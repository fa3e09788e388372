// The preflight's list: the worst first, the verdict with its count, and a name for every check of the service.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { checkName, countAtWorst, PREFLIGHT_WORDS, worstFirst } from "../../app/pages/console/preflight_model.js";

const finding = (check, level) => ({ check, level, zh: "。", en: "." });
const FINDINGS = [finding("disk", "green"), finding("qr", "red"), finding("redis", "amber"), finding("backup", "red")];

test("what is red stands first, else the order is the service's", () => {
  assert.deepEqual(worstFirst(FINDINGS).map(({ check }) => check), ["qr", "backup", "redis", "disk"]);
});

test("the verdict counts what stands at its level", () => {
  assert.equal(countAtWorst({ level: "red", findings: FINDINGS }), 2);
  assert.equal(countAtWorst({ level: "amber", findings: FINDINGS }), 1);
});

test("a check that the page does not know shows its own name", () => {
  assert.equal(checkName("something_new", "zh"), "something_new");
  assert.equal(checkName("qr", "zh"), "二维码");
  assert.equal(checkName("qr", "en"), "QR code");
});

test("every check of the service has a name in both languages", () => {
  const source = readFileSync(new URL("../../app/domain/preflight.py", import.meta.url), "utf-8");
  const checks = [...source.matchAll(/^ {8}\("([a-z_]+)", /gmu)].map(([, name]) => name).filter((name) => !name.startsWith("clock_"));
  assert.ok(checks.length >= 12, String(checks));
  for (const check of [...checks, "token_producer", "token_director", "token_scrutineer", "token_overlay", "backup"]) {
    assert.equal(PREFLIGHT_WORDS[check]?.length, 2, check);
  }
});
