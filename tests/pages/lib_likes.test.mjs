import assert from "node:assert/strict";
import { test } from "node:test";
import { acked, due, failed, load, merge, save, sent, shownCount, shrank, startLikes, tap, unconfirmed, underNewIdentity } from "../../app/pages/lib/likes.js";

const RUN = { round: 1, run: 1 };
const liked = (totals, clipped = false, key = RUN) => ({ ...key, totals, clipped });
const taps = (likes, choice, count) => Array.from({ length: count }).reduce((held) => tap(held, choice), likes);

test("the first tap goes at once, the next no sooner than 300 ms later, as totals", () => {
  let likes = tap(startLikes(RUN), "red");
  assert.deepEqual(due(likes, 1000), { red: 1 });
  likes = acked(sent(likes, 1000), liked({ red: 1 }), 1010);
  likes = tap(tap(tap(likes, "red"), "blue"), "blue");
  assert.equal(due(likes, 1299), null);
  assert.deepEqual(due(likes, 1300), { red: 2, blue: 2 });
});

test("nothing new is nothing to send", () => {
  assert.equal(due(startLikes(RUN), 0), null);
  const likes = acked(sent(tap(startLikes(RUN), "red"), 0), liked({ red: 1 }), 5);
  assert.equal(due(likes, 1e9), null);
});

test("while an answer is out nothing goes, and a lost answer sends the same totals again", () => {
  const likes = tap(sent(tap(startLikes(RUN), "red"), 1000), "red");
  assert.equal(due(likes, 2000), null);
  assert.deepEqual(due(likes, 4000), { red: 2 });
});

test("an answer that comes twice, late or out of order counts nothing twice", () => {
  let likes = sent(taps(startLikes(RUN), "red", 5), 0);
  likes = acked(likes, liked({ red: 5 }), 10);
  likes = acked(likes, liked({ red: 5 }), 20);
  likes = acked(likes, liked({ red: 3 }), 30);
  assert.equal(likes.own.get("red"), 5);
  assert.equal(unconfirmed(likes, "red"), 0);
});

test("taps made while the answer was out stay to be sent", () => {
  let likes = sent(taps(startLikes(RUN), "red", 5), 0);
  likes = acked(taps(likes, "red", 2), liked({ red: 5 }), 100);
  assert.equal(unconfirmed(likes, "red"), 2);
  assert.deepEqual(due(likes, 300), { red: 7 });
});

test("what was clipped is kept and sent again a second later", () => {
  let likes = sent(taps(startLikes(RUN), "red", 50), 0);
  likes = acked(likes, liked({ red: 15 }, true), 100);
  assert.equal(due(likes, 1000), null);
  assert.deepEqual(due(likes, 1100), { red: 50 });
});

test("answers of the run before are not taken", () => {
  const likes = tap(startLikes({ round: 1, run: 2 }), "red");
  assert.equal(acked(likes, liked({ red: 9 }), 0), likes);
});

test("totals that shrank take the service's as base and lose no tap", () => {
  let likes = acked(sent(taps(startLikes(RUN), "red", 2), 0), liked({ red: 2 }), 1);
  likes = taps(likes, "red", 3);
  likes = shrank(sent(likes, 400), { red: 40 });
  assert.equal(likes.own.get("red"), 43);
  assert.deepEqual(due(likes, 1000), { red: 43 });
});

test("a refusal waits and then sends everything", () => {
  const likes = failed(sent(tap(startLikes(RUN), "red"), 0), 5000);
  assert.equal(due(likes, 4999), null);
  assert.deepEqual(due(likes, 5000), { red: 1 });
});

test("a reload in any moment loses no tap and doubles none", () => {
  let likes = startLikes(RUN);
  let server = 0;
  const answer = () => liked({ red: server });
  for (let step = 0; step < 400; step += 1) {
    const kind = (step * 7919) % 5;
    if (kind <= 2) likes = tap(likes, "red");
    else if (kind === 3) {
      const totals = due(likes, step * 100);
      if (totals) {
        server = Math.max(server, totals.red);
        likes = sent(likes, step * 100);
        if (step % 2) likes = acked(likes, answer(), step * 100); // Else the answer is lost with the page.
      }
    } else likes = load(JSON.parse(JSON.stringify(save(likes))), RUN);
  }
  assert.equal(likes.own.get("red"), 240);
  const totals = due(likes, 1e9);
  assert.equal(Math.max(server, totals?.red ?? 0), 240);
});

test("saved data of another run, or spoilt, is a start at nothing", () => {
  const saved = save(tap(startLikes(RUN), "red"));
  assert.equal(load(saved, { round: 1, run: 2 }).own.size, 0);
  for (const spoilt of [null, 3, "x", {}, { ...RUN, own: "x" }, { ...RUN, own: [["red", -1], ["blue", "9"], 4] }]) {
    assert.equal(load(spoilt, RUN).own.size, 0);
  }
  assert.equal(load(saved, RUN).own.get("red"), 1);
});

test("two tabs of one phone: the greater of each counts", () => {
  const a = taps(startLikes(RUN), "red", 3);
  const b = taps(taps(startLikes(RUN), "red", 2), "blue", 4);
  const both = merge(a, b);
  assert.deepEqual([both.own.get("red"), both.own.get("blue")], [3, 4]);
  assert.equal(merge(a, startLikes({ round: 2, run: 1 })), a);
});

test("the count shown rises at the tap, does not dip between answer and tally, and ends exact", () => {
  let shown = shownCount(0, 100, 0, false);
  shown = shownCount(shown, 100, 3, false);
  assert.equal(shown, 103);
  shown = shownCount(shown, 100, 0, false); // confirmed, not yet in a tally
  assert.equal(shown, 103);
  shown = shownCount(shown, 110, 0, false);
  assert.equal(shown, 110);
  assert.equal(shownCount(115, 112, 3, true), 112);
});

test("a lost answer makes the count too high only until all is confirmed", () => {
  // Five were counted, their answer lost with the service; the phone still holds them for unconfirmed.
  const shown = shownCount(0, 5, 5, false);
  assert.equal(shown, 10);
  assert.equal(shownCount(shown, 5, 0, true), 5);
});

test("keys that name parts of every object are only keys", () => {
  let likes = tap(startLikes(RUN), "__proto__");
  likes = tap(likes, "constructor");
  assert.equal(likes.own.get("constructor"), 1);
  assert.equal(load(save(likes), RUN).own.get("constructor"), 1);
});

test("a new identity brings only what the old one had not", () => {
  let likes = acked(sent(taps(startLikes(RUN), "red", 100), 0), liked({ red: 100 }), 1);
  likes = underNewIdentity(tap(tap(likes, "red"), "blue"));
  assert.deepEqual(due(likes, 1000), { red: 1, blue: 1 });
});
