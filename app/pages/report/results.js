// @ts-check
// The result of each round as bars with their figures in words; what may not be shown yet is said so.

/** @import { Context } from "./context.js" */
/** @import { ReportRound, Result, Tally } from "./types.js" */
import { h } from "../console/dom.js";
import { phaseWord, shanghai, toneOf } from "./context.js";

/** @param {Context} context */
export function resultsSection(context) {
  const { t, report, results } = context;
  return h("section", { "aria-labelledby": "results-title" },
    h("h2", { id: "results-title", text: t("results") }),
    ...report.rounds.map((round) => roundResult(context, round, results.get(round.number) ?? null)));
}

/**
 * @param {Context} context
 * @param {ReportRound} round
 * @param {Result|null} result
 */
function roundResult(context, round, result) {
  const { t } = context;
  const run = round.run > 1 ? `（${t("run_n", { n: round.run })}）` : "";
  return h("article", { class: "round", testid: `round-${round.number}-result` },
    h("div", { class: "round-head" },
      h("h3", { text: `${t("round_n", { n: round.number })} ${round.title}${run}` }),
      h("span", { class: `state ${round.phase}`, text: phaseWord(t, round.phase) })),
    round.tally === null ? h("p", { class: "hidden-figures", text: t(round.phase === "draft" ? "not_opened" : "not_visible") }) : bars(context, round, round.tally),
    h("p", { class: "fine", text: facts(context, round, result) }),
    result === null ? null : h("p", { class: "fine digest" }, `${t("digest")} `, h("code", { text: result.digest })),
    result === null || result.history.length === 0 ? null : history(context, result));
}

/**
 * @param {Context} context
 * @param {ReportRound} round
 * @param {Tally} tally
 */
function bars({ t }, round, tally) {
  const done = round.phase === "revealed" || round.phase === "locked";
  const most = Math.max(1, ...tally.choices.map((choice) => choice.votes));
  const sorted = tally.choices.length > 2 ? [...tally.choices].sort((a, b) => b.votes - a.votes) : tally.choices;
  return h("ul", { class: "bars" }, ...sorted.map((choice) => {
    const bar = h("span", { class: `bar ${toneOf(choice.key, tally.choices.indexOf(choice))}` });
    bar.style.width = `${(choice.votes / most) * 100}%`;
    const mark = tally.tie ? (choice.votes === most ? t("tie") : "") : tally.leader === choice.key ? t(done ? "winner" : "leads") : "";
    return h("li", {},
      h("span", { class: "name" }, choice.name, mark === "" ? null : h("em", { text: mark })),
      h("span", { class: "track", "aria-hidden": "true" }, bar),
      h("span", { class: "figures-line" }, h("b", { text: `${choice.pct}%` }), ` ${t("votes_n", { n: choice.votes.toLocaleString("en-US") })} `,
        h("span", { class: "likes", text: `♥ ${t("likes_n", { n: choice.likes.toLocaleString("en-US") })}` })));
  }));
}

/**
 * @param {Context} context
 * @param {ReportRound} round
 * @param {Result|null} result
 */
function facts({ t, language }, round, result) {
  const parts = [];
  if (round.tally !== null) parts.push(t("turnout_n", { n: round.tally.turnout.toLocaleString("en-US") }));
  if (result !== null) parts.push(t("ballots_n", { n: result.ballots.toLocaleString("en-US") }));
  if (round.opened_at_ms !== null) {
    const a = shanghai(round.opened_at_ms, language, "time");
    parts.push(round.locked_at_ms === null ? t("opened_only", { a }) : t("opened_locked", { a, b: shanghai(round.locked_at_ms, language, "time") }));
  }
  const certified = result?.certified_at_ms ?? null;
  if (certified !== null) parts.push(t("certified_at", { t: shanghai(certified, language, "time") }));
  return parts.join(" · ");
}

/** @param {Context} context @param {Result} result */
function history({ t }, result) {
  return h("div", { class: "history" }, h("h4", { text: t("history") }), h("ul", {}, ...result.history.map((each) => {
    const line = t("history_line", { n: each.run, phase: phaseWord(t, each.phase) });
    const counts = each.tally === null ? "" : ` — ${each.tally.choices.map((choice) => `${choice.name} ${choice.votes}`).join("，")}`;
    return h("li", { class: "fine", text: `${line}${each.void_reason === null ? "" : `（${each.void_reason}）`}${counts}` });
  })));
}
