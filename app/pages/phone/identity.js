// @ts-check
// Gets and keeps this phone's identity in one session: a signed device token, in the browser's own storage. The same
// token is the same voter, so it is given up only when the service no longer takes it.

import { Problem, sessionPath } from "../lib/api.js";
import { backoffMs } from "../lib/reconnect.js";

/** @import { Api, Joined, Timers } from "../lib/types.js" */
/** @import { Keeper } from "../lib/storage.js" */
/** @typedef {{token: string, channel: string, delay_ms: number}} Identity */

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

/**
 * Join until it succeeds. A refused token is dropped for a new one, an unknown channel for the service's choice;
 * anything that passes is waited out. Rejects only where no later try can do better.
 * @param {{api: Api, code: string, channel: string|null, forget: () => void, timers: Timers}} options
 *   `api` carries the kept token, `forget` makes it carry none
 * @returns {Promise<{joined: Joined, sent_ms: number, received_ms: number}>}
 */
export async function join({ api, code, channel, forget, timers }) {
  let wanted = channel;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const answer = await api.call("POST", `${sessionPath(code)}/join`, { body: wanted ? { channel: wanted } : {} });
      return { joined: answer.body, sent_ms: answer.sent_ms, received_ms: answer.received_ms };
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if ((error.status === 401 || error.status === 403) && attempt < 3) forget();
      else if (error.status === 422 && wanted) wanted = null;
      else if (error.passing || error.status >= 500) {
        const wait_ms = Math.max(error.fields.retry_after_ms ?? 0, backoffMs(attempt, timers.random()));
        await new Promise((resolve) => timers.setTimeout(() => resolve(null), wait_ms));
      } else throw error;
    }
  }
}
