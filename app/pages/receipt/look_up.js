// @ts-check
// Reads what was typed as a receipt, and decides what the service's answer means for a voter. Pure.

/**
 * What GET /sessions/{code}/receipts/{receipt} answers. `choices` and `counted` are null until the run is revealed.
 * @typedef {object} Found
 * @property {string} receipt
 * @property {number} round
 * @property {number} run
 * @property {number} seq
 * @property {string[]|null} choices
 * @property {string} channel
 * @property {number} accepted_at_ms
 * @property {string} phase
 * @property {boolean|null} counted
 * @property {boolean|null} [held]
 */
/** @typedef {"stands"|"counted"|"held"|"replaced"|"void"|"channel_void"} Verdict */

export const RECEIPT_LENGTH = 26;
/** Base32 has no 0, 1 and 8: whoever writes them has misread a letter. */
const MISREAD = new Map([["0", "O"], ["1", "I"], ["8", "B"]]);

/** @param {string} text as it was typed or pasted @returns {string} in capitals, without what stands between */
export function readReceipt(text) {
  const plain = text.normalize("NFKC").toUpperCase().replace(/[^A-Z0-9]/gu, "");
  return [...plain].map((letter) => MISREAD.get(letter) ?? letter).join("");
}

/** @param {string} receipt @returns {boolean} */
export function isReceipt(receipt) {
  return receipt.length === RECEIPT_LENGTH && /^[A-Z2-7]+$/u.test(receipt);
}

/** @param {string} hash of the address, as in "#r=ABC…" @returns {string} "" where it names none */
export function receiptFromHash(hash) {
  return readReceipt(new URLSearchParams(hash.replace(/^#/u, "")).get("r") ?? "");
}

/** In groups of four, which an eye can follow. @param {string} receipt */
export function grouped(receipt) {
  return receipt.replace(/(.{4})(?=.)/gu, "$1 ");
}

/**
 * What became of the ballot.
 * @param {Found} found
 * @param {ReadonlySet<string>} voided channels that do not count in its run
 * @returns {Verdict}
 */
export function verdictOf(found, voided) {
  if (found.phase === "void") return "void";
  if (found.held) return "held";
  if (found.counted === null) return "stands";
  if (found.counted) return "counted";
  return voided.has(found.channel) ? "channel_void" : "replaced";
}

/**
 * The channels that were voided, from a run's result; none where there is no result to be read.
 * @param {{channels?: Record<string, {voided?: boolean}>}|null} result
 * @returns {Set<string>}
 */
export function voidedChannels(result) {
  return new Set(Object.entries(result?.channels ?? {}).filter(([, each]) => each.voided).map(([key]) => key));
}
