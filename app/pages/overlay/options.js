// @ts-check
// Reads the overlay's address into its options. Pure. A value that is not understood falls back to its default: an
// overlay on air must come up whatever somebody typed.

/** @typedef {import("../lib/types.js").Scene} Scene */
/** @typedef {"zh"|"en"|"both"} OverlayLanguage */
/** @typedef {"red-blue"|"gold"|"plain"} Theme */

/**
 * @typedef {object} Options
 * @property {string} code the session's code in capitals, "" where the address has none
 * @property {string} server origin of the service, "" for the one that served this page
 * @property {Scene|null} scene pinned, null: the director's cue
 * @property {Theme} theme
 * @property {number} scale size of the graphics, 0.25 to 2
 * @property {string|null} key solid ground as a CSS colour, null: transparent
 * @property {OverlayLanguage} lang
 * @property {string} token
 * @property {boolean} safe draw the safe areas
 * @property {boolean} badge mark a replay as one
 * @property {number} margin distance from the edges in percent of the picture, 0 to 15
 * @property {boolean} wait stay off air until play()
 * @property {boolean} hidden show figures that the public may not see yet (needs a token)
 * @property {string[]} who keys of the contestants in the lower third, none: all
 * @property {string} channel carried into the QR
 * @property {number} rows on a page of the board of many, 3 to 10
 * @property {number} page of that board, from 1
 * @property {number} turn seconds a page stands before the next comes, 3 to 120; 0: it stays
 * @property {"programme"|"preview"} bus `preview`: what the director takes next (needs a token)
 * @property {string} name by which the desk knows this overlay
 * @property {boolean} monitor a picture on a desk: it tells nothing of itself
 */

/** @type {readonly Scene[]} */
export const SCENES = Object.freeze(["blank", "board", "lower_third", "result", "qr"]);
/** @type {readonly Theme[]} */
const THEMES = Object.freeze(["red-blue", "gold", "plain"]);
/** @type {readonly OverlayLanguage[]} */
const LANGUAGES = Object.freeze(["zh", "en", "both"]);
/** Colours that chroma keyers know, none of which the graphics use. */
const KEYS = new Map([
  ["green", "#00ff00"],
  ["blue", "#0000ff"],
  ["magenta", "#ff00ff"],
  ["cyan", "#00ffff"],
  ["black", "#000000"],
]);
/** EBU R 95: graphics stay five percent off each edge. */
const MARGIN_PCT = 5;
const ROWS_LEAST = 3;
const ROWS_MOST = 10;
const PAGE_MOST = 22;
/** Quicker than that nobody reads ten names. */
const TURN_LEAST_S = 3;
const TURN_MAX_S = 120;

/**
 * @template {string} T
 * @param {readonly T[]} allowed
 * @param {string|null|undefined} value
 * @returns {T|null}
 */
function oneOf(allowed, value) {
  const wanted = value?.trim().toLowerCase().replaceAll("-", "_");
  return allowed.find((entry) => entry.replaceAll("-", "_") === wanted) ?? null;
}

/** @param {string|null|undefined} value @returns {Scene|null} */
export function sceneFrom(value) {
  return oneOf(SCENES, value);
}

/** @param {string|null|undefined} value @returns {Theme|null} */
export function themeFrom(value) {
  return oneOf(THEMES, value);
}

/** @param {string|null|undefined} value @returns {OverlayLanguage|null} */
export function languageFrom(value) {
  return oneOf(LANGUAGES, value);
}

/** @param {string|null|undefined} value @returns {string} a code in capitals, "" where it is none */
export function codeFrom(value) {
  const code = value?.trim().toUpperCase() ?? "";
  return /^[A-Z0-9]{4,12}$/.test(code) ? code : "";
}

/** @param {string|null|undefined} value @returns {string} an origin, "" where it is none */
export function serverFrom(value) {
  const text = value?.trim() ?? "";
  if (!text) return "";
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
    return url.protocol === "http:" || url.protocol === "https:" ? url.origin : "";
  } catch {
    return "";
  }
}

/** @param {string|null} value @returns {string|null} */
function keyFrom(value) {
  const text = value?.trim().toLowerCase().replace(/^#/, "") ?? "";
  const named = KEYS.get(text);
  if (named) return named;
  return /^([0-9a-f]{3}|[0-9a-f]{6})$/.test(text) ? `#${text}` : null;
}

/** @param {string|null} value @param {number} fallback @param {number} least @param {number} most */
function numberFrom(value, fallback, least, most) {
  const number = value === null || value.trim() === "" ? Number.NaN : Number(value);
  return Number.isFinite(number) ? Math.min(most, Math.max(least, number)) : fallback;
}

/** @param {string|null} value @returns {number} 0 where no pages are to be turned */
function turnFrom(value) {
  return numberFrom(value, 0, 0, TURN_MAX_S) > 0 ? numberFrom(value, 0, TURN_LEAST_S, TURN_MAX_S) : 0;
}

/** @param {string|null} value */
function flagFrom(value) {
  return value !== null && !["0", "false", "no", "off"].includes(value.trim().toLowerCase());
}

/**
 * @param {string} href the page's whole address
 * @returns {Options}
 */
export function parseOptions(href) {
  const url = new URL(href);
  const query = url.searchParams;
  const path = /\/overlay\/([^/]+)\/?$/.exec(url.pathname);
  return {
    code: codeFrom(query.get("code")) || (path ? codeFrom(path[1]) : ""),
    server: serverFrom(query.get("server")),
    scene: sceneFrom(query.get("scene")),
    theme: themeFrom(query.get("theme")) ?? "red-blue",
    scale: numberFrom(query.get("scale"), 1, 0.25, 2),
    key: keyFrom(query.get("key")),
    // Not navigator.language: an overlay machine's browser is often English whatever the programme is.
    lang: languageFrom(query.get("lang")) ?? "zh",
    // After the # it stays out of every log on the way.
    token: (query.get("token") ?? new URLSearchParams(url.hash.slice(1)).get("token") ?? "").trim(),
    safe: flagFrom(query.get("safe")),
    badge: flagFrom(query.get("badge") ?? "on"),
    margin: numberFrom(query.get("margin"), MARGIN_PCT, 0, 15),
    wait: flagFrom(query.get("wait")),
    hidden: query.get("hidden")?.trim().toLowerCase() !== "keep",
    who: (query.get("who") ?? "").split(",").map((key) => key.trim().toLowerCase()).filter(Boolean),
    channel: /^[a-z0-9_-]{1,32}$/i.exec(query.get("channel")?.trim() ?? "")?.[0] ?? "",
    rows: Math.floor(numberFrom(query.get("rows"), ROWS_MOST, ROWS_LEAST, ROWS_MOST)),
    page: Math.floor(numberFrom(query.get("page"), 1, 1, PAGE_MOST)),
    turn: turnFrom(query.get("turn")),
    bus: query.get("bus")?.trim().toLowerCase() === "preview" ? "preview" : "programme",
    name: (query.get("name") ?? "").trim().slice(0, 40),
    monitor: flagFrom(query.get("monitor")),
  };
}
