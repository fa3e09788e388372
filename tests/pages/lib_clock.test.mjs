import assert from "node:assert/strict";
import { test } from "node:test";
import { now, observeArrival, observeRoundTrip, offsetMs, roundTripMs, UNKNOWN_CLOCK } from "../../app/pages/lib/clock.js";

/** A trip to a server that is `ahead_ms` ahead, with these two legs. */
const trip = (sent_ms, ahead_ms, there_ms, back_ms) => ({
  sent_ms,
  received_ms: sent_ms + there_ms + back_ms,
  server_time_ms: sent_ms + there_ms + ahead_ms,
});

test("nothing known is no offset", () => {
  assert.equal(offsetMs(UNKNOWN_CLOCK), 0);
  assert.equal(roundTripMs(UNKNOWN_CLOCK), null);
  assert.equal(now(UNKNOWN_CLOCK, 5), 5);
});

test("the sample with the least round trip wins over lopsided ones, before and after it", () => {
  let clock = observeRoundTrip(UNKNOWN_CLOCK, trip(0, 5000, 900, 20));
  assert.equal(offsetMs(clock), 5440);
  clock = observeRoundTrip(clock, trip(2000, 5000, 15, 15));
  clock = observeRoundTrip(clock, trip(4000, 5000, 10, 700));
  assert.equal(offsetMs(clock), 5000);
  assert.equal(roundTripMs(clock), 30);
  assert.equal(now(clock, 10_000), 15_000);
});

test("the error is never more than half the round trip", () => {
  for (let seed = 1; seed < 200; seed += 1) {
    const there_ms = (seed * 7919) % 1000;
    const back_ms = (seed * 104729) % 1000;
    const clock = observeRoundTrip(UNKNOWN_CLOCK, trip(0, -123, there_ms, back_ms));
    assert.ok(Math.abs(offsetMs(clock) + 123) <= (there_ms + back_ms) / 2 + 1);
  }
});

test("a local clock that was set throws the old samples out", () => {
  let clock = observeRoundTrip(UNKNOWN_CLOCK, trip(0, 5000, 5, 5));
  clock = observeRoundTrip(clock, trip(3_600_000, 5000 - 3_600_000, 40, 40));
  assert.equal(offsetMs(clock), 5000 - 3_600_000);
});

test("a document that only arrived counts until the first round trip, and an old one never makes it worse", () => {
  let clock = observeArrival(UNKNOWN_CLOCK, 1000, 61_000); // made a minute ago
  clock = observeArrival(clock, 61_900, 61_000);
  clock = observeArrival(clock, 1000, 70_000);
  assert.equal(offsetMs(clock), 900);
  clock = observeRoundTrip(clock, trip(70_000, 1000, 50, 50));
  assert.equal(offsetMs(clock), 1000);
});

test("an HTTP date is worth less than a ping", () => {
  let clock = observeRoundTrip(UNKNOWN_CLOCK, { ...trip(0, 5400, 5, 5), slack_ms: 500 });
  clock = observeRoundTrip(clock, trip(1000, 5000, 60, 60));
  assert.equal(offsetMs(clock), 5000);
});

test("nonsense is not taken", () => {
  assert.equal(observeRoundTrip(UNKNOWN_CLOCK, { sent_ms: 10, received_ms: 5, server_time_ms: 0 }), UNKNOWN_CLOCK);
  assert.equal(observeRoundTrip(UNKNOWN_CLOCK, { sent_ms: 0, received_ms: 5, server_time_ms: NaN }), UNKNOWN_CLOCK);
  assert.equal(observeArrival(UNKNOWN_CLOCK, NaN, 5), UNKNOWN_CLOCK);
});
