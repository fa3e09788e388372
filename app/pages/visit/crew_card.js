// @ts-check
// Draws one request for the crew: who asks for whom, how it stands, and the steps that are allowed, each with its small
// form. It decides nothing: `send` says what came of a step.

/** @import { Language } from "../lib/format.js" */
/** @import { Act } from "./crew_model.js" */
/** @import { Visit } from "./types.js" */
import { button, h, setOff, setText, show } from "../console/dom.js";
import { dayText, sessionText, timeText } from "../season/common.js";
import { actsOf, actWord, bodyOf, DURATION_MIN, toLocal } from "./crew_model.js";
import { WORDS } from "./crew_words.js";

/** @typedef {(key: keyof typeof WORDS & string, values?: Record<string, string|number>) => string} Words */
/** @typedef {{t: Words, language: Language, send: (visit: Visit, act: Act, body: Record<string, unknown>) => Promise<string>, calendar: (visit: Visit) => void}} Desk */

/** @param {Desk} desk @param {Visit} visit */
export function visitCard(desk, visit) {
  const { t, language } = desk;
  /** @param {string} term @param {string|Node|null} text @param {string} [testid] */
  const fact = (term, text, testid) => (text === "" || text === null ? null : h("div", {}, h("dt", { text: term }), h("dd", { testid }, text)));
  const when = visit.starts_at_ms === null ? "" : t("minutes", { time: timeText(visit.starts_at_ms, language), n: visit.duration_min ?? 0 });
  const session = { code: visit.session, number: visit.session_number, title: visit.session_title };
  const phone = visit.phone === "" ? null : h("a", { href: `tel:${visit.phone.replace(/[^0-9+]/gu, "")}`, text: visit.phone });
  return h("article", { class: "visit", testid: `visit-${visit.id}`, "data-state": visit.state },
    h("div", { class: "top" }, h("h2", { class: "plain", text: visit.organisation }), h("span", { class: `tag ${visit.state}`, testid: "state", text: t(`state_${visit.state}`) })),
    h("dl", { class: "facts" },
      fact(t("guest"), visit.contestant.name), fact(t("session"), h("a", { href: `/report/${visit.session}`, text: sessionText(session, language) })),
      fact(t("district"), visit.district), fact(t("contact"), visit.name), fact(t("phone"), phone), fact(t("wanted"), visit.wanted),
      fact(t("people"), visit.people === null ? "" : String(visit.people)), fact(t("topic"), visit.topic),
      fact(t("message"), visit.message), fact(t("starts_at"), when, "starts-at"), fact(t("place"), visit.place),
      fact(t("taught_here"), visit.taught === null ? "" : String(visit.taught), "taught"), fact(t("note"), visit.note), fact(t("reason"), visit.reason),
      fact(t("asked_at"), timeText(visit.asked_at_ms, language)),
      visit.purged_at_ms === null ? fact(t("purge_at"), dayText(visit.purge_at_ms, language)) : null),
    visit.purged_at_ms === null ? null : h("p", { class: "fine", text: t("purged", { day: dayText(visit.purged_at_ms, language) }) }),
    steps(desk, visit));
}

/** @param {Desk} desk @param {Visit} visit */
function steps(desk, visit) {
  const { t } = desk;
  const said = h("p", { class: "complaint", role: "alert", testid: "complaint" });
  const place = h("div", { class: "place-of-form" });
  const buttons = h("div", { class: "row no-print" }, ...actsOf(visit).map((act, index) => button(
    { class: index === 0 && visit.state !== "delivered" ? "button primary" : "button", testid: `act-${act}`, text: t(actWord(act, visit.state)) },
    () => (act === "accept" ? void send(act, {}) : open(act)))),
  visit.starts_at_ms === null || (visit.state !== "scheduled" && visit.state !== "delivered") ? null : button({ class: "button", testid: "one-calendar", text: t("one_calendar") }, () => desk.calendar(visit)));
  let busy = false;

  /** @param {Act} act @param {Record<string, unknown>} body */
  async function send(act, body) {
    if (busy) return;
    busy = true;
    for (const each of buttons.querySelectorAll("button")) setOff(each, true);
    setText(said, await desk.send(visit, act, body));
    busy = false;
    for (const each of buttons.querySelectorAll("button")) setOff(each, false);
  }

  /** @param {Act} act */
  function open(act) {
    setText(said, "");
    const fields = fieldsOf(t, act, visit);
    const close = () => {
      place.replaceChildren();
      show(buttons, true);
    };
    const form = h("form", { class: "act", novalidate: true },
      ...fields.map(({ label, input }) => h("div", {}, h("label", { for: input.id, text: label }), input)),
      h("div", { class: "row" }, h("button", { type: "submit", class: "button primary", testid: "save", text: t("save") }), button({ class: "button", text: t("cancel") }, close)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const answer = bodyOf(act, Object.fromEntries(fields.map(({ name, input }) => [name, input.value])));
      if ("body" in answer) void send(act, answer.body);
      else {
        setText(said, t(answer.word));
        fields.find(({ name }) => name === answer.lack)?.input.focus();
      }
    });
    place.replaceChildren(form);
    show(buttons, false);
    fields[0]?.input.focus();
  }

  return h("div", { class: "steps-of-crew" }, place, said, buttons);
}

/**
 * @param {Words} t @param {Act} act @param {Visit} visit
 * @returns {{name: string, label: string, input: HTMLInputElement}[]}
 */
function fieldsOf(t, act, visit) {
  /** @param {string} name @param {string} label @param {Record<string, string|number>} attributes */
  const field = (name, label, attributes) => ({ name, label, input: h("input", { id: `${name}-${visit.id}`, testid: `field-${name}`, maxlength: 200, ...attributes }) });
  const note = field("note", t("field_note"), { value: visit.note });
  switch (act) {
    case "accept":
      return [];
    case "decline":
      return [field("reason", t("field_reason"), {})];
    case "schedule":
      return [
        field("starts", t("field_starts"), { type: "datetime-local", value: visit.starts_at_ms === null ? "" : toLocal(visit.starts_at_ms) }),
        field("duration", t("field_duration"), { type: "number", inputmode: "numeric", min: 15, max: 600, value: visit.duration_min ?? DURATION_MIN }),
        field("place", t("field_place"), { value: visit.place }), note,
      ];
    case "deliver":
      return [field("taught", t("field_taught"), { type: "number", inputmode: "numeric", min: 0, max: 100000, value: visit.taught ?? "" }), note];
    default:
      throw new RangeError(`no such act ${String(act)}`);
  }
}
