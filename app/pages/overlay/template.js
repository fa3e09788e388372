// @ts-check
// Reads what a playout tool hands to update(): one string, JSON or CasparCG's older templateData XML. Pure; it never
// throws and never runs what it reads. The fields are documented in docs/overlay.md.

import { codeFrom, languageFrom, sceneFrom, serverFrom, themeFrom } from "./options.js";

/** @typedef {import("./options.js").Options} Options */
/** @typedef {Partial<Pick<Options, "code"|"server"|"theme"|"lang"|"who">> & {scene?: Options["scene"]}} TemplateChange */

/** A longer text is a mistake, not data for a handful of fields. */
const TEXT_MAX = 64 * 1024;
const ENTITIES = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
]);

/** @param {string} text */
function unescapeXml(text) {
  return text.replace(/&(#x[0-9a-f]{1,6}|#\d{1,7}|\w{1,8});/gi, (whole, name) => {
    if (name[0] !== "#") return ENTITIES.get(name.toLowerCase()) ?? whole;
    const point = name[1].toLowerCase() === "x" ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10);
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}

/** @param {string} tag @param {string} name @returns {string|null} */
function attribute(tag, name) {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(tag);
  return found ? unescapeXml(found[1] ?? found[2] ?? "") : null;
}

/** @param {string} text @returns {Map<string, string>} */
function fromXml(text) {
  /** @type {Map<string, string>} */
  const fields = new Map();
  for (const component of text.split(/<componentData\b/i).slice(1)) {
    const id = attribute(` ${component.slice(0, component.indexOf(">"))}`, "id");
    const data = /<data\b[^>]*>/i.exec(component);
    const value = data ? attribute(data[0], "value") : null;
    if (id !== null && value !== null) fields.set(id, value);
  }
  return fields;
}

/** @param {unknown} value @returns {string|null} */
function scalar(value) {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value && typeof value === "object" && "text" in value) return scalar(value.text);
  return null;
}

/** @param {string} text @returns {unknown} */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param {string} text @returns {Map<string, string>} */
function fromJson(text) {
  // CasparCG hands quotes over with a backslash left before them when they were escaped twice.
  const parsed = parseJson(text) ?? parseJson(text.replaceAll('\\"', '"'));
  /** @type {Map<string, string>} */
  const fields = new Map();
  if (!parsed || typeof parsed !== "object") return fields;
  // SPX once sent [{f0: "…"}, {f1: "…"}]; one object is the rule.
  for (const part of Array.isArray(parsed) ? parsed : [parsed]) {
    if (!part || typeof part !== "object") continue;
    for (const [key, value] of Object.entries(part)) {
      const read = scalar(value);
      if (read !== null) fields.set(key, read);
    }
  }
  return fields;
}

/**
 * Read the fields of an update.
 * @param {unknown} data what update() was called with
 * @returns {Map<string, string>} empty where it could not be read
 */
export function parseTemplateData(data) {
  if (data && typeof data === "object") return fromJson(JSON.stringify(data));
  if (typeof data !== "string" || data.length > TEXT_MAX) return new Map();
  const text = data.trim();
  return text.startsWith("<") || text.startsWith("\\<") ? fromXml(text.replaceAll('\\"', '"')) : fromJson(text);
}

/**
 * Turn fields into changes of the options. An empty f0 gives the scene back to the director; other empty fields
 * change nothing.
 * @param {ReadonlyMap<string, string>} fields
 * @returns {TemplateChange}
 */
export function changesFrom(fields) {
  /** @type {TemplateChange} */
  const change = {};
  const field = (/** @type {string} */ number, /** @type {string} */ name) => fields.get(number) ?? fields.get(name);
  const scene = field("f0", "scene");
  if (scene !== undefined) change.scene = sceneFrom(scene);
  const code = codeFrom(field("f1", "code"));
  if (code) change.code = code;
  const theme = themeFrom(field("f2", "theme"));
  if (theme) change.theme = theme;
  const lang = languageFrom(field("f3", "lang"));
  if (lang) change.lang = lang;
  const server = serverFrom(field("f4", "server"));
  if (server) change.server = server;
  const who = field("f5", "who");
  if (who !== undefined) change.who = who.split(",").map((key) => key.trim().toLowerCase()).filter(Boolean);
  return change;
}
