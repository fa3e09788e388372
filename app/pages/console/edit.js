// @ts-check
// The edit screen of a session: its title and number at any time, its contestants until a round has opened, each round
// while it is a draft. Each part saves by itself. What somebody is typing is never redrawn under the fingers.

/** @import { Context } from "./context.js" */
/** @import { Actions, View } from "./desk.js" */
/** @import { RoundDraft } from "./drafts.js" */
/** @import { Field } from "./fields.js" */
/** @import { RoundDocument, SessionDocument } from "./types.js" */
import { button, h, setText, show } from "./dom.js";
import { channelDrafts, channelsRequest } from "./channel_drafts.js";
import { channelsForm } from "./channels_form.js";
import { draftOf, emptyRound, peopleRequest, roundDraftOf, roundRequest, TOPICS } from "./drafts.js";
import { textField } from "./fields.js";
import { complain } from "./list.js";
import { contestantsEditable } from "./model.js";
import { peopleForm } from "./people_form.js";
import { roundForm } from "./round_form.js";

/**
 * @param {Context} context
 * @param {SessionDocument} session
 * @param {Actions} actions
 */
export function editPanel(context, session, actions) {
  const root = h("div", { class: "edit" });
  /** What decides which parts are frozen; the screen is drawn anew only when that changes. */
  const shape = (/** @type {SessionDocument} */ of) => of.rounds.map((round) => `${round.number}/${round.run}/${round.phase}`).join() + of.status;
  let drawn = "";
  /** @param {SessionDocument} of */
  function draw(of) {
    drawn = shape(of);
    root.replaceChildren(detailsPart(context, of, actions), peoplePart(context, of, actions), channelsPart(context, of, actions), roundsPart(context, of, actions));
  }
  draw(session);
  return {
    root,
    /** @param {View} view */
    update(view) {
      const unsaved = root.querySelector("form[data-unsaved]") !== null;
      if (shape(view.session) !== drawn && !unsaved) draw(view.session);
    },
    close() {},
  };
}

/**
 * A form whose submit sends one request and takes the session document that comes back.
 * @param {Context} context
 * @param {Actions} actions
 * @param {{title: string, body: HTMLElement[], fields: Map<string, Field>, ask: () => {method: "POST"|"PATCH", path: string, request: unknown, complaints: {field: string, code: string}[]}, tail?: HTMLElement[], testid: string}} options
 */
function savingForm(context, actions, { title, body, fields, ask, tail = [], testid }) {
  const note = h("span", { class: "note", role: "status" });
  const form = h("form", { class: "panel session-form", novalidate: true, "aria-label": title }, ...body,
    h("div", { class: "row spread" }, ...tail, h("span", { class: "row end" }, note, h("button", { type: "submit", class: "primary", testid, text: context.t("save") }))));
  for (const name of ["input", "change"]) {
    form.addEventListener(name, () => {
      form.dataset["unsaved"] = "true";
      setText(note, "");
    });
  }
  let sending = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { method, path, request, complaints } = ask();
    if (sending || !complain(fields, complaints, context)) return;
    sending = true;
    const answer = await context.caller.send(method, path, request);
    sending = false;
    context.say(answer.ok ? null : answer.problem);
    setText(note, answer.ok ? context.t("saved") : "");
    if (!answer.ok) return;
    delete form.dataset["unsaved"];
    // Some answers hold the session, some only what was made: read it to be sure.
    if (answer.body?.rounds && answer.body?.contestants) actions.adopt(answer.body);
    else await actions.reread();
  });
  return form;
}

/** @param {Context} context @param {SessionDocument} session @param {Actions} actions */
function detailsPart(context, session, actions) {
  const { t, caller, say } = context;
  const draft = draftOf(session);
  /** @type {Map<string, Field>} */
  const fields = new Map();
  fields.set("title", textField({ label: t("form_title"), name: "title", value: draft.title, max: 120 }, (value) => { draft.title = value; }));
  fields.set("number", textField({ label: t("form_number"), name: "number", value: draft.number, inputmode: "numeric", max: 6 }, (value) => { draft.number = value; }));
  fields.set("topic", textField({ label: t("form_topic"), name: "topic", value: draft.topic, list: TOPICS }, (value) => { draft.topic = value; }));
  const over = session.status === "ended";
  let armed = 0;
  const end = button({ class: over ? "quiet" : "danger", testid: "end-session", text: t(over ? "reopen_session" : "end_session") }, async () => {
    if (!over && Date.now() - armed > 3000) {
      armed = Date.now();
      setText(end, t("press_again"));
      setTimeout(() => setText(end, t("end_session")), 3000);
      return;
    }
    const answer = await caller.send("PATCH", `/sessions/${session.code}`, { status: over ? "live" : "ended" });
    say(answer.ok ? null : answer.problem);
    if (answer.ok) actions.adopt(answer.body);
  });
  return savingForm(context, actions, {
    title: t("form_title"), testid: "save-session", fields,
    body: [h("div", { class: "grid wide" }, ...[...fields.values()].map((field) => field.root))], tail: [end],
    ask: () => ({
      method: "PATCH", path: `/sessions/${session.code}`,
      request: { title: draft.title.trim(), topic: draft.topic.trim(), ...(draft.number.trim() === "" ? {} : { number: Number(draft.number) }) },
      complaints: [
        ...(draft.title.trim() === "" ? [{ field: "title", code: "needed" }] : []),
        ...(draft.number.trim() === "" || /^[1-9]\d{0,4}$/u.test(draft.number.trim()) ? [] : [{ field: "number", code: "number" }]),
      ],
    }),
  });
}

/** @param {Context} context @param {SessionDocument} session @param {Actions} actions */
function peoplePart(context, session, actions) {
  const { t } = context;
  if (!contestantsEditable(session)) {
    const names = session.contestants.map((person) => h("li", { text: [person.name, person.title, person.organisation].filter((part) => part !== "").join(" · ") }));
    return h("section", { class: "panel" }, h("h2", { text: t("form_contestants") }), h("ul", { class: "names" }, ...names), h("p", { class: "note", text: t("frozen_people") }));
  }
  const draft = draftOf(session);
  /** @type {Map<string, Field>} */
  const fields = new Map();
  const place = h("div");
  const draw = () => {
    fields.clear();
    place.replaceChildren(peopleForm(draft, t, fields, draw));
  };
  draw();
  return savingForm(context, actions, {
    title: t("form_contestants"), testid: "save-people", fields, body: [place],
    ask: () => {
      const { request, complaints } = peopleRequest(draft.contestants, draft.kind);
      return { method: "PATCH", path: `/sessions/${session.code}`, request: { contestants: request }, complaints };
    },
  });
}

/** @param {Context} context @param {SessionDocument} session @param {Actions} actions */
function channelsPart(context, session, actions) {
  const { t } = context;
  if (!contestantsEditable(session)) {
    const lines = session.channels.map(({ name, key, weight, identity }) =>
      h("li", { text: [name || key, weight === null ? "" : t("channel_weight_n", { n: weight }), t(`identity_${identity}`)].filter((part) => part !== "").join(" · ") }));
    return h("section", { class: "panel" }, h("h2", { text: t("form_channels") }), h("ul", { class: "names" }, ...lines), h("p", { class: "note", text: t("frozen_channels") }));
  }
  const drafts = channelDrafts(session.channels);
  /** @type {Map<string, Field>} */
  const fields = new Map();
  const place = h("div");
  const draw = () => {
    fields.clear();
    place.replaceChildren(channelsForm(drafts, t, fields, draw));
  };
  draw();
  return savingForm(context, actions, {
    title: t("form_channels"), testid: "save-channels", fields, body: [place],
    ask: () => {
      const { request, complaints } = channelsRequest(drafts);
      return { method: "PATCH", path: `/sessions/${session.code}`, request: { channels: request }, complaints };
    },
  });
}

/** @param {Context} context @param {SessionDocument} session @param {Actions} actions */
function roundsPart(context, session, actions) {
  const { t } = context;
  const parts = session.rounds.map((round, index) => roundPart(context, session, round, index, actions));
  const place = h("div");
  const add = button({ class: "quiet", testid: "add-round", text: t("add_round") }, () => {
    show(add, false);
    const index = session.rounds.length;
    place.replaceChildren(oneRound(context, actions, emptyRound(), index, { method: "POST", path: `/sessions/${session.code}/rounds` }, []));
    place.querySelector("input")?.focus();
  });
  show(add, session.status !== "ended");
  return h("section", { class: "rounds-part" }, h("h2", { text: t("form_rounds") }), ...parts, place, add);
}

/**
 * @param {Context} context
 * @param {SessionDocument} session
 * @param {RoundDocument} round
 * @param {number} index
 * @param {Actions} actions
 */
function roundPart(context, session, round, index, actions) {
  const { t, caller, say } = context;
  if (round.phase !== "draft" || round.run > 1) {
    return h("section", { class: "panel frozen" }, h("h3", { text: `${t("next_round", { n: round.number })} ${round.title}` }), h("p", { class: "note", text: t("frozen_round") }));
  }
  const path = `/sessions/${session.code}/rounds/${round.number}`;
  const last = index === session.rounds.length - 1 && index > 0;
  const remove = last ? [button({ class: "quiet small", testid: "remove-round", text: t("remove_round") }, async () => {
    const answer = await caller.send("DELETE", path);
    say(answer.ok ? null : answer.problem);
    await actions.reread();
  })] : [];
  return oneRound(context, actions, roundDraftOf(round), index, { method: "PATCH", path }, remove);
}

/**
 * @param {Context} context
 * @param {Actions} actions
 * @param {RoundDraft} draft
 * @param {number} index
 * @param {{method: "POST"|"PATCH", path: string}} way
 * @param {HTMLElement[]} tail
 */
function oneRound(context, actions, draft, index, { method, path }, tail) {
  /** @type {Map<string, Field>} */
  const fields = new Map();
  return savingForm(context, actions, {
    title: context.t("next_round", { n: index + 1 }), testid: `save-round-${index + 1}`, fields,
    body: [roundForm(draft, index, context.t, fields, tail)],
    ask: () => ({ method, path, ...roundRequest(draft, index) }),
  });
}
