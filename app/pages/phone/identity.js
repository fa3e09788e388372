// @ts-check
// Gets and keeps this phone's identity in one session: a signed device token, in the browser's own storage. The same
// token is the same voter, so it is given up only when the service no longer takes it.

import { Problem, sessionPath } from "../lib/api.js";
import { backoffMs } from "../lib/reconnect.js";

/** @import { Api, Joined, ProblemFields, Timers } from "../lib/types.js" */
/** @import { Redeeming } from "./entry.js" */
/** @typedef {{token: string, channel: string, delay_ms: number}} Identity */

/** The phone must show more than itself: joining anew with nothing would only be refused again. */
const MORE_NEEDED = new Set(["ticket_required", "wechat_required"]);
const WORK_AT_ONCE_MAX = 4;

/**
 * The channel to ask for: the address says, else WeChat's own browser is WeChat, else the service chooses.
 * @param {string} search
 * @param {string} userAgent
 * @returns {string|null}
 */
export function wantedChannel(search, userAgent) {
  return new URLSearchParams(search).get("channel") || (/MicroMessenger/i.test(userAgent) ? "wechat" : null);
}

/** @param {unknown} data @returns {Identity|null} */
export function readIdentity(data) {
  const kept = /** @type {any} */ (data);
  if (typeof kept?.token !== "string" || typeof kept?.channel !== "string") return null;
  return { token: kept.token, channel: kept.channel, delay_ms: Number(kept.delay_ms) || 0 };
}

/** What stands in the token for the person. @param {Identity} identity */
export function deviceOf({ token }) {
  return token.split("~")[3] ?? "";
}

/**
 * Join until it succeeds. A refused token is dropped for a new one, an unknown channel for the service's choice; work
 * that is asked is done; anything that passes is waited out. Rejects only where no later try can do better.
 * @param {object} options
 * @param {Api} options.api carries the kept token
 * @param {string} options.code
 * @param {string|null} options.channel
 * @param {Redeeming|null} [options.ticket]
 * @param {() => void} options.forget makes `api` carry no token
 * @param {Timers} options.timers
 * @param {(challenge: string, bits: number) => Promise<string>} [options.doWork]
 * @param {(problem: ProblemFields) => void} [options.onWait] told what is waited for, where that is longer
 * @returns {Promise<{joined: Joined, sent_ms: number, received_ms: number}>}
 */
export async function join({ api, code, channel, ticket = null, forget, timers, doWork = lazyWork, onWait }) {
  let wanted = channel;
  /** @type {{challenge: string, solution: string}|null} */
  let work = null;
  /** @param {number} wait_ms */
  const pause = (wait_ms) => new Promise((resolve) => timers.setTimeout(() => resolve(null), wait_ms));
  for (let attempt = 0; ; attempt += 1) {
    try {
      const body = { ...(wanted ? { channel: wanted } : {}), ...ticket, ...(work ? { work } : {}) };
      const answer = await api.call("POST", `${sessionPath(code)}/join`, { body });
      return { joined: answer.body, sent_ms: answer.sent_ms, received_ms: answer.received_ms };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const asked = /** @type {any} */ (error.fields);
      // A lost answer leaves it open whether the work was spent; the service says so if it was.
      if (error.status !== 0) work = null;
      if (error.code === "work_required") {
        // Asked again and again, something is wrong: the phone must not get hot.
        if (attempt >= WORK_AT_ONCE_MAX) await pause(backoffMs(attempt, timers.random()));
        work = { challenge: asked.challenge, solution: await doWork(asked.challenge, asked.bits) };
      } else if (MORE_NEEDED.has(error.code)) throw error;
      else if ((error.status === 401 || error.status === 403) && attempt < 3) forget();
      else if (error.status === 422 && wanted) wanted = null;
      else if (error.passing || error.status >= 500) {
        if (error.status === 429) onWait?.(error.fields);
        // Everybody behind the same address was told the same time.
        const spread_ms = error.status === 429 ? timers.random() * 10000 : 0;
        await pause(Math.max((error.fields.retry_after_ms ?? 0) + spread_ms, backoffMs(attempt, timers.random())));
      } else throw error;
    }
  }
}

/** Most phones are never asked for any: it is loaded when one is. @param {string} challenge @param {number} bits */
async function lazyWork(challenge, bits) {
  return (await import("../lib/working.js")).doWork(challenge, bits);
}
