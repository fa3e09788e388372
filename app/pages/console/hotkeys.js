// @ts-check
// Which key does what. Pure: a plain description of a key press goes in, an action or null comes out.
// Never an action while somebody types, holds a modifier, composes Chinese, or a dialog is open.

/** @import { Command, Scene } from "./types.js" */

/**
 * @typedef {{kind: "next"} | {kind: "command", command: Command} | {kind: "pause_or_resume"} | {kind: "scene", scene: Scene}
 *   | {kind: "preview", scene: Scene} | {kind: "take"} | {kind: "clear"} | {kind: "panic"} | {kind: "hall"}} Action
 *
 * @typedef {object} KeyPress
 * @property {string} key
 * @property {string} code
 * @property {boolean} repeat
 * @property {boolean} [shift]
 * @property {boolean} modified Ctrl, Alt or Meta is held
 * @property {boolean} composing
 * @property {boolean} typing the focus is in a field
 * @property {boolean} dialog a dialog is open
 */

/** @type {ReadonlyMap<string, Action>} */
const ACTIONS = new Map(
  /** @type {[string, Action][]} */ ([
    [" ", { kind: "next" }],
    ["p", { kind: "pause_or_resume" }],
    ["l", { kind: "command", command: "lock" }],
    ["r", { kind: "command", command: "reveal" }],
    ["c", { kind: "command", command: "certify" }],
    ["v", { kind: "command", command: "void" }],
    ["1", { kind: "scene", scene: "board" }],
    ["2", { kind: "scene", scene: "lower_third" }],
    ["3", { kind: "scene", scene: "result" }],
    ["4", { kind: "scene", scene: "qr" }],
    ["5", { kind: "scene", scene: "blank" }],
    ["b", { kind: "clear" }],
    ["t", { kind: "take" }],
    ["h", { kind: "hall" }],
  ]),
);

/** With Shift: what is next. By the place of the key, for Shift gives each layout's own sign. @type {ReadonlyMap<string, Scene>} */
const PREVIEWS = new Map([["Digit1", "board"], ["Digit2", "lower_third"], ["Digit3", "result"], ["Digit4", "qr"], ["Digit5", "blank"]]);

/** Stands alone, types nothing, and means nothing to a browser: so it needs no second press, and works in a field too. */
const PANIC_KEY = "F9";

/** What is printed on the key caps. */
export const CAPS = Object.freeze({
  next: "Space", pause: "P", resume: "P", lock: "L", reveal: "R", certify: "C", void: "V", rerun: "", open: "",
  board: "1", lower_third: "2", result: "3", qr: "4", blank: "B", take: "T", clear: "B", panic: PANIC_KEY, hall: "H",
});

/**
 * @param {KeyPress} press
 * @returns {Action|null}
 */
export function actionFor(press) {
  if (press.key === PANIC_KEY && !press.repeat && !press.modified && press.shift !== true) return { kind: "panic" };
  if (press.repeat || press.modified || press.composing || press.typing || press.dialog) return null;
  const next = press.shift === true ? PREVIEWS.get(press.code) : undefined;
  if (next !== undefined) return { kind: "preview", scene: next };
  return ACTIONS.get(named(press)) ?? null;
}

/**
 * An input method that is switched on reports "Process" for letters; the place of the key then says which it was.
 * @param {KeyPress} press
 */
function named({ key, code }) {
  if (key !== "Process" && key !== "Unidentified") return key.length === 1 ? key.toLowerCase() : key;
  if (code === "Space") return " ";
  if (code.startsWith("Key")) return code.slice(3).toLowerCase();
  return code.startsWith("Digit") ? code.slice(5) : "";
}

/**
 * Say whether keys typed here belong to the field.
 * @param {{tagName: string, type?: string, isContentEditable?: boolean}|null} target
 */
export function isTyping(target) {
  if (target === null) return false;
  if (target.isContentEditable === true) return true;
  const tag = target.tagName.toLowerCase();
  return tag === "input" || tag === "textarea" || tag === "select";
}
