// @ts-check
// What a phone brings in the address: a ticket's secret (#t=) or the token of a WeChat sign-in (#token=), and how long
// it is kept. Both stand behind the #, which no server sees; they are taken out of the address at once.

/** @import { Keeper } from "../lib/storage.js" */
/** @typedef {{ticket: string|null, token: string|null}} Entry */
/** A ticket that is being redeemed. The nonce outlives the page: a retry with it is answered as the first time. @typedef {{ticket: string, nonce: string}} Redeeming */

const TICKET_LENGTH_MAX = 64;
const TOKEN_LENGTH_MAX = 512;
/** A second trip to WeChat within this time would be a circle. */
export const SIGN_IN_AGAIN_AFTER_MS = 60000;
/** Refusals that the box about getting in explains. */
export const ENTRY_CODES = new Set([
  "ticket_required", "ticket_not_found", "ticket_used", "ticket_void", "wechat_required", "session_ended", "too_many_requests",
]);

/** @param {string} hash location.hash @returns {Entry} */
export function readEntry(hash) {
  const parts = new URLSearchParams(hash.replace(/^#/u, ""));
  const ticket = (parts.get("t") ?? "").trim();
  const token = (parts.get("token") ?? "").trim();
  return {
    ticket: ticket && ticket.length <= TICKET_LENGTH_MAX ? ticket : null,
    token: token.startsWith("d1~") && token.length <= TOKEN_LENGTH_MAX ? token : null,
  };
}

/** Take what the address brings, and put the address right. @returns {Entry} */
export function takeEntry() {
  const entry = readEntry(location.hash);
  if (entry.ticket !== null || entry.token !== null) history.replaceState(null, "", location.pathname + location.search);
  return entry;
}

/**
 * Whether a token in the address may become this phone's identity: where the phone has none, or went to sign in itself.
 * Otherwise a link could make somebody vote under a stranger's name.
 * @param {Entry} entry @param {boolean} hasIdentity @param {boolean} wentToSignIn
 */
export function acceptsToken(entry, hasIdentity, wentToSignIn) {
  return entry.token !== null && (!hasIdentity || wentToSignIn);
}

/** @param {unknown} data @returns {Redeeming|null} */
export function readRedeeming(data) {
  const kept = /** @type {any} */ (data);
  return typeof kept?.ticket === "string" && typeof kept?.nonce === "string" ? { ticket: kept.ticket, nonce: kept.nonce } : null;
}

/**
 * The ticket to redeem next: the one just brought, with its earlier nonce where it was tried before, else the kept one.
 * @param {string|null} brought @param {Redeeming|null} kept @param {() => string} makeNonce
 * @returns {Redeeming|null}
 */
export function nextTicket(brought, kept, makeNonce) {
  if (brought === null || plain(brought) === plain(kept?.ticket ?? "")) return kept;
  return { ticket: brought, nonce: makeNonce() };
}

/** @param {string} ticket */
function plain(ticket) {
  return ticket.toUpperCase().replace(/[^0-9A-Z]/gu, "");
}

/** The tab's own area: it holds that this tab went to sign in, until it is back. @returns {Storage|null} */
export function tabArea() {
  try {
    return globalThis.sessionStorage;
  } catch {
    return null;
  }
}

/** A path of the service's own and nothing else. @param {unknown} start @returns {string|null} */
export function safeStart(start) {
  return typeof start === "string" && /^\/wechat\/start\/[A-Z0-9]{4,12}$/u.test(start) ? start : null;
}

/** @param {Keeper} tab @param {string} key @param {number} now_ms */
export function mayGoToSignIn(tab, key, now_ms) {
  return now_ms - (Number(tab.get(key)) || 0) > SIGN_IN_AGAIN_AFTER_MS;
}
