// Commands on a bad line: retried for three seconds at most, then said plainly. Nothing is sent later by itself.
import assert from "node:assert/strict";
import { test } from "node:test";

import { BUDGET_MS, Caller } from "../../app/pages/console/caller.js";
import { problemFrom, problemSentence } from "../../app/pages/console/problems.js";

function ports(script) {
  let clock = 0;
  const sent = [];
  return {
    sent,
    clock: () => clock,
    ports: {
      timers: {
        now: () => clock,
        setTimeout: (call, ms) => {
          if (ms === 300) queueMicrotask(() => { clock += ms; call(); }); // the pause between tries; the time limit never comes
        },
        clearTimeout: () => undefined,
        random: () => 0.5,
      },
      fetchFunction: async (url, init) => {
        sent.push([init.method, url, init.headers.authorization, init.body]);
        const next = script.length > 1 ? script.shift() : script[0];
        if (next === "lost") { clock += 20; throw new TypeError("failed to fetch"); }
        return new Response(JSON.stringify(next.body), { status: next.status });
      },
    },
  };
}

const DONE = { status: 200, body: { code: "K7M2QP" } };

test("a command carries the token and comes back with the session", async () => {
  const line = ports([DONE]);
  const answer = await new Caller("arena_producer_x", line.ports).command("/sessions/K7M2QP/rounds/1/open");
  assert.equal(answer.ok, true);
  assert.deepEqual(line.sent, [["POST", "/api/v1/sessions/K7M2QP/rounds/1/open", "Bearer arena_producer_x", undefined]]);
});

test("a command says what was seen and until when it is meant, the same at each try", async () => {
  const line = ports(["lost", DONE]);
  await new Caller("t", line.ports).command("/x", undefined, { revision: 17, until_ms: 5000 });
  assert.deepEqual(line.sent.map(([, url]) => url), ["/api/v1/x?revision=17&until_ms=5000", "/api/v1/x?revision=17&until_ms=5000"]);
});

test("a command lost on the way is sent again and then succeeds", async () => {
  const line = ports(["lost", "lost", DONE]);
  assert.equal((await new Caller("t", line.ports).command("/x")).ok, true);
  assert.equal(line.sent.length, 3);
});

test("after three seconds it gives up for good", async () => {
  const line = ports(["lost"]);
  const answer = await new Caller("t", line.ports).command("/x");
  assert.deepEqual([answer.ok, answer.problem.code], [false, "unreachable"]);
  assert.ok(line.clock() <= BUDGET_MS, String(line.clock()));
  const sent = line.sent.length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(line.sent.length, sent);
});

test("a refusal is not retried", async () => {
  const line = ports([{ status: 409, body: { code: "command_not_allowed", title: "No", detail: "It cannot." } }]);
  const answer = await new Caller("t", line.ports).command("/x");
  assert.equal(line.sent.length, 1);
  assert.equal(answer.problem.code, "command_not_allowed");
});

test("a busy service is tried again", async () => {
  const line = ports([{ status: 503, body: { code: "overloaded", title: "Full" } }, DONE]);
  assert.equal((await new Caller("t", line.ports).command("/x")).ok, true);
});

test("what is not a command is sent once", async () => {
  const line = ports(["lost"]);
  await new Caller("t", line.ports).send("POST", "/sessions", { title: "x" });
  assert.equal(line.sent.length, 1);
});

test("a problem is one sentence with title and detail, Chinese where the code is known", () => {
  const problem = { code: "another_round_open", title: "Another round is on air", detail: "Round 1 is open", status: 409 };
  assert.equal(problemSentence(problem, "zh"), "另一个回合正在播出：Round 1 is open。");
  assert.equal(problemSentence(problem, "en"), "Another round is on air: Round 1 is open.");
  assert.equal(problemSentence({ ...problem, code: "new_code" }, "zh"), "Another round is on air：Round 1 is open。");
});

test("an answer that is no problem document still makes a sentence", async () => {
  const line = ports([{ status: 500, body: null }]);
  const answer = await new Caller("t", line.ports).read("/x");
  assert.equal(problemSentence(answer.problem, "en"), "HTTP 500.");
});

test("a line that is down is said without the browser's own words", () => {
  const problem = problemFrom({ code: "unreachable", status: 0, title: "unreachable", detail: "TypeError: Failed to fetch" });
  assert.equal(problemSentence(problem, "zh"), "连不上服务。");
  assert.equal(problemSentence(problem, "en"), "The service cannot be reached.");
});

test("a refused field is named", () => {
  const problem = problemFrom({ code: "invalid_request", title: "Not understood", status: 422, errors: [{ loc: ["body", "number"], msg: "too small" }] });
  assert.match(problemSentence(problem, "en"), /number too small/);
});
