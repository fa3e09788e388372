// @ts-check
// The session's outgoing automations: a button with a badge where one of them does not go, and the dialog behind it. Reads
// the list every few seconds while the page is seen; where the service has none for this role, nothing stands there.

/** @import { Context } from "./context.js" */
/** @import { View } from "./desk.js" */
/** @import { AutomationList } from "./types.js" */
import { openAutomations } from "./automations_dialog.js";
import { badgeText, LIST_MAX } from "./automations_model.js";
import { button, h, setText, show } from "./dom.js";

export const EVERY_MS = 5000;

/** @param {Context} context */
export function automationsButton(context) {
  const { t, caller, can } = context;
  const badge = h("span", { class: "waiting", testid: "automations-badge", hidden: true });
  /** @type {View|null} */
  let seen = null;
  /** @type {AutomationList|null} */
  let known = null;
  /** @type {ReturnType<typeof openAutomations>|null} */
  let dialog = null;
  let readAt = 0;
  let reading = false;
  /** What changed while a reading was under way may not be in it. */
  let again = false;
  let closed = false;

  const root = button({ class: "quiet small automations", testid: "automations", hidden: true }, () => open(), h("span", { text: t("automations") }), badge);

  async function read() {
    if (closed || seen === null) return;
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    do {
      again = false;
      readAt = Date.now();
      const answer = await caller.read(`/sessions/${seen.session.code}/automations`);
      if (closed) return;
      if (answer.ok) {
        known = { automations: answer.body.automations.slice(0, LIST_MAX), targets: answer.body.targets };
      } else if (answer.problem.status === 403 || answer.problem.status === 404) {
        known = null; // An older service, or not this role's: it will not be otherwise in five seconds.
        closed = true;
        dialog?.close();
      } // The banner says when the line is down; the next reading mends it.
    } while (again && !closed);
    reading = false;
    draw();
  }

  function draw() {
    // Who may not edit has nothing to look at until somebody has made one.
    show(root, known !== null && (can.has("edit") || known.automations.length > 0));
    if (known === null || seen === null) return;
    const text = badgeText(known.automations, seen.now_ms, t);
    show(badge, text !== "");
    setText(badge, text);
    dialog?.update(known, seen.now_ms);
  }

  function open() {
    if (known === null || seen === null || closed || dialog !== null) return;
    dialog = openAutomations(context, seen.session.code, { reread: read, closed: () => { dialog = null; } });
    draw();
    void read();
  }

  return {
    root,
    /** @param {View} view */
    update(view) {
      seen = view;
      draw();
      if (!closed && !reading && !view.away && !document.hidden && Date.now() - readAt >= EVERY_MS) void read();
    },
    close() {
      closed = true;
      dialog?.close();
    },
  };
}
