// @ts-check
// The corrections of the present round: a button with what waits for a second person, and the dialog behind it. It reads
// the service's list every few seconds; a correction is proposed by one and confirmed by another, which the service judges.

/** @import { Context } from "./context.js" */
/** @import { View } from "./desk.js" */
/** @import { Corrections, Result, RoundDocument, SessionDocument } from "./types.js" */
import { button, h, setText, show } from "./dom.js";
import { openCorrections } from "./corrections_dialog.js";
import { presentRound } from "./model.js";

const EVERY_MS = 4000;

/** @typedef {{session: SessionDocument, round: RoundDocument, list: Corrections, result: Result|null}} Known */

/** @param {RoundDocument|null} round */
function isCounted(round) {
  return round !== null && (round.phase === "locked" || round.phase === "revealed");
}

/** @param {Context} context */
export function correctionButton(context) {
  const { t, caller } = context;
  const waiting = h("span", { class: "waiting", testid: "proposals", hidden: true });
  /** @type {View|null} */
  let seen = null;
  /** @type {Known|null} */
  let known = null;
  /** @type {ReturnType<typeof openCorrections>|null} */
  let dialog = null;
  let readAt = 0;
  let reading = false;
  let closed = false;

  const root = button({ class: "command correct", testid: "correct", hidden: true }, () => void open(),
    h("span", { class: "command-name", text: t("correct") }), waiting, h("span", { class: "command-note", text: t("correct_note") }));

  /** @param {boolean} whole the result too, for the dialog */
  async function read(whole) {
    const round = seen === null ? null : presentRound(seen.session);
    if (reading || closed || seen === null || round === null) return;
    reading = true;
    readAt = Date.now();
    const { session } = seen;
    const path = `/sessions/${session.code}/rounds/${round.number}`;
    const [answer, result] = await Promise.all([caller.read(`${path}/corrections`), whole ? caller.read(`${path}/result`) : null]);
    reading = false;
    if (closed || !answer.ok) return; // The banner says when the line is down; the next reading mends it.
    known = { session, round, list: answer.body, result: result?.ok ? result.body : null };
    draw();
  }

  function draw() {
    const count = known?.list.proposals.length ?? 0;
    show(waiting, count > 0);
    setText(waiting, t("correct_waiting", { n: count }));
    if (known !== null) dialog?.update(known);
  }

  async function open() {
    await read(true);
    if (known === null || closed || dialog !== null) return;
    dialog = openCorrections(context, known, { reread: () => read(true), closed: () => { dialog = null; } });
  }

  return {
    root,
    /** @param {View} view */
    update(view) {
      seen = view;
      const round = presentRound(view.session);
      show(root, isCounted(round));
      if (known !== null && (known.round.number !== round?.number || known.round.run !== round.run)) {
        known = null;
        dialog?.close();
        draw();
      }
      if (isCounted(round) && !view.away && !document.hidden && Date.now() - readAt >= EVERY_MS) void read(dialog !== null);
    },
    close() {
      closed = true;
      dialog?.close();
    },
  };
}
