// The audit trail: lines people read, each entry once, newest first.
import assert from "node:assert/strict";
import { test } from "node:test";

import { auditLine, mergeTrail } from "../../app/pages/console/audit.js";
import { readHash, readPasted, sessionHash, staffLink } from "../../app/pages/console/address.js";
import { NO_RATE, observe, perSecond } from "../../app/pages/console/rate.js";
import { WORDS } from "../../app/pages/console/words.js";

function entry(id, changes = {}) {
  return { id, at_ms: id, actor: "小李", role: "producer", action: "lock", round: 1, before: { phase: "open", run: 1 }, after: { phase: "closing", run: 1 }, detail: "", ...changes };
}

test("an entry says who did what to which round, and what changed", () => {
  assert.deepEqual(auditLine(entry(1), "zh"), { who: "编导 小李", what: "第1回合 截止", more: "投票中 → 正在收票" });
  assert.deepEqual(auditLine(entry(1), "en"), { who: "producer 小李", what: "round 1 locked", more: "Voting → Closing" });
});

test("a void shows its reason, a scene its name, an unknown action itself", () => {
  assert.match(auditLine(entry(1, { action: "void", detail: "计票异常" }), "zh").more, /计票异常/u);
  assert.equal(auditLine(entry(1, { action: "scene", round: null, before: { scene: "board" }, after: { scene: "qr" } }), "zh").more, "比分板 → 二维码");
  assert.equal(auditLine(entry(1, { action: "brand_new", round: null }), "zh").what, "brand_new");
});

test("each entry stands once, newest first, however the readings overlap", () => {
  const merged = mergeTrail([entry(3), entry(2)], [entry(2), entry(4), entry(3)]);
  assert.deepEqual(merged.map((each) => each.id), [4, 3, 2]);
});

test("the trail is bounded", () => {
  assert.equal(mergeTrail([], Array.from({ length: 500 }, (_, index) => entry(index)), 200).length, 200);
});

test("a link's token and session are read from behind the #, and no token goes back into the address", () => {
  assert.deepEqual(readHash("#token=arena_admin_x&session=k7m2qp"), { token: "arena_admin_x", session: "K7M2QP" });
  assert.deepEqual(readHash(""), { token: null, session: null });
  assert.equal(readHash("#session=<script>").session, null);
  assert.equal(sessionHash("K7M2QP"), "#session=K7M2QP");
});

test("a whole link may be pasted as well as a bare token", () => {
  assert.equal(readPasted(" arena_admin_x\n").token, "arena_admin_x");
  assert.deepEqual(readPasted("http://arena.local/console#session=K7M2QP&token=arena_director_y"), { token: "arena_director_y", session: "K7M2QP" });
  assert.equal(readPasted("  ").token, null);
});

test("a role's link opens the console at the session, an overlay's its page", () => {
  const link = staffLink("http://arena.local", { role: "director", token: "arena_director_y" }, "K7M2QP");
  assert.deepEqual(readPasted(link), { token: "arena_director_y", session: "K7M2QP" });
  assert.equal(staffLink("http://arena.local", { role: "overlay", token: "t" }, "K7M2QP"), "http://arena.local/overlay/K7M2QP?token=t");
});

test("likes a second are measured over the last seconds and fall to nothing in silence", () => {
  let rate = NO_RATE;
  for (let second = 0; second <= 10; second += 1) rate = observe(rate, { run: "1/1", at_ms: second * 1000, likes: second * 20 });
  assert.equal(perSecond(rate, 10_000), 20);
  assert.ok(perSecond(rate, 12_000) < 20);
  assert.equal(perSecond(rate, 20_000), 0);
  assert.ok(rate.points.length <= 6);
});

test("another run starts its rate anew, and an older tally changes nothing", () => {
  const first = observe(NO_RATE, { run: "1/1", at_ms: 1000, likes: 500 });
  assert.equal(perSecond(observe(first, { run: "1/2", at_ms: 2000, likes: 0 }), 2000), 0);
  assert.equal(observe(first, { run: "1/1", at_ms: 900, likes: 400 }), first);
});

test("every word stands in both languages with the same placeholders", () => {
  for (const [key, [chinese, english]] of Object.entries(WORDS)) {
    assert.ok(chinese !== "" && english !== "", key);
    const marks = (text) => (text.match(/\{\w+\}/gu) ?? []).sort().join();
    assert.equal(marks(chinese), marks(english), key);
  }
});
