import assert from "node:assert/strict";
import { test } from "node:test";
import { createApi, Problem, sessionPath } from "../../app/pages/lib/api.js";
import { fakeFetch, fakeTimers } from "./lib_fakes.mjs";

function apiOver(handler, token = null) {
  const timers = fakeTimers();
  const { calls, fetchFunction } = fakeFetch(handler);
  return { timers, calls, api: createApi({ base: "http://arena.test", token: () => token, fetchFunction, timers }) };
}

const refusal = (status, code, more = {}, headers = {}) => ({ status, body: { code, title: code, status, ...more }, headers });

test("a call carries its JSON and the present token", async () => {
  const { api, calls } = apiOver(() => ({ status: 200, body: { ok: 1 } }), "arena_x");
  assert.deepEqual(await api.put("/a", { b: 1 }), { ok: 1 });
  assert.equal(calls[0].path, "/api/v1/a");
  assert.deepEqual(calls[0].body, { b: 1 });
  assert.equal(calls[0].init.headers.authorization, "Bearer arena_x");
});

test("a refusal is a Problem with all its fields, and is not tried again", async () => {
  const { api, calls } = apiOver(() => refusal(409, "likes_shrank", { totals: { red: 4 } }));
  const problem = await api.put("/likes", {}).then(assert.fail, (error) => error);
  assert.ok(problem instanceof Problem);
  assert.equal(problem.code, "likes_shrank");
  assert.deepEqual(problem.fields.totals, { red: 4 });
  assert.equal(calls.length, 1);
});

test("a proxy's page without JSON is a Problem too", async () => {
  const { api } = apiOver(() => ({ status: 404 }));
  const problem = await api.get("/a").then(assert.fail, (error) => error);
  assert.deepEqual([problem.code, problem.status], ["http_404", 404]);
});

test("GET and PUT survive two lost connections; the third is told", async () => {
  for (const [losses, outcome] of [[2, "ok"], [3, "unreachable"]]) {
    let left = losses;
    const { api, calls, timers } = apiOver(() => {
      if (left-- > 0) throw new TypeError("network");
      return { status: 200, body: "ok" };
    });
    const result = api.put("/a", 1).catch((error) => error.code);
    await timers.pass(10_000);
    assert.equal(await result, outcome);
    assert.equal(calls.length, 3);
  }
});

test("POST is not repeated unless the caller says that it may be", async () => {
  for (const [options, tries] of [[{}, 1], [{ repeatable: true }, 3]]) {
    const { api, calls, timers } = apiOver(() => refusal(503, "overloaded"));
    const result = api.post("/a", {}, options).catch((error) => error.code);
    await timers.pass(20_000);
    assert.equal(await result, "overloaded");
    assert.equal(calls.length, tries);
  }
});

test("Retry-After is waited for", async () => {
  let first = true;
  const { api, calls, timers } = apiOver(() => {
    if (!first) return { status: 200, body: "ok" };
    first = false;
    return refusal(429, "too_many_requests", {}, { "retry-after": "3" });
  });
  const result = api.get("/a");
  await timers.pass(2900);
  assert.equal(calls.length, 1);
  await timers.pass(1000);
  assert.equal(await result, "ok");
});

test("a service that never answers is given up after the time limit", async () => {
  const timers = fakeTimers();
  const fetchFunction = (_url, { signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const api = createApi({ base: "http://arena.test", fetchFunction, timers });
  const result = api.post("/a", {}, { timeout_ms: 500 }).catch((error) => error.code);
  await timers.pass(600);
  assert.equal(await result, "timeout");
  assert.equal(timers.waiting, 0);
});

test("304 and 204 have no body", async () => {
  for (const status of [204, 304]) assert.equal(await apiOver(() => ({ status })).api.get("/a"), null);
});

test("a code is written into the path safely", () => {
  assert.equal(sessionPath("../x"), "/sessions/..%2Fx");
});
