import assert from "node:assert/strict";
import { test } from "node:test";
import { createApi } from "../../app/pages/lib/api.js";
import { acked, sent, startLikes, tap } from "../../app/pages/lib/likes.js";
import { keepIn } from "../../app/pages/lib/storage.js";
import { join, readIdentity, wantedChannel } from "../../app/pages/phone/identity.js";
import { ReceiptBook } from "../../app/pages/phone/receipt_book.js";
import { ShownLikes } from "../../app/pages/phone/shown_likes.js";
import { WORDS } from "../../app/pages/phone/words.js";
import { fakeFetch, fakeTimers, tallyDocument } from "./lib_fakes.mjs";

const IPHONE = "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15";

test("the address chooses the channel, else WeChat is WeChat, else the service decides", () => {
  assert.equal(wantedChannel("?channel=radio", `${IPHONE} MicroMessenger/8.0`), "radio");
  assert.equal(wantedChannel("", `${IPHONE} MicroMessenger/8.0`), "wechat");
  assert.equal(wantedChannel("?lang=en", IPHONE), null);
});

test("a kept identity is read, a spoilt one is none", () => {
  assert.deepEqual(readIdentity({ token: "t", channel: "web", delay_ms: 8000 }), { token: "t", channel: "web", delay_ms: 8000 });
  for (const spoilt of [null, "t", { token: 5 }, { token: "t" }]) assert.equal(readIdentity(spoilt), null);
});

/** Join against a service by hand. */
function joining(handler, { token = null, channel = null } = {}) {
  const timers = fakeTimers();
  const { calls, fetchFunction } = fakeFetch(handler);
  let kept = token;
  const api = createApi({ base: "http://arena.test", token: () => kept, fetchFunction, timers });
  const result = join({ api, code: "K7M2QP", channel, timers, forget: () => void (kept = null) });
  return { timers, calls, result: result.then(({ joined }) => joined.token, (error) => error.code) };
}
const refusal = (status, code) => ({ status, body: { code, title: code } });

test("a token that the service no longer takes is given up, and only then", async () => {
  const { result, calls } = joining((_method, _path, init) =>
    init.headers.authorization ? refusal(401, "token_expired") : { status: 200, body: { token: "new" } },
  { token: "old" });
  assert.equal(await result, "new");
  assert.equal(calls.length, 2);
});

test("a channel that the session does not have falls back to the service's choice", async () => {
  const { result, calls } = joining((_method, _path, init) =>
    init.body.includes("wechat") ? refusal(422, "invalid_request") : { status: 200, body: { token: "t" } },
  { channel: "wechat" });
  assert.equal(await result, "t");
  assert.deepEqual(calls.map(({ body }) => body), [{ channel: "wechat" }, {}]);
});

test("a dead service is asked until it answers; the token is kept meanwhile", async () => {
  let left = 5;
  const { result, timers, calls } = joining((_method, _path, init) => {
    if (left-- > 0) throw new TypeError("network");
    return { status: 200, body: { token: init.headers.authorization } };
  }, { token: "old" });
  await timers.pass(120_000);
  assert.equal(await result, "Bearer old");
  assert.equal(calls.length, 6);
});

test("an unknown session ends the asking", async () => {
  assert.equal(await joining(() => refusal(404, "session_not_found")).result, "session_not_found");
});

test("receipts are kept over a reload, each once, the newest two hundred", () => {
  const held = new Map();
  const area = {
    get length() { return held.size; }, key: () => null, getItem: (key) => held.get(key) ?? null,
    setItem: (key, value) => void held.set(key, value), removeItem: (key) => void held.delete(key),
  };
  const ballot = (number) => ({ receipt: `R${number}`, choices: ["red"], revision: 1, accepted_at_ms: number });
  const book = new ReceiptBook(keepIn(area), "k");
  book.add([ballot(1)], { round: 1, run: 1 });
  book.add([ballot(1), ballot(2)], { round: 2, run: 1 });
  book.add([ballot(3)], { round: null, run: null });
  assert.deepEqual(new ReceiptBook(keepIn(area), "k").list.map(({ receipt }) => receipt), ["R1", "R2"]);
  for (let number = 3; number <= 300; number += 1) book.add([ballot(number)], { round: 3, run: 1 });
  assert.equal(book.list.length, 200);
  assert.equal(book.list.at(-1).receipt, "R300");
});

const figures = (epoch, version, likes, made_ms, run = 1) =>
  tallyDocument(epoch, version, {
    server_time_ms: made_ms, round: { number: 1, run }, tally: { choices: [{ key: "red", likes }] },
  });

test("the count on the screen rises with the tap, never dips under way, and ends on the service's figure", () => {
  const shown = new ShownLikes();
  const look = (document, likes, now_ms, final = false) => shown.read({ document, likes, final, now_ms })("red");
  let likes = startLikes({ round: 1, run: 1 });
  assert.equal(look(figures(1, 1, 100, 0), likes, 0), 100);
  likes = tap(tap(likes, "red"), "red");
  assert.equal(look(figures(1, 1, 100, 0), likes, 10), 102);
  likes = acked(sent(likes, 10), { round: 1, run: 1, totals: { red: 2 }, clipped: false }, 200);
  shown.confirm(200);
  assert.equal(look(figures(1, 1, 100, 0), likes, 210), 102, "confirmed, but the tally on the screen is older");
  assert.equal(look(figures(1, 2, 150, 250), likes, 260), 150);
});

test("after a lost answer the count comes back to the service's, at the latest after three seconds", () => {
  const shown = new ShownLikes();
  const look = (likes, now_ms) => shown.read({ document: figures(2, 1, 5, 0), likes, final: false, now_ms })("red");
  let likes = Array.from({ length: 5 }).reduce((held) => tap(held, "red"), startLikes({ round: 1, run: 1 }));
  assert.equal(look(likes, 0), 10, "the five may be among the counted ones or not");
  likes = acked(likes, { round: 1, run: 1, totals: { red: 5 }, clipped: false }, 100);
  shown.confirm(100);
  assert.equal(look(likes, 3200), 5);
});

test("a new run and a new epoch start the screen anew", () => {
  const shown = new ShownLikes();
  const likes = tap(startLikes({ round: 1, run: 1 }), "red");
  shown.read({ document: figures(1, 9, 500, 0), likes, final: false, now_ms: 0 })("red");
  const none = startLikes({ round: 1, run: 2 });
  assert.equal(shown.read({ document: figures(1, 10, 0, 0, 2), likes: none, final: false, now_ms: 0 })("red"), 0);
  assert.equal(shown.read({ document: figures(2, 1, 3, 0, 2), likes: none, final: false, now_ms: 0 })("red"), 3);
});

test("every word stands in both languages, with the same blanks", () => {
  for (const [key, entry] of Object.entries(WORDS)) {
    assert.equal(entry.length, 2, key);
    const [zh, en] = entry.map((text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort());
    assert.deepEqual(zh, en, key);
    assert.ok(entry[0] && entry[1], key);
  }
});
