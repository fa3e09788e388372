// @ts-check
// Draws the form of a request and sends it. While an answer is wanting, the fields stand still and the same is sent
// again with its nonce, also after a reload: the service then knows it for the same request. It keeps what was typed in
// this tab alone, and only until there is an answer.

/** @import { Fields, Pending } from "./request.js" */
/** @import { Keeper } from "../lib/storage.js" */
/** @import { OwnVisit } from "./types.js" */
/** @import { Api, SessionDocument } from "../lib/types.js" */
import { h, setOff, setText } from "../console/dom.js";
import { Problem, sessionPath } from "../lib/api.js";
import { bodyOf, isUnheard, readPending, refusalWord, tidy, toSend, wanting } from "./request.js";
import { WORDS } from "./words.js";

/** @typedef {(key: keyof typeof WORDS & string, values?: Record<string, string|number>) => string} Words */

/** A lost line is tried again by itself so often; then who asks decides. */
const TRIES_MAX = 2;
const WORK_MAX = 3;

/**
 * @param {object} given
 * @param {Words} given.t
 * @param {Api} given.api
 * @param {SessionDocument} given.session
 * @param {number|null} given.days
 * @param {Keeper} given.tab holds what was sent and not answered
 * @param {string} given.privacy the address of the privacy page
 * @param {(visit: OwnVisit) => void} given.done
 */
export function visitForm({ t, api, session, days, tab, privacy, done }) {
  const key = `arena.visit.${session.code}`;
  let unheard = readPending(tab.get(key));
  const people = whoFields(t, session);
  const inputs = makeInputs(t);
  const fold = foldOf(t, inputs);
  const said = h("p", { class: "said complaint", role: "alert", testid: "said", id: "said" });
  const go = h("button", { type: "submit", class: "button primary wide", testid: "send" });
  const form = h("form", { novalidate: true, testid: "form" }, people.fieldset,
    ...(/** @type {const} */ (["organisation", "name", "phone"])).map((name) => labelled(t(name), inputs[name], true)),
    fold, h("p", { class: "data", testid: "data" }, days === null ? t("data_plain") : t("data", { days }), " ", h("a", { href: privacy, target: "_blank", rel: "noopener", text: t("privacy") })), said, go);

  /** @param {boolean} still */
  function hold(still) {
    for (const input of Object.values(inputs)) input.readOnly = still;
    people.hold(still);
    setText(go, t(still ? "again" : "send"));
  }

  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    const fields = typed(inputs, people);
    const lack = unheard === null ? wanting(fields) : null;
    if (lack !== null) {
      setText(said, t(lack.word));
      point(inputs, people, fold, lack.field);
      return;
    }
    point(inputs, people, fold, null);
    busy = true;
    setOff(go, true);
    setText(said, "");
    setText(go, t("sending"));
    const pending = toSend(unheard, fields, () => makeNonce());
    tab.set(key, pending);
    try {
      const visit = await ask(api, session.code, pending);
      tab.remove(key);
      done(visit);
      return;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      unheard = isUnheard(error) ? pending : null;
      if (unheard === null) tab.remove(key);
      setText(said, t(refusalWord(error)));
    } finally {
      busy = false;
      setOff(go, false);
      hold(unheard !== null);
    }
  });

  if (unheard !== null) {
    fill(inputs, people, fold, unheard.fields);
    setText(said, t("unheard"));
  }
  hold(unheard !== null);
  return form;
}

/** @typedef {ReturnType<typeof makeInputs>} Inputs */
/** @typedef {ReturnType<typeof whoFields>} Who */

/** @param {Words} t */
function makeInputs(t) {
  return {
    organisation: h("input", { id: "organisation", maxlength: 120, autocomplete: "organization", testid: "organisation" }),
    name: h("input", { id: "name", maxlength: 60, autocomplete: "name", testid: "name" }),
    phone: h("input", { id: "phone", type: "tel", maxlength: 24, autocomplete: "tel", testid: "phone" }),
    district: h("input", { id: "district", maxlength: 60, testid: "district" }),
    topic: h("input", { id: "topic", maxlength: 120, testid: "topic" }),
    wanted: h("input", { id: "wanted", maxlength: 120, placeholder: t("wanted_hint"), testid: "wanted" }),
    people: h("input", { id: "people", inputmode: "numeric", maxlength: 6, testid: "people" }),
    message: h("textarea", { id: "message", maxlength: 500, testid: "message" }),
  };
}

/** What is not needed, folded away. @param {Words} t @param {Inputs} inputs */
function foldOf(t, inputs) {
  const names = /** @type {const} */ (["topic", "wanted", "people", "district", "message"]);
  return h("details", {}, h("summary", { text: t("more") }), h("div", { class: "fold" }, ...names.map((name) => labelled(t(name), inputs[name], false))));
}

/** @param {Inputs} inputs @param {Who} people @returns {Fields} */
function typed(inputs, people) {
  const rest = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value]));
  return tidy(/** @type {Fields} */ ({ ...rest, contestant: people.chosen() }));
}

/** @param {Inputs} inputs @param {Who} people @param {HTMLDetailsElement} fold @param {Fields} fields */
function fill(inputs, people, fold, fields) {
  people.choose(fields.contestant);
  for (const [name, input] of Object.entries(inputs)) input.value = fields[/** @type {keyof Fields} */ (name)];
  if (fields.topic || fields.wanted || fields.people || fields.district || fields.message) fold.open = true;
}

/** Lead to the field that is wanting; null takes every mark away. @param {Inputs} inputs @param {Who} people @param {HTMLDetailsElement} fold @param {keyof Fields|null} field */
function point(inputs, people, fold, field) {
  for (const [name, input] of Object.entries(inputs)) {
    if (name === field) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
  if (field === null) return;
  if (field === "people") fold.open = true;
  if (field === "contestant") people.focus();
  else inputs[field].focus();
}

/** @param {string} text @param {HTMLElement} input @param {boolean} needed */
function labelled(text, input, needed) {
  if (needed) {
    input.setAttribute("required", "");
    input.setAttribute("aria-describedby", "said");
  }
  return h("div", {}, h("label", { for: input.id }, text, needed ? h("span", { class: "needed", "aria-hidden": "true", text: " *" }) : null), input);
}

/** Few are shown as buttons for a thumb, many as a list. @param {Words} t @param {SessionDocument} session */
function whoFields(t, session) {
  const { contestants } = session;
  if (contestants.length > 6) {
    const select = h("select", { id: "who", testid: "who" }, h("option", { value: "", text: "" }),
      ...contestants.map((each) => h("option", { value: each.key, text: [each.name, each.organisation].filter(Boolean).join(" · ") })));
    return {
      fieldset: h("div", {}, h("label", { for: "who", text: t("who") }), select),
      chosen: () => select.value, choose: (/** @type {string} */ key) => void (select.value = key),
      hold: (/** @type {boolean} */ still) => void (select.disabled = still), focus: () => select.focus(),
    };
  }
  const radios = contestants.map((each) => h("input", { type: "radio", name: "contestant", value: each.key, testid: `who-${each.key}` }));
  const fieldset = h("fieldset", {}, h("legend", { text: t("who") }), ...contestants.map((each, index) => h("label", { class: "who" }, radios[index],
    h("span", {}, h("b", { text: each.name }), h("span", { text: [each.organisation, each.title].filter(Boolean).join(" · ") })))));
  const only = radios.length === 1 ? radios[0] : undefined;
  if (only) only.checked = true;
  return {
    fieldset, chosen: () => radios.find((radio) => radio.checked)?.value ?? "",
    choose: (/** @type {string} */ key) => radios.forEach((radio) => (radio.checked = radio.value === key)),
    hold: (/** @type {boolean} */ still) => radios.forEach((radio) => (radio.disabled = still)), focus: () => radios[0]?.focus(),
  };
}

/**
 * Send a request, with work where the service asks for some. Rejects with a `Problem`.
 * @param {Api} api @param {string} code @param {Pending} pending @returns {Promise<OwnVisit>}
 */
async function ask(api, code, pending) {
  /** @type {{challenge: string, solution: string}|null} */
  let work = null;
  for (let asked = 0; ; asked += 1) {
    try {
      return await api.post(`${sessionPath(code)}/visits`, bodyOf(pending, work), { repeatable: true, tries_max: TRIES_MAX });
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "work_required" || asked >= WORK_MAX) throw error;
      const { challenge, bits } = /** @type {any} */ (error.fields);
      // Few are ever asked for work: it is loaded when somebody is.
      work = { challenge, solution: await (await import("../lib/working.js")).doWork(challenge, bits) };
    }
  }
}

/** `crypto.randomUUID` is wanting where the page came without TLS, as in a hall. */
function makeNonce() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
