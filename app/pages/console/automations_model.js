// @ts-check
// Outgoing automations as the console tells of them: how each goes, what the badge says, and the request that the form
// stands for. Pure: no DOM, no clock of its own. Times are Unix milliseconds of the server's clock.

/** @import { Automation, Language } from "./types.js" */
/** @import { WordKey, Words } from "./context.js" */
import { clockText } from "../lib/format.js";
import { wordFor } from "./context.js";

export const TRIGGERS = Object.freeze([
  "round_opened", "round_paused", "round_resumed", "round_closing", "round_locked", "round_revealed", "round_void",
  "scene_changed", "tally_changed", "likes_milestone",
]);
export const METHODS = Object.freeze(["GET", "POST", "PUT", "PATCH", "DELETE"]);
/** The service's own bound; more cannot be there. */
export const LIST_MAX = 32;
const ZONE = "Asia/Shanghai";

/** @typedef {"off"|"not_allowed"|"paused"|"failing"|"fine"|"idle"} Health */

/**
 * @param {Automation} automation
 * @param {number} nowMs
 * @returns {Health}
 */
export function healthOf({ enabled, allowed, state }, nowMs) {
  if (!enabled) return "off";
  if (!allowed) return "not_allowed";
  if (state.paused_until_ms !== null && state.paused_until_ms > nowMs) return "paused";
  if (state.last_error !== "") return "failing";
  return state.last_delivered_at_ms === null ? "idle" : "fine";
}

/**
 * What the badge says: each automation that is switched on and does not go counts once. Nothing where all go.
 * @param {readonly Automation[]} list
 * @param {number} nowMs
 * @param {Words} t
 */
export function badgeText(list, nowMs, t) {
  const counts = { failing: 0, paused: 0, not_allowed: 0 };
  for (const each of list) {
    const health = healthOf(each, nowMs);
    if (health === "failing" || health === "paused" || health === "not_allowed") counts[health] += 1;
  }
  return /** @type {const} */ (["failing", "paused", "not_allowed"])
    .filter((kind) => counts[kind] > 0)
    .map((kind) => t(`auto_n_${kind}`, { n: counts[kind] })).join(" · ");
}

/** @param {Pick<Automation, "trigger"|"every_ms"|"milestone">} automation @param {Words} t */
export function triggerText({ trigger, every_ms, milestone }, t) {
  const name = wordFor(t, `trigger_${trigger}`);
  if (every_ms !== null) return `${name} · ${t("auto_every", { n: every_ms.toLocaleString("en-US") })}`;
  return milestone === null ? name : `${name} · ${t("auto_milestone_at", { n: milestone.toLocaleString("en-US") })}`;
}

/**
 * How it goes, as one sentence or two.
 * @param {Automation} automation
 * @param {number} nowMs
 * @param {Words} t
 * @param {Language} language
 */
export function stateSentence(automation, nowMs, t, language) {
  const { state } = automation;
  const health = healthOf(automation, nowMs);
  const failed = state.last_error === "" ? "" : t("auto_last_error", { error: errorText(state.last_error, language) });
  const parts = [];
  switch (health) {
    case "off":
      parts.push(t("auto_is_off"), failed);
      break;
    case "not_allowed":
      parts.push(t("auto_is_not_allowed"));
      break;
    case "paused":
      parts.push(t("auto_is_paused", { t: clockText(state.paused_until_ms ?? nowMs, language, ZONE) }), failed);
      break;
    case "failing":
      parts.push(failed);
      break;
    case "idle":
      parts.push(t("auto_is_idle"));
      break;
    case "fine":
      parts.push(t(state.last_status === null ? "auto_is_sent" : "auto_is_fine",
        { t: clockText(state.last_delivered_at_ms ?? nowMs, language, ZONE), status: state.last_status ?? "" }));
      break;
    default:
      throw new Error(`no such health: ${String(health)}`);
  }
  parts.push(missingText(state.missing, t));
  return joined(parts, language);
}

/**
 * What a test brought.
 * @param {import("./types.js").AutomationTested} tested
 * @param {Words} t
 * @param {Language} language
 */
export function testSentence({ ok, status, error, took_ms, missing }, t, language) {
  const values = { ms: took_ms, status: status ?? "", error: errorText(error, language) };
  const said = ok ? t(status === null ? "auto_test_sent" : "auto_test_ok", values) : t("auto_test_failed", values);
  return joined([said, missingText(missing, t)], language);
}

/** @param {readonly string[]} missing @param {Words} t */
function missingText(missing, t) {
  return missing.length === 0 ? "" : t("auto_missing", { paths: missing.join(", ") });
}

/** @param {string[]} parts @param {Language} language */
function joined(parts, language) {
  return parts.filter((part) => part !== "").join(language === "zh" ? "" : " ");
}

/** The service writes its sentences in English; those of it that are known, in Chinese. @type {readonly (readonly [RegExp, string])[]} */
const CHINESE_ERRORS = [
  [/^(\S+) answered (\d+); redirects are not followed\.$/u, "$1 回答了 $2，重定向不会跟随。"],
  [/^(\S+) answered (\d+)\.$/u, "$1 回答了 $2。"],
  [/^(\S+) did not answer within (\S+) s\.$/u, "$1 在 $2 秒内没有回答。"],
  [/^(\S+) took no connection within (\S+) s\.$/u, "$1 在 $2 秒内没有接受连接。"],
  [/^(\S+) refused the connection, or its name is unknown\.$/u, "$1 拒绝连接，或者名称无法解析。"],
  [/^(\S+) cannot be reached, or its name is unknown\.$/u, "$1 无法到达，或者名称无法解析。"],
  [/^(\S+) broke off before it had answered\.$/u, "$1 还没回答就断开了。"],
  [/^(\S+) may not be called; ARENA_AUTOMATION_TARGETS does not list it\.$/u, "$1 不在 ARENA_AUTOMATION_TARGETS 里，不能调用。"],
  [/^It waited for more than (\S+) s\.$/u, "等待超过 $1 秒。"],
];

/** @param {string} error @param {Language} language */
export function errorText(error, language) {
  if (language === "en") return error;
  const found = CHINESE_ERRORS.find(([pattern]) => pattern.test(error));
  return found === undefined ? error : error.replace(found[0], found[1]);
}

/**
 * What the form holds, all as typed.
 * @typedef {{name: string, trigger: string, every_ms: string, milestone: string, kind: string, method: string, url: string, body: string,
 *   host: string, port: string, address: string, args: string}} Draft
 */

/** @returns {Draft} */
export function newDraft() {
  return {
    name: "", trigger: "round_revealed", every_ms: "1000", milestone: "", kind: "http", method: "POST", url: "", body: "",
    host: "", port: "", address: "", args: "",
  };
}

/** Which fields a draft needs beside name, trigger and kind. @param {Draft} draft @returns {(keyof Draft)[]} */
export function fieldsOf({ trigger, kind }) {
  /** @type {(keyof Draft)[]} */
  const own = trigger === "tally_changed" ? ["every_ms"] : trigger === "likes_milestone" ? ["milestone"] : [];
  return [...own, ...(kind === "osc" ? /** @type {const} */ (["host", "port", "address", "args"]) : /** @type {const} */ (["method", "url", "body"]))];
}

/**
 * The request that a draft stands for, or what is wrong with it. The service judges the rest.
 * @param {Draft} draft
 * @returns {{request: Record<string, unknown>, complaints: Map<keyof Draft, WordKey>}}
 */
export function requestOf(draft) {
  /** @type {Map<keyof Draft, WordKey>} */
  const complaints = new Map();
  const text = (/** @type {keyof Draft} */ key) => {
    const value = draft[key].trim();
    if (value === "") complaints.set(key, "bad_needed");
    return value;
  };
  const whole = (/** @type {keyof Draft} */ key, /** @type {number} */ least, /** @type {number} */ most, /** @type {WordKey} */ word) => {
    const value = draft[key].trim();
    const number = Number(value);
    if (!/^\d{1,10}$/u.test(value) || number < least || number > most) complaints.set(key, word);
    return number;
  };
  /** @type {Record<string, unknown>} */
  const request = { name: text("name"), trigger: draft.trigger };
  if (draft.trigger === "tally_changed") request["every_ms"] = whole("every_ms", 200, 3_600_000, "bad_every_ms");
  if (draft.trigger === "likes_milestone") request["milestone"] = whole("milestone", 1, 1_000_000_000, "bad_number");
  request["action"] = draft.kind === "osc"
    ? { kind: "osc", host: text("host"), port: whole("port", 1, 65_535, "bad_port"), address: text("address"), args: oscArguments(draft.args) }
    : { kind: "http", method: draft.method, url: text("url"), body: draft.body };
  return { request, complaints };
}

/**
 * `1, 0.5, {{event.choice}}`: numbers go as numbers, the rest as text; nothing between commas is no argument.
 * @param {string} typed
 * @returns {(number|string)[]}
 */
export function oscArguments(typed) {
  return typed.split(",").map((part) => part.trim()).filter((part) => part !== "")
    .map((part) => (/^-?\d{1,15}(\.\d{1,15})?$/u.test(part) ? Number(part) : part));
}
