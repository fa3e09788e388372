// @ts-check
// The audit trail as it happens: newest first, read every two seconds and at once when the tally moves on in phase.

/** @import { Context } from "./context.js" */
/** @import { View } from "./desk.js" */
/** @import { AuditEntry } from "./types.js" */
import { clockText } from "../lib/format.js";
import { auditLine, mergeTrail } from "./audit.js";
import { h, keyed, setText, show } from "./dom.js";

const EVERY_MS = 2000;
const PAGE = 100;

/**
 * @param {Context} context
 * @param {string} code
 */
export function trailPanel({ t, language, caller }, code) {
  const list = h("ol", { class: "trail-list", testid: "audit", tabindex: "0", "aria-label": t("audit") });
  const none = h("p", { class: "plain", text: t("audit_none") });
  const root = h("section", { class: "panel trail", "aria-labelledby": "trail-title" }, h("h2", { id: "trail-title", text: t("audit") }), none, list);
  /** @type {AuditEntry[]} */
  let entries = [];
  let after = 0;
  let reading = false;
  let closed = false;
  let readAt = 0;
  let seen = "";

  async function read() {
    if (reading || closed) return;
    reading = true;
    readAt = Date.now();
    try {
      for (let more = true; more && !closed;) {
        const answer = await caller.read(`/sessions/${code}/audit?after=${after}&limit=${PAGE}`);
        if (!answer.ok) return; // The banner says when the line is down; the next reading goes on from here.
        const came = /** @type {AuditEntry[]} */ (answer.body.entries ?? []);
        entries = mergeTrail(entries, came);
        const newest = came.reduce((most, entry) => Math.max(most, entry.id), after);
        more = came.length === PAGE && newest > after;
        after = newest;
      }
    } finally {
      reading = false;
    }
    draw();
  }

  function draw() {
    show(none, entries.length === 0);
    keyed(list, entries, (entry) => String(entry.id), () => h("li", {},
      h("time", {}), h("span", { class: "what" }), h("span", { class: "who" }), h("span", { class: "more" })), (node, entry) => {
      const line = auditLine(entry, language);
      const [time, what, who, more] = /** @type {HTMLElement[]} */ ([...node.children]);
      if (!time || !what || !who || !more) return;
      setText(time, clockText(entry.at_ms, language, "Asia/Shanghai"));
      setText(what, line.what);
      setText(who, line.who);
      setText(more, line.more);
    });
  }

  return {
    root,
    close() { closed = true; },
    /** @param {View} view */
    update(view) {
      const state = view.session.rounds.map((round) => `${round.run}${round.phase}${round.certified_at_ms}`).join() + view.session.overlay.scene;
      const changed = state !== seen;
      seen = state;
      if (!view.away && !document.hidden && (changed || view.local_ms - readAt >= EVERY_MS)) void read();
    },
  };
}
