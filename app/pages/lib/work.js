// @ts-check
// Searches for the solution of a piece of work: SHA-256 over the challenge and a number must begin with so many zero
// bits. The challenge fills the hash's first block, so that a try costs one block. Pure; who calls it decides where and
// for how long at a time it runs.

/** @typedef {{challenge: string, bits: number, state: Int32Array, next: number}} Search */

const CHALLENGE_LENGTH = 64;
const ROUND_CONSTANTS = new Int32Array(64);
const START = new Int32Array(8);

// The hash's constants are the fractions of roots of the first primes.
for (let number = 2, found = 0; found < 64; number += 1) {
  let prime = true;
  for (let factor = 2; factor * factor <= number; factor += 1) if (number % factor === 0) prime = false;
  if (!prime) continue;
  if (found < 8) START[found] = fraction(Math.sqrt(number));
  ROUND_CONSTANTS[found] = fraction(Math.cbrt(number));
  found += 1;
}

/** @param {number} root */
function fraction(root) {
  return ((root - Math.floor(root)) * 0x100000000) | 0;
}

const words = new Int32Array(64);

/**
 * Take one block of 64 bytes into a state.
 * @param {Int32Array} state changed in place
 * @param {Uint8Array} block
 */
function compress(state, block) {
  const w = words;
  for (let i = 0; i < 16; i += 1) {
    const at = i * 4;
    w[i] = (/** @type {number} */ (block[at]) << 24) | (/** @type {number} */ (block[at + 1]) << 16) |
      (/** @type {number} */ (block[at + 2]) << 8) | /** @type {number} */ (block[at + 3]);
  }
  for (let i = 16; i < 64; i += 1) {
    const x = /** @type {number} */ (w[i - 15]);
    const y = /** @type {number} */ (w[i - 2]);
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[i] = (/** @type {number} */ (w[i - 16]) + s0 + /** @type {number} */ (w[i - 7]) + s1) | 0;
  }
  // Read one by one: taking the array apart at once would go by way of an iterator.
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  let e = state[4] ?? 0;
  let f = state[5] ?? 0;
  let g = state[6] ?? 0;
  let h = state[7] ?? 0;
  for (let i = 0; i < 64; i += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + /** @type {number} */ (ROUND_CONSTANTS[i]) + /** @type {number} */ (w[i])) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = (/** @type {number} */ (state[0]) + a) | 0;
  state[1] = (/** @type {number} */ (state[1]) + b) | 0;
  state[2] = (/** @type {number} */ (state[2]) + c) | 0;
  state[3] = (/** @type {number} */ (state[3]) + d) | 0;
  state[4] = (/** @type {number} */ (state[4]) + e) | 0;
  state[5] = (/** @type {number} */ (state[5]) + f) | 0;
  state[6] = (/** @type {number} */ (state[6]) + g) | 0;
  state[7] = (/** @type {number} */ (state[7]) + h) | 0;
}

/**
 * @param {string} challenge 64 plain characters
 * @param {number} bits up to 32
 * @returns {Search}
 */
export function startSearch(challenge, bits) {
  if (challenge.length !== CHALLENGE_LENGTH || !(bits >= 0 && bits <= 32)) throw new RangeError("not a piece of work");
  const state = START.slice();
  compress(state, Uint8Array.from(challenge, (sign) => sign.charCodeAt(0)));
  return { challenge, bits, state, next: 0 };
}

/**
 * Try so many numbers more.
 * @param {Search} search goes on from where it stood
 * @param {number} tries
 * @returns {string|null} the solution, or null where none was among them
 */
export function searchOn(search, tries) {
  const zeros = search.bits === 0 ? 0 : -1 << (32 - search.bits);
  const block = new Uint8Array(64);
  const state = new Int32Array(8);
  for (let tried = 0; tried < tries; tried += 1) {
    const text = String(search.next);
    search.next += 1;
    block.fill(0);
    for (let i = 0; i < text.length; i += 1) block[i] = text.charCodeAt(i);
    block[text.length] = 0x80;
    const length = (CHALLENGE_LENGTH + text.length) * 8;
    block[62] = length >>> 8;
    block[63] = length & 255;
    state.set(search.state);
    compress(state, block);
    if ((/** @type {number} */ (state[0]) & zeros) === 0) return text;
  }
  return null;
}
