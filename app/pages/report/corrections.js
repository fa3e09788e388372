// @ts-check
// What was corrected after the lock, by whom and why, with both totals side by side. It compares what the service says
// and computes nothing.

/** @import { Context } from "./context.js" */
/** @import { Correction, ReportRound, Result, Tally } from "./types.js" */
import { h } from "../console/dom.js";
import { shanghai } from "./context.js";
import { WORDS } from "./words.js";

/**
 * @param {Context} context
 * @param {ReportRound} round
 * @param {Result} result
 * @returns {HTMLElement[]} nothing where nothing was corrected
 */
export function correctionParts(context, round, result) {
  const { t } = context;
  const corrections = result.corrections ?? [];
  const before = result.at_lock ?? null;
  if (corrections.length === 0) return [];
  return [
    h("div", { class: "corrections", testid: `round-${round.number}-corrections` },
      h("h4", { text: t("corrections") }),
      h("ol", {}, ...corrections.map((each) => line(context, round, each))),
      before === null || round.tally === null ? null : totals(context, before, round.tally)),
  ];
}

/** @param {Context} context @param {ReportRound} round @param {Correction} correction */
function line({ t, language }, round, { kind, subject, reason, digest, ...by }) {
  const people = t("correction_people", {
    a: by.proposed_by, x: shanghai(by.proposed_at_ms, language, "time"), b: by.confirmed_by, y: shanghai(by.confirmed_at_ms, language, "time"),
  });
  return h("li", {},
    h("strong", { text: t(kind === "void_channel" ? "correction_void_channel" : "correction_release_held", { subject: subjectName(t, round, kind, subject) }) }),
    ` ${reason}`, h("span", { class: "fine", text: people }), h("code", { text: digest }));
}

/**
 * @param {Context["t"]} t
 * @param {ReportRound} round
 * @param {Correction["kind"]} kind
 * @param {string} subject
 */
function subjectName(t, round, kind, subject) {
  if (kind === "void_channel") return round.tally?.channels.find(({ key }) => key === subject)?.name || subject;
  const key = `rule_${subject}`;
  return key in WORDS ? t(/** @type {keyof typeof WORDS} */ (key)) : subject;
}

/** @param {Context} context @param {Tally} before @param {Tally} after */
function totals({ t }, before, after) {
  const was = new Map(before.choices.map((choice) => [choice.key, choice]));
  const figure = (/** @type {Tally} */ tally, /** @type {Tally["choices"][number]|undefined} */ choice) =>
    choice === undefined ? "" : `${choice.votes.toLocaleString("en-US")}${tally.by === "score" ? `（${choice.score_text}）` : ""}`;
  return h("div", { class: "scroll" }, h("table", { class: "both-totals", testid: "both-totals" },
    h("caption", { text: t("both_totals") }),
    h("thead", {}, h("tr", {}, ...[t("choice"), t("at_lock"), t("after_correction")].map((text) => h("th", { scope: "col", text })))),
    h("tbody", {}, ...after.choices.map((choice) => h("tr", {}, h("th", { scope: "row", text: choice.name }),
      h("td", { text: figure(before, was.get(choice.key)) }), h("td", { text: figure(after, choice) }))),
    h("tr", {}, h("th", { scope: "row", text: t("votes") }), h("td", { text: before.votes.toLocaleString("en-US") }), h("td", { text: after.votes.toLocaleString("en-US") })))));
}
