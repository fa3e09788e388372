// The piece of work: the same hash as everybody's, found by trying, within a moment on a phone.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { searchOn, startSearch } from "../../app/pages/lib/work.js";

const CHALLENGE = "AAECAwQFBgcICQoLDA0ODwGh9eSYAAq0WwyqWk3nXwV9v1l1rYXW3s4bQpXh-_12";

/** @param {string} text */
function zeros(text) {
  const digest = createHash("sha256").update(text).digest();
  let count = 0;
  for (const byte of digest) {
    if (byte === 0) count += 8;
    else return count + Math.clz32(byte) - 24;
  }
  return count;
}

test("what it finds has the zeros that were asked, by another's hash", () => {
  assert.equal(CHALLENGE.length, 64);
  for (const bits of [0, 1, 5, 8, 12, 15]) {
    const solution = searchOn(startSearch(CHALLENGE, bits), 1_000_000);
    assert.ok(solution !== null && zeros(CHALLENGE + solution) >= bits, `${bits} bits`);
  }
});

test("it finds the first number, and none is passed over", () => {
  const first = searchOn(startSearch(CHALLENGE, 10), 1_000_000);
  for (let number = 0; number < Number(first); number += 1) assert.ok(zeros(CHALLENGE + number) < 10);
});

test("it goes on where it stood", () => {
  const whole = searchOn(startSearch(CHALLENGE, 12), 1_000_000);
  const search = startSearch(CHALLENGE, 12);
  let found = null;
  while (found === null) found = searchOn(search, 37);
  assert.equal(found, whole);
});

test("what is no piece of work is refused", () => {
  assert.throws(() => startSearch("short", 8), RangeError);
  assert.throws(() => startSearch(CHALLENGE, 33), RangeError);
  assert.throws(() => startSearch(CHALLENGE, NaN), RangeError);
});
