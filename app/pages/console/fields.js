// @ts-check
// Labelled form fields, each with a place for its complaint that assistive tools read with it.

import { h, setAttribute, setText, show } from "./dom.js";

/**
 * @typedef {object} Field
 * @property {HTMLElement} root
 * @property {HTMLInputElement|HTMLSelectElement|HTMLTextAreaElement} input
 * @property {(text: string|null) => void} complain
 */

let serial = 0;

/**
 * @param {string} label
 * @param {HTMLInputElement|HTMLSelectElement|HTMLTextAreaElement} input
 * @param {string} name also the `data-testid`, after `field-`
 * @returns {Field}
 */
function wrap(label, input, name) {
  serial += 1;
  input.id = `field-${serial}`;
  input.name = name;
  input.dataset["testid"] = `field-${name}`;
  const note = h("span", { class: "complaint", id: `note-${serial}`, hidden: true });
  const root = h("div", { class: "field" }, h("label", { for: input.id, text: label }), input, note);
  return {
    root, input,
    complain(text) {
      setText(note, text ?? "");
      show(note, text !== null);
      setAttribute(input, "aria-invalid", text === null ? null : "true");
      setAttribute(input, "aria-describedby", text === null ? null : note.id);
    },
  };
}

/**
 * @param {{label: string, name: string, value: string, list?: readonly string[], placeholder?: string, type?: string, inputmode?: string, max?: number}} options
 * @param {(value: string) => void} changed
 * @returns {Field}
 */
export function textField({ label, name, value, list, placeholder, type = "text", inputmode, max = 200 }, changed) {
  const input = h("input", { type, placeholder, inputmode, maxlength: max, autocomplete: "off", spellcheck: "false" });
  input.value = value;
  input.addEventListener("input", () => changed(input.value));
  const field = wrap(label, input, name);
  if (list !== undefined) {
    const id = `${input.id}-list`;
    input.setAttribute("list", id);
    field.root.append(h("datalist", { id }, ...list.map((item) => h("option", { value: item }))));
  }
  return field;
}

/**
 * @param {{label: string, name: string, value: string, placeholder?: string, max: number, rows?: number}} options
 * @param {(value: string) => void} changed
 * @returns {Field}
 */
export function areaField({ label, name, value, placeholder, max, rows = 3 }, changed) {
  const input = h("textarea", { placeholder, rows, maxlength: max, autocomplete: "off", spellcheck: "false" });
  input.value = value;
  input.addEventListener("input", () => changed(input.value));
  return wrap(label, input, name);
}

/**
 * @param {{label: string, name: string, value: string, options: readonly (readonly [string, string])[]}} options
 * @param {(value: string) => void} changed
 * @returns {Field}
 */
export function choiceField({ label, name, value, options }, changed) {
  const input = h("select", {}, ...options.map(([key, text]) => h("option", { value: key, text })));
  input.value = value;
  input.addEventListener("change", () => changed(input.value));
  return wrap(label, input, name);
}

/**
 * @param {{label: string, name: string, value: boolean}} options
 * @param {(value: boolean) => void} changed
 * @returns {HTMLElement}
 */
export function checkField({ label, name, value }, changed) {
  const input = h("input", { type: "checkbox", name, testid: `field-${name}` });
  input.checked = value;
  input.addEventListener("change", () => changed(input.checked));
  return h("label", { class: "check" }, input, h("span", { text: label }));
}
