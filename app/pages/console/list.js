// @ts-check
// The first screen: the sessions there are, and the form for a new one. It sends exactly one request for each press.

/** @import { Context } from "./context.js" */
/** @import { SessionDraft } from "./drafts.js" */
/** @import { Field } from "./fields.js" */
/** @import { SessionDocument } from "./types.js" */
import { button, h, setOff, show } from "./dom.js";
import { emptyPerson, emptyRound, newDraft, sessionRequest, standardRounds, TOPICS, withExample } from "./drafts.js";
import { checkField, choiceField, textField } from "./fields.js";
import { wordFor } from "./context.js";
import { visitsAddress } from "../lib/ways.js";
import { peopleForm } from "./people_form.js";
import { roundForm } from "./round_form.js";

const PAGE = 50;

/**
 * @typedef {Pick<SessionDocument, "code"|"title"|"number"|"kind"|"created_at_ms"> & {id: number, ended: boolean, rehearsal: boolean, rounds: number}} Summary
 */

/**
 * @param {Context} context
 * @returns {HTMLElement}
 */
export function listScreen(context) {
  const { t, can } = context;
  const rows = h("ul", { class: "sessions", testid: "sessions" });
  const empty = h("p", { class: "plain", role: "status", text: t("loading") });
  const more = button({ class: "quiet", hidden: true, text: t("more_sessions") }, () => void load());
  const place = h("div", { class: "new-place" });
  /** @type {Summary[]} */
  let known = [];
  const start = button({ class: "primary", testid: "new-session", text: t("new_session") }, () => {
    place.replaceChildren(newSessionForm(context, known, () => {
      place.replaceChildren();
      context.say(null);
      show(start, true);
      show(rest, true);
    }));
    show(start, false);
    show(rest, false);
    /** @type {HTMLElement|null} */ (place.querySelector("[data-testid=field-person-0-name]"))?.focus();
  });
  show(start, can.has("edit"));
  const rest = h("div", { class: "list-rest" }, rows, empty, more, codeForm(context));

  async function load() {
    const last = known[known.length - 1];
    const before = last === undefined ? "" : `&before=${last.id}`;
    const answer = await context.caller.read(`/sessions?limit=${PAGE}${before}`);
    if (!answer.ok) {
      empty.textContent = answer.problem.status === 403 ? t("list_not_yours") : "";
      if (answer.problem.status !== 403) context.say(answer.problem);
      return;
    }
    const came = /** @type {Summary[]} */ (answer.body.sessions ?? []);
    known = [...known, ...came];
    rows.append(...came.map((session) => sessionRow(session, context)));
    empty.textContent = t("no_sessions");
    show(empty, known.length === 0);
    show(more, came.length === PAGE);
  }
  void load();

  return h("main", { class: "list-screen" },
    h("div", { class: "list-head" }, h("h1", { text: t("sessions") }),
      can.has("visits") ? h("a", { class: "quiet button", href: visitsAddress(context.language), testid: "to-visits", text: t("visits") }) : null, start),
    place, rest);
}

/**
 * @param {Summary} session
 * @param {Context} context
 */
function sessionRow(session, { t, go, language }) {
  const name = session.title || session.code;
  const made = new Date(session.created_at_ms).toLocaleDateString(language === "zh" ? "zh-CN" : "en-GB", { timeZone: "Asia/Shanghai" });
  return h("li", {}, button({ class: "session-row", testid: `session-${session.code}` }, () => go(session.code),
    h("span", { class: "session-title", text: name }),
    h("span", { class: "session-more", text: [wordFor(t, `kind_${session.kind}`), t("rounds_n", { n: session.rounds }), made].join(" · ") }),
    session.rehearsal ? h("strong", { class: "rehearsal", text: t("rehearsal_mark") }) : null,
    session.ended ? h("span", { class: "chip status-ended", text: t("status_ended") }) : null,
    h("code", { text: session.code })));
}

/** @param {Context} context */
function codeForm({ t, go }) {
  const field = textField({ label: t("code_label"), name: "code", value: "", max: 12 }, () => undefined);
  const form = h("form", { class: "code-form" }, field.root, h("button", { type: "submit", class: "quiet", text: t("go") }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const code = field.input.value.trim().toUpperCase();
    if (/^[A-Z0-9]{4,12}$/u.test(code)) go(code);
    else field.input.focus();
  });
  return form;
}

/**
 * @param {Context} context
 * @param {Summary[]} known
 * @param {() => void} cancel
 * @returns {HTMLElement}
 */
function newSessionForm(context, known, cancel) {
  const { t } = context;
  let draft = newDraft(known);
  const form = h("form", { class: "session-form panel", novalidate: true, "aria-label": t("new_session") });
  /** @type {Map<string, Field>} */
  let fields = new Map();

  function draw() {
    fields = new Map();
    form.replaceChildren(
      h("div", { class: "row presets" },
        button({ class: "quiet", testid: "preset-example", text: t("preset_example") }, () => { draft = withExample(draft); draw(); })),
      sessionFields(draft, context, fields, draw),
      peopleForm(draft, t, fields, draw),
      roundsPart(draft, context, fields, draw),
      h("div", { class: "row end" }, button({ class: "quiet", text: t("cancel") }, cancel), create));
  }

  const create = h("button", { type: "submit", class: "primary big", testid: "create-session", text: t("create_session") });
  let sending = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return;
    const { request, complaints } = sessionRequest(draft);
    if (!complain(fields, complaints, context)) return;
    sending = true;
    setOff(create, true);
    const answer = await context.caller.send("POST", "/sessions", request);
    sending = false;
    setOff(create, false);
    if (answer.ok) context.go(answer.body.code);
    else context.say(answer.problem);
  });
  draw();
  return form;
}

/**
 * Show each complaint at its field and move to the first.
 * @param {Map<string, Field>} fields
 * @param {{field: string, code: string}[]} complaints
 * @param {Context} context
 * @returns {boolean} whether there was nothing to complain of
 */
export function complain(fields, complaints, { t, say }) {
  for (const field of fields.values()) field.complain(null);
  for (const { field, code } of complaints) fields.get(field)?.complain(wordFor(t, `bad_${code}`));
  const first = complaints[0];
  if (first === undefined) {
    say(null);
    return true;
  }
  const input = fields.get(first.field)?.input;
  const fold = input?.closest("details");
  if (fold) fold.open = true;
  input?.focus();
  say({ code: "form", title: t("please_check", { n: complaints.length }), detail: "", status: 0 });
  return false;
}

/**
 * @param {SessionDraft} draft
 * @param {Context} context
 * @param {Map<string, Field>} fields
 * @param {() => void} draw
 */
function sessionFields(draft, { t }, fields, draw) {
  const title = textField({ label: t("form_title"), name: "title", value: draft.title, max: 120 }, (value) => { draft.title = value; });
  const number = textField({ label: t("form_number"), name: "number", value: draft.number, inputmode: "numeric", max: 6 }, (value) => { draft.number = value; });
  const topic = textField({ label: t("form_topic"), name: "topic", value: draft.topic, list: TOPICS }, (value) => { draft.topic = value; });
  const kind = choiceField({
    label: t("form_kind"), name: "kind", value: draft.kind,
    options: [["pk", t("kind_pk")], ["gala", t("kind_gala")], ["poll", t("kind_poll")]],
  }, (value) => {
    draft.kind = /** @type {SessionDraft["kind"]} */ (value);
    if (draft.kind === "pk") draft.contestants = [...draft.contestants, emptyPerson(), emptyPerson()].slice(0, 2);
    draw();
  });
  const delay = textField({ label: t("form_wechat_delay"), name: "wechat-delay", value: draft.wechat_delay, inputmode: "numeric", max: 4 }, (value) => { draft.wechat_delay = value; });
  const deciding = checkField({ label: t("form_deciding"), name: "deciding", value: draft.deciding }, (value) => { draft.deciding = value; });
  fields.set("title", title).set("number", number).set("topic", topic).set("wechat-delay", delay);
  return h("section", { class: "form-part" }, h("div", { class: "grid wide" }, title.root, number.root, topic.root, kind.root, delay.root), deciding);
}

/**
 * @param {SessionDraft} draft
 * @param {Context} context
 * @param {Map<string, Field>} fields
 * @param {() => void} draw
 */
function roundsPart(draft, { t }, fields, draw) {
  const add = button({ class: "quiet", testid: "add-round", text: t("add_round") }, () => {
    draft.rounds.push(emptyRound());
    draw();
  });
  const preset = button({ class: "quiet", testid: "preset-rounds", text: t("preset_rounds") }, () => {
    draft.rounds = standardRounds();
    draw();
  });
  const parts = draft.rounds.map((round, index) => {
    const last = index === draft.rounds.length - 1 && draft.rounds.length > 1;
    const remove = button({ class: "quiet small", text: t("remove_round") }, () => { draft.rounds.splice(index, 1); draw(); });
    return roundForm(round, index, t, fields, last ? [remove] : []);
  });
  return h("section", { class: "form-part" }, h("h2", { text: t("form_rounds") }), h("div", { class: "round-forms" }, ...parts),
    h("div", { class: "row" }, add, preset));
}
