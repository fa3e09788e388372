// Getting in: what the address brings, which tickets are tried with which nonce, and how a phone joins under refusals.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Problem } from "../../app/pages/lib/api.js";
import { keepIn } from "../../app/pages/lib/storage.js";
import { acceptsToken, ENTRY_CODES, mayGoToSignIn, nextTicket, readEntry, readRedeeming, safeStart } from "../../app/pages/phone/entry.js";
import { ENTRY_WORDS } from "../../app/pages/phone/entry_view.js";
import { deviceOf, join } from "../../app/pages/phone/identity.js";

const JOINED = { token: "d1~C~web~x~1.s", channel: "web" };

/** @param {...any} answers each a body, or a Problem */
function fakeApi(...answers) {
  /** @type {any[]} */
  const bodies = [];
  return {
    bodies,
    /** @param {string} _method @param {string} _path @param {any} options */
    call: async (_method, _path, { body }) => {
      bodies.push(body);
      const answer = answers.shift();
      if (answer instanceof Problem) throw answer;
      return { status: 200, body: answer, sent_ms: 0, received_ms: 0 };
    },
  };
}

/** @param {string} code @param {number} status @param {object} [more] */
const problem = (code, status, more = {}) => new Problem({ code, status, title: code, ...more });
const TIMERS = { now: () => 0, setTimeout: (/** @type {any} */ call) => queueMicrotask(call), clearTimeout() {}, random: () => 0.5 };

/** @param {any} api @param {object} [more] */
function joining(api, more = {}) {
  /** @type {any} */
  const options = { api, code: "K7M2QP", channel: "web", forget() {}, timers: TIMERS, doWork: async () => "42", ...more };
  return join(options);
}

test("a ticket and a token are read from behind the #, and nothing else is taken for one", () => {
  assert.deepEqual(readEntry("#t=ABCDE-FGH23"), { ticket: "ABCDE-FGH23", token: null });
  assert.deepEqual(readEntry("#token=d1~K7M2QP~wechat~w.ab~1.sig"), { ticket: null, token: "d1~K7M2QP~wechat~w.ab~1.sig" });
  for (const hash of ["", "#", "#x", "#t=", "#t=" + "A".repeat(65), "#token=arena_admin_x", "#token=" + "d1~" + "x".repeat(600)]) {
    assert.deepEqual(readEntry(hash), { ticket: null, token: null }, hash);
  }
});

test("a token in a link makes nobody a stranger: only a phone without identity, or one that went to sign in, takes it", () => {
  const brought = { ticket: null, token: "d1~x" };
  assert.equal(acceptsToken(brought, false, false), true);
  assert.equal(acceptsToken(brought, true, true), true);
  assert.equal(acceptsToken(brought, true, false), false);
  assert.equal(acceptsToken({ ticket: "T", token: null }, false, true), false);
});

test("a ticket that was tried before keeps its nonce, however it is written", () => {
  const kept = readRedeeming({ ticket: "ABCDE-FGH23", nonce: "n1" });
  assert.deepEqual(nextTicket("abcdefgh23", kept, () => "n2"), kept);
  assert.deepEqual(nextTicket("OTHER", kept, () => "n2"), { ticket: "OTHER", nonce: "n2" });
  assert.deepEqual(nextTicket(null, kept, () => "n2"), kept);
  assert.equal(nextTicket(null, null, () => "n2"), null);
  assert.equal(readRedeeming({ ticket: 5 }), null);
});

test("it signs in at the service's own address only, and not in a circle", () => {
  assert.equal(safeStart("/wechat/start/K7M2QP"), "/wechat/start/K7M2QP");
  for (const start of ["//evil.example/wechat/start/K7M2QP", "/wechat/start/../x", "https://x", null, 5]) assert.equal(safeStart(start), null);
  const tab = keepIn(null);
  assert.equal(mayGoToSignIn(tab, "k", 1_000_000), true);
  tab.set("k", 1_000_000);
  assert.equal(mayGoToSignIn(tab, "k", 1_030_000), false);
  assert.equal(mayGoToSignIn(tab, "k", 1_060_001), true);
});

test("asked for work, the phone does it and joins with it", async () => {
  const api = fakeApi(problem("work_required", 428, { challenge: "C", bits: 16 }), JOINED);
  const { joined } = await joining(api);
  assert.deepEqual(joined, JOINED);
  assert.deepEqual(api.bodies, [{ channel: "web" }, { channel: "web", work: { challenge: "C", solution: "42" } }]);
});

test("work goes again where its answer was lost, and not where it was refused", async () => {
  const asked = problem("work_required", 428, { challenge: "C", bits: 16 });
  const api = fakeApi(asked, problem("unreachable", 0), problem("overloaded", 503), JOINED);
  await joining(api);
  assert.deepEqual(api.bodies.map((body) => Boolean(body.work)), [false, true, true, false]);
});

test("told to wait, the phone says so and waits", async () => {
  /** @type {string[]} */
  const said = [];
  const api = fakeApi(problem("too_many_requests", 429, { retry_after_ms: 30_000 }), JOINED);
  /** @type {number[]} */
  const waits = [];
  const timers = { ...TIMERS, setTimeout: (/** @type {any} */ call, /** @type {number} */ wait_ms) => (waits.push(wait_ms), queueMicrotask(call)) };
  await joining(api, { timers, onWait: (/** @type {any} */ fields) => said.push(fields.code) });
  assert.deepEqual(said, ["too_many_requests"]);
  assert.ok(/** @type {number} */ (waits[0]) >= 30_000);
});

test("a ticket travels with its nonce, and its refusal ends the try", async () => {
  for (const [code, status] of /** @type {[string, number][]} */ ([["ticket_used", 409], ["ticket_not_found", 404], ["ticket_required", 403], ["wechat_required", 403]])) {
    const api = fakeApi(problem(code, status));
    let forgot = false;
    const ticket = { ticket: "ABCDE-FGH23", nonce: "n1" };
    await assert.rejects(joining(api, { channel: null, ticket, forget: () => (forgot = true) }), { code });
    assert.deepEqual(api.bodies, [ticket]);
    assert.equal(forgot, false, "the identity that the phone has stays");
  }
});

test("the device part of a token is the person", () => {
  assert.equal(deviceOf({ token: "d1~C~hall~t.ab~1.sig", channel: "hall", delay_ms: 0 }), "t.ab");
  assert.equal(deviceOf({ token: "", channel: "", delay_ms: 0 }), "");
});

test("every refusal that the box explains has its words", () => {
  for (const code of ENTRY_CODES) {
    const key = code === "too_many_requests" ? "too_many" : code;
    assert.ok(key in ENTRY_WORDS, code);
  }
});
