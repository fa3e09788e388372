// @ts-check
// The channels as they stand in the edit form, and the request made of them. Pure.

/** @import { Complaint } from "./drafts.js" */
/** @import { SessionDocument } from "./types.js" */
import { parseGrace } from "./drafts.js";

/** @typedef {SessionDocument["channels"][number]} Channel */
/** @typedef {{key: string, name: string, delay: string, weight: string, identity: Channel["identity"]}} ChannelDraft `delay` in seconds; an empty weight is none */

export const CHANNELS_MAX = 16;

/** @param {readonly Channel[]} channels @returns {ChannelDraft[]} */
export function channelDrafts(channels) {
  return channels.map(({ key, name, delay_ms, weight, identity }) => ({
    key, name, delay: String(delay_ms / 1000), weight: weight === null ? "" : String(weight), identity,
  }));
}

/**
 * One more channel: the hall and the panel first, each with tickets, then others by number.
 * @param {readonly ChannelDraft[]} held
 * @param {{venue: string, panel: string}} names
 * @returns {ChannelDraft}
 */
export function anotherChannel(held, names) {
  const keys = new Set(held.map(({ key }) => key));
  const usual = /** @type {const} */ (["venue", "panel"]).find((key) => !keys.has(key));
  if (usual !== undefined) return { key: usual, name: names[usual], delay: "0", weight: "", identity: "ticket" };
  let number = held.length + 1;
  while (keys.has(`channel${number}`)) number += 1;
  return { key: `channel${number}`, name: "", delay: "0", weight: "", identity: "device" };
}

/**
 * @param {readonly ChannelDraft[]} drafts
 * @returns {{request: Channel[], complaints: {field: string, code: Complaint["code"]|"weight"}[]}}
 */
export function channelsRequest(drafts) {
  /** @type {{field: string, code: Complaint["code"]|"weight"}[]} */
  const complaints = [];
  const request = drafts.map(({ key, name, delay, weight, identity }) => {
    const delay_ms = parseGrace(delay);
    const plain = weight.trim();
    if (name.trim() === "") complaints.push({ field: `channel-${key}-name`, code: "needed" });
    if (delay_ms === undefined) complaints.push({ field: `channel-${key}-delay`, code: "delay" });
    if (plain !== "" && !(/^\d{1,3}$/u.test(plain) && Number(plain) <= 100)) complaints.push({ field: `channel-${key}-weight`, code: "weight" });
    return { key, name: name.trim(), delay_ms: delay_ms ?? 0, weight: plain === "" ? null : Number(plain), identity };
  });
  return { request, complaints };
}
