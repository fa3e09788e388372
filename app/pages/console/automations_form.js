// @ts-check
// The form that adds an automation. Shows only the fields that its trigger and kind need; what is in them and whether it
// can be sent, automations_model.js decides, and the service judges the rest.

/** @import { Context } from "./context.js" */
/** @import { Ways } from "./automations_dialog.js" */
/** @import { Draft } from "./automations_model.js" */
/** @import { Field } from "./fields.js" */
import { fieldsOf, METHODS, newDraft, requestOf, TRIGGERS } from "./automations_model.js";
import { wordFor } from "./context.js";
import { h, setOff, show } from "./dom.js";
import { areaField, choiceField, textField } from "./fields.js";

/** Always there; the others come and go. @type {ReadonlySet<keyof Draft>} */
const ALWAYS = new Set(/** @type {const} */ (["name", "trigger", "kind"]));

/**
 * @param {Context} context
 * @param {Ways} ways
 */
export function automationForm({ t, caller }, ways) {
  let draft = newDraft();
  const fields = automationFields(t, draft, (key, value) => {
    draft = { ...draft, [key]: value };
    arrange();
  });
  const submit = h("button", { type: "submit", class: "primary", testid: "automation-add", text: t("auto_add") });
  const form = h("form", { class: "automation-form", testid: "automation-form" }, h("h3", { text: t("auto_new") }),
    h("div", { class: "grid" }, ...[...fields.values()].map(({ root }) => root)),
    h("p", { class: "note", text: t("auto_hint") }), h("div", { class: "row" }, submit));
  let sending = false;

  function arrange() {
    const wanted = new Set(fieldsOf(draft));
    for (const [key, { root }] of fields) show(root, ALWAYS.has(key) || wanted.has(key));
  }

  function clear() {
    const { name, url, body, host, port, address, args } = newDraft();
    draft = { ...draft, name, url, body, host, port, address, args };
    for (const [key, { input }] of fields) input.value = draft[key];
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return;
    const { request, complaints } = requestOf(draft);
    for (const [key, field] of fields) {
      const complaint = complaints.get(key);
      field.complain(complaint === undefined ? null : t(complaint));
    }
    const [first] = complaints.keys();
    if (first !== undefined) {
      fields.get(first)?.input.focus();
      return;
    }
    sending = true;
    setOff(submit, true);
    const answer = await caller.send("POST", ways.path, request);
    sending = false;
    setOff(submit, false);
    ways.complain(answer.ok ? null : answer.problem);
    if (answer.ok) clear();
    await ways.reread();
  });
  arrange();
  return form;
}

/**
 * @param {Context["t"]} t
 * @param {Draft} draft
 * @param {(key: keyof Draft, value: string) => void} changed
 * @returns {Map<keyof Draft, Field>} in the order of the form
 */
function automationFields(t, draft, changed) {
  /** @type {Map<keyof Draft, Field>} */
  const fields = new Map();
  const options = (/** @type {keyof Draft} */ key) => ({ label: t(/** @type {any} */ (`auto_${key}`)), name: `automation-${key}`, value: draft[key] });
  const text = (/** @type {keyof Draft} */ key, /** @type {{max?: number, inputmode?: string, placeholder?: string}} */ more) =>
    fields.set(key, textField({ ...options(key), ...more }, (value) => changed(key, value)));
  const choice = (/** @type {keyof Draft} */ key, /** @type {(readonly [string, string])[]} */ list) =>
    fields.set(key, choiceField({ ...options(key), options: list }, (value) => changed(key, value)));
  text("name", { max: 60 });
  choice("trigger", TRIGGERS.map((each) => [each, wordFor(t, `trigger_${each}`)]));
  text("every_ms", { max: 7, inputmode: "numeric" });
  text("milestone", { max: 10, inputmode: "numeric", placeholder: "1000" });
  choice("kind", [["http", "HTTP"], ["osc", "OSC"]]);
  choice("method", METHODS.map((each) => [each, each]));
  text("url", { max: 2000, placeholder: "http://192.168.1.20:8088/…" });
  fields.set("body", areaField({ ...options("body"), max: 8000, placeholder: "{\"red\": {{flat.red_votes}}}" }, (value) => changed("body", value)));
  text("host", { max: 253, placeholder: "192.168.1.50" });
  text("port", { max: 5, inputmode: "numeric", placeholder: "7000" });
  text("address", { max: 200, placeholder: "/arena/likes" });
  text("args", { max: 1000, placeholder: "1, {{event.likes}}" });
  for (const key of /** @type {const} */ (["url", "body", "args"])) fields.get(key)?.root.classList.add("whole");
  return fields;
}
