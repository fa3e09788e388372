import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "../../app/pages/lib/connection.js";
import { fakeFetch, fakeSockets, fakeTimers, tallyDocument } from "./lib_fakes.mjs";

const TALLY_PATH = "/api/v1/sessions/K7M2QP/tally";
const noService = () => {
  throw new TypeError("network");
};

/** A connection in a world by hand. */
function world(options = {}) {
  const timers = fakeTimers();
  const net = fakeSockets();
  const heard = [];
  const states = [];
  const handler = { answer: options.answer ?? noService };
  const { calls, fetchFunction } = fakeFetch((...call) => handler.answer(...call));
  let page = () => {};
  const line = connect({
    code: "K7M2QP",
    base: "https://arena.test",
    WebSocketClass: net.FakeSocket,
    fetchFunction,
    timers,
    watchPage: (listener) => {
      page = listener;
      return () => {};
    },
    onMessage: (message) => heard.push(message),
    onState: (state) => states.push(state.status),
    ...options.connect,
  });
  return {
    timers, net, heard, states, calls, line, handler,
    page: (event) => page(event),
    tallies: () => heard.filter(({ type }) => type === "tally").map(({ version }) => version),
    goLive: (version = 1) => {
      net.last.open();
      net.last.receive(tallyDocument(1, version));
    },
  };
}

test("it is live with the first frame and hands the tally on", () => {
  const { net, line, tallies, goLive } = world();
  assert.equal(net.last.address, "wss://arena.test/ws/sessions/K7M2QP");
  assert.equal(line.state().status, "connecting");
  goLive(4);
  assert.equal(line.state().status, "live");
  assert.deepEqual(tallies(), [4]);
});

test("an overlay without a token says what it is, and waits for no welcome", () => {
  const { net } = world({ connect: { hello: { role: "overlay" } } });
  net.last.open();
  assert.deepEqual(net.last.sent[0], { role: "overlay", type: "hello" });
});

test("with a token it says hello, with the fields it was given", () => {
  const { net } = world({ connect: { token: "t1", hello: { role: "overlay" } } });
  net.last.open();
  assert.deepEqual(net.last.sent[0], { role: "overlay", type: "hello", token: "t1" });
  assert.equal(net.last.sent[1].type, "ping");
});

test("messages of unknown kinds and broken ones are passed over", () => {
  const { net, heard, goLive } = world();
  goLive();
  const before = heard.length;
  for (const frame of ["{", "null", "7", '{"type":"novelty"}', '{"type":"__proto__"}']) net.last.receive(frame);
  assert.equal(heard.length, before);
});

test("it comes back for ever, never more than 30 s apart, one socket at a time", async () => {
  const { net, timers, goLive } = world();
  goLive();
  net.last.drop();
  const gaps = [];
  for (let loss = 0; loss < 40; loss += 1) {
    timers.chance = (loss % 10) / 9;
    const had = net.sockets.length;
    const from_ms = timers.now();
    while (net.sockets.length === had) await timers.pass(100);
    gaps.push(timers.now() - from_ms);
    assert.equal(net.sockets.length, had + 1);
    net.last.drop();
  }
  assert.ok(Math.max(...gaps) <= 30_100, `${Math.max(...gaps)}`);
  assert.ok(gaps[0] < 2_100);
});

test("a storm of a hundred phones is spread out after the service was killed", async () => {
  const back_ms = [];
  for (let phone = 0; phone < 100; phone += 1) {
    const { net, timers, goLive } = world();
    goLive();
    timers.chance = phone / 99;
    const from_ms = timers.now();
    net.last.drop(1001);
    while (net.sockets.length === 1) await timers.pass(50);
    back_ms.push(timers.now() - from_ms);
  }
  for (let half_s = 1; half_s < 10; half_s += 1) {
    const inThis = back_ms.filter((ms) => ms >= half_s * 500 && ms < (half_s + 1) * 500).length;
    assert.ok(inThis <= 15, `${inThis} phones in half-second ${half_s}`);
  }
});

test("a reconnect does not flash the public view", () => {
  const { net, tallies, line, goLive, timers } = world({ connect: { token: "t1" } });
  goLive(5);
  net.last.receive({ type: "welcome", kind: "device", role: null, channel: "web", server_time_ms: 1 });
  net.last.receive(tallyDocument(1, 5, { view: "voter" }));
  net.last.drop();
  line.resync();
  net.last.open();
  net.last.receive(tallyDocument(1, 6));
  assert.deepEqual(tallies(), [5, 5]);
  net.last.receive({ type: "welcome", kind: "device", role: null, channel: "web", server_time_ms: 1 });
  net.last.receive(tallyDocument(1, 6, { view: "voter" }));
  assert.deepEqual(tallies(), [5, 5, 6]);
  assert.equal(timers.waiting > 0, true);
});

test("where no welcome comes, the public view is shown after all", async () => {
  const { net, tallies, line, goLive, timers } = world({ connect: { token: "t1" } });
  goLive(5);
  net.last.receive({ type: "welcome", kind: "device", role: null, channel: "web", server_time_ms: 1 });
  net.last.drop();
  line.resync();
  net.last.open();
  net.last.receive(tallyDocument(1, 6));
  await timers.pass(2100);
  assert.deepEqual(tallies(), [5, 6]);
});

test("an invalid token stops it; a new one starts it again", async () => {
  const { net, line, timers, goLive } = world({ connect: { token: "old" } });
  goLive();
  net.last.drop(4401);
  assert.deepEqual([line.state().status, line.state().reason], ["stopped", "token"]);
  await timers.pass(120_000);
  assert.equal(net.sockets.length, 1);
  line.setToken("new");
  goLive();
  assert.equal(line.state().status, "live");
  assert.equal(net.last.sent[0].token, "new");
});

test("a token that comes later is said on the open socket", () => {
  const { net, line, goLive } = world();
  goLive();
  line.setToken("late");
  assert.deepEqual(net.last.sent.at(-1), { type: "hello", token: "late" });
  const before = net.last.sent.length;
  line.setToken("late");
  assert.equal(net.last.sent.length, before);
});

test("an unknown session stops it for good", async () => {
  const { net, line, timers } = world();
  net.last.open();
  net.last.drop(4404);
  await timers.pass(300_000);
  assert.equal(line.state().reason, "session_not_found");
  assert.equal(net.sockets.length, 1);
  assert.equal(timers.waiting, 0);
});

test("codes that forbid another socket leave it reading by HTTP", async () => {
  for (const code of [1009, 4400, 4403]) {
    const answer = () => ({ status: 200, body: tallyDocument(1, 9), headers: { etag: '"9"' } });
    const { net, line, timers, goLive, tallies } = world({ answer });
    goLive();
    net.last.drop(code);
    await timers.pass(120_000);
    assert.equal(net.sockets.length, 1);
    assert.equal(line.state().status, "polling");
    assert.equal(tallies().at(-1), 9);
  }
});

test("a full service is read by HTTP and its socket tried again after ten seconds", async () => {
  const answer = () => ({ status: 200, body: tallyDocument(1, 9) });
  const { net, timers, line } = world({ answer });
  net.last.open();
  net.last.drop(4503);
  await timers.pass(1000);
  assert.equal(line.state().status, "polling");
  await timers.pass(8000);
  assert.equal(net.sockets.length, 1);
  await timers.pass(7000);
  assert.equal(net.sockets.length, 2);
});

test("two failed handshakes and it polls each two seconds with the last ETag", async () => {
  let version = 3;
  const answer = (_method, _path, init) =>
    init.headers["if-none-match"] === `"${version}"`
      ? { status: 304 }
      : { status: 200, body: tallyDocument(1, version), headers: { etag: `"${version}"` } };
  const { net, timers, line, calls, tallies } = world({ answer });
  net.last.drop();
  await timers.pass(2000);
  net.last.drop();
  await timers.pass(10);
  assert.equal(line.state().status, "polling");
  await timers.pass(8000);
  assert.deepEqual(tallies(), [3]);
  version = 4;
  await timers.pass(2300);
  assert.deepEqual(tallies(), [3, 4]);
  assert.equal(calls.filter(({ path }) => path === TALLY_PATH).length, 6);
  const had = net.sockets.length;
  await timers.pass(31_000);
  assert.ok(net.sockets.length > had, "a socket is still tried now and then");
});

test("a page with nothing to show asks by HTTP after three seconds, while the handshake hangs", async () => {
  const { timers, line, net } = world({ answer: () => ({ status: 200, body: tallyDocument(1, 2) }) });
  await timers.pass(3100);
  assert.equal(line.state().status, "polling");
  net.last.open();
  net.last.receive(tallyDocument(1, 2));
  assert.equal(line.state().status, "live");
});

test("the socket's return ends polling", async () => {
  const { timers, line, net, calls } = world({ answer: () => ({ status: 200, body: tallyDocument(1, 2) }) });
  await timers.pass(3100);
  net.last.open();
  net.last.receive(tallyDocument(1, 3));
  const before = calls.length;
  await timers.pass(20_000);
  assert.equal(line.state().status, "live");
  assert.equal(calls.length, before);
});

test("without WebSocket at all it polls from the start", async () => {
  const { timers, line, tallies } = world({
    answer: () => ({ status: 200, body: tallyDocument(1, 2) }),
    connect: { WebSocketClass: null },
  });
  await timers.pass(0);
  assert.equal(line.state().status, "polling");
  assert.deepEqual(tallies(), [2]);
});

test("a WebSocket that throws where it is forbidden is as good as a failed one", async () => {
  class Forbidden {
    constructor() {
      throw new DOMException("no", "SecurityError");
    }
  }
  const { timers, line } = world({
    answer: () => ({ status: 200, body: tallyDocument(1, 2) }),
    connect: { WebSocketClass: Forbidden },
  });
  await timers.pass(5000);
  assert.equal(line.state().status, "polling");
});

test("silence for 35 s is a loss, pings every 15 s keep a line alive", async () => {
  const { timers, net, line, goLive } = world();
  goLive();
  const first = net.last;
  for (let beat = 0; beat < 6; beat += 1) {
    await timers.pass(15_000);
    first.receive({ type: "pong", t: first.sent.at(-1).t, server_time_ms: timers.now() });
  }
  assert.equal(line.state().status, "live");
  assert.equal(first.sent.filter(({ type }) => type === "ping").length, 7);
  await timers.pass(34_900);
  assert.equal(line.state().status, "live");
  await timers.pass(200);
  assert.notEqual(line.state().status, "live");
  assert.equal(first.closed, true);
  first.onclose?.({ code: 1006 });
});

test("a page come back from the background makes the socket prove itself within three seconds", async () => {
  const { timers, net, line, page, goLive } = world();
  goLive();
  page("shown");
  assert.equal(net.last.sent.at(-1).type, "ping");
  await timers.pass(3100);
  assert.notEqual(line.state().status, "live");
  await timers.pass(2100);
  assert.equal(net.sockets.length, 2);
});

test("a socket that proves itself is kept", async () => {
  const { timers, net, line, page, goLive } = world();
  goLive();
  page("shown");
  net.last.receive({ type: "pong", t: timers.now(), server_time_ms: 1 });
  await timers.pass(5000);
  assert.equal(line.state().status, "live");
  assert.equal(net.sockets.length, 1);
});

test("the back-forward cache: the socket ends on leaving and a new one opens on return", () => {
  const { net, page, goLive, line } = world();
  goLive();
  page("leaving");
  assert.equal(net.last.closed, true);
  page("restored");
  assert.equal(net.sockets.length, 2);
  goLive(2);
  assert.equal(line.state().status, "live");
});

test("a page restored without a farewell does not trust its old socket", () => {
  const { net, page, goLive } = world();
  goLive();
  page("restored");
  assert.equal(net.sockets.length, 2);
  assert.equal(net.sockets[0].closed, true);
});

test("being shown while waiting tries at once", async () => {
  const { net, timers, page, goLive } = world();
  goLive();
  net.last.drop();
  timers.chance = 1;
  for (let loss = 0; loss < 6; loss += 1) {
    while (net.last.readyState === 3) await timers.pass(500);
    net.last.drop();
  }
  const had = net.sockets.length;
  page("shown");
  assert.equal(net.sockets.length, had + 1);
  page("shown");
  assert.equal(net.sockets.length, had + 1, "not a second one beside it");
});

test("the network's return is answered within half a second", async () => {
  const { net, timers, page, goLive } = world();
  timers.chance = 1;
  goLive();
  net.last.drop();
  await timers.pass(100);
  page("online");
  await timers.pass(500);
  assert.equal(net.sockets.length, 2);
});

test("after a dead service answers again by HTTP, the socket follows soon", async () => {
  const { net, timers, handler, goLive, line } = world();
  timers.chance = 1;
  goLive();
  net.last.drop();
  for (let second = 0; second < 120; second += 1) {
    await timers.pass(1000);
    if (net.last.readyState === 0) net.last.drop();
  }
  assert.equal(line.state().status, "waiting");
  handler.answer = () => ({ status: 200, body: tallyDocument(2, 1) });
  while (line.state().status !== "polling") await timers.pass(500);
  const had = net.sockets.length;
  await timers.pass(2100);
  assert.equal(net.sockets.length, had + 1);
});

test("while live, messages go by socket; while waiting, nowhere", () => {
  const { net, line, goLive } = world();
  const like = { type: "like", round: 1, totals: { red: 1 } };
  assert.equal(line.send(like), null);
  goLive();
  assert.equal(line.send(like), "socket");
  assert.deepEqual(net.last.sent.at(-1), like);
  net.last.drop();
  assert.equal(line.send(like), null);
});

test("while polling, votes and likes are PUT and the answers look the same", async () => {
  const answer = (method, path) => {
    if (path.endsWith("/vote")) return { status: 200, body: { receipt: "R1", round: 1, run: 1 } };
    if (path.endsWith("/likes")) return { status: 409, body: { code: "likes_shrank", title: "x", totals: { red: 9 } } };
    return { status: 200, body: tallyDocument(1, 2) };
  };
  const { line, timers, heard, calls } = world({ answer, connect: { WebSocketClass: null, token: "dev" } });
  await timers.pass(0);
  assert.equal(line.send({ type: "vote", id: "v1", round: 1, choices: ["red"], nonce: "n" }), "http");
  assert.equal(line.send({ type: "like", id: "likes", round: 1, totals: { red: 3 } }), "http");
  assert.equal(line.send({ type: "heartbeat", client: "overlay", scene: "", version: 1, fps: 60 }), null);
  await timers.pass(0);
  assert.deepEqual(heard.find(({ type }) => type === "receipt"), { type: "receipt", id: "v1", receipt: "R1", round: 1, run: 1 });
  const problem = heard.find(({ type }) => type === "problem");
  assert.deepEqual([problem.id, problem.code, problem.totals, problem.status], ["likes", "likes_shrank", { red: 9 }, 409]);
  const vote = calls.find(({ path }) => path.endsWith("/rounds/1/vote"));
  assert.deepEqual(vote.body, { choices: ["red"], nonce: "n" });
  assert.equal(vote.init.headers.authorization, "Bearer dev");
});

test("an unknown session or a dead token is learnt by HTTP too", async () => {
  for (const [status, code, reason] of [[404, "session_not_found", "session_not_found"], [401, "token_expired", "token"]]) {
    const { line, timers } = world({ answer: () => ({ status, body: { code, title: code } }), connect: { WebSocketClass: null } });
    await timers.pass(0);
    assert.deepEqual([line.state().status, line.state().reason], ["stopped", reason]);
    await timers.pass(100_000);
    assert.equal(timers.waiting, 0);
  }
});

test("a proxy's own 404 is a fault that passes, not an unknown session", async () => {
  const { line, timers } = world({ answer: () => ({ status: 404 }), connect: { WebSocketClass: null } });
  await timers.pass(10_000);
  assert.equal(line.state().status, "connecting");
});

test("pings give the offset of the clock", () => {
  const { net, timers, heard } = world();
  net.last.open();
  net.last.receive({ type: "pong", t: net.last.sent[0].t, server_time_ms: timers.now() + 7000 });
  assert.deepEqual(heard.find(({ type }) => type === "clock"), { type: "clock", offset_ms: 7000, round_trip_ms: 0 });
});

test("an answer to somebody else's ping teaches nothing", () => {
  const { net, timers, heard } = world();
  net.last.open();
  net.last.receive({ type: "pong", t: 17, server_time_ms: timers.now() + 7000 });
  net.last.receive({ type: "pong", server_time_ms: timers.now() + 7000 });
  assert.equal(heard.find(({ type }) => type === "clock"), undefined);
});

test("another token asks for the tally anew, without the old view's ETag", async () => {
  const asked = [];
  const answer = (_method, _path, init) => {
    asked.push(init.headers["if-none-match"] ?? null);
    return { status: 200, body: tallyDocument(1, 2), headers: { etag: '"v"' } };
  };
  const { line, timers } = world({ answer, connect: { WebSocketClass: null } });
  await timers.pass(2300);
  line.setToken("dev");
  await timers.pass(2300);
  assert.deepEqual(asked, [null, '"v"', null]);
});

test("a hurried reading replaces the one under way: one loop, and the late answer is dropped", async () => {
  const waiting = [];
  const answer = () => new Promise((resolve) => waiting.push(resolve));
  const { page, timers, tallies } = world({ answer, connect: { WebSocketClass: null } });
  await timers.pass(10);
  page("shown");
  await timers.pass(10);
  assert.equal(waiting.length, 2);
  waiting[1]({ status: 200, body: tallyDocument(1, 8) });
  await timers.pass(10);
  waiting[0]({ status: 200, body: tallyDocument(1, 7) });
  await timers.pass(2300);
  assert.deepEqual(tallies(), [8]);
  assert.equal(waiting.length, 3, "one further reading, not two");
});

test("close ends everything: no timer, no socket, no call is left", async () => {
  const { line, timers, net, states, goLive, heard } = world();
  goLive();
  line.close();
  assert.equal(states.at(-1), "stopped");
  assert.equal(net.last.closed, true);
  assert.equal(timers.waiting, 0);
  const before = heard.length;
  line.resync();
  line.setToken("x");
  await timers.pass(100_000);
  assert.equal(net.sockets.length, 1);
  assert.equal(heard.length, before);
});
