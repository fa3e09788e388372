// @ts-check
// The result of each round as bars with their figures in words; what may not be shown yet is said so.

/** @import { Context } from "./context.js" */
/** @import { ReportRound, Result, Tally } from "./types.js" */
import { h } from "../console/dom.js";
import { correctionParts } from "./corrections.js";
import { eachOf, phaseWord, shanghai, toneOf, weightOf } from "./context.js";

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
      h("span", { class: `state ${round.phase}`, text: phaseWord(t, round.phase) + (round.tally?.corrections ? ` · ${t("corrected")}` : "") })),
    round.tally === null ? h("p", { class: "hidden-figures", text: t(whyHidden(round)) }) : bars(context, round, round.tally),
    round.tally === null ? null : asides(context, round.tally),
    h("p", { class: "fine", text: facts(context, round, result) }),
    ...(result === null ? [] : correctionParts(context, round, result)),
    ...(result === null ? [] : seals(context, result)),
    result === null || result.history.length === 0 ? null : history(context, result));
}

/** @param {ReportRound} round @returns {"not_opened"|"sealed"|"not_visible"} */
function whyHidden(round) {
  if (round.phase === "draft") return "not_opened";
  return round.sealed && (round.certified_at_ms ?? null) === null && round.phase !== "void" ? "sealed" : "not_visible";
}

/** What stands under the bars: how the lead is found, what is held apart. @param {Context} context @param {Tally} tally */
function asides({ t, language, report }, tally) {
  const parts = tally.by === "score" ? [t(report.session.deciding ? "by_score" : "by_score_popularity")] : [];
  if (tally.held.ballots > 0) {
    const list = eachOf(tally.choices, tally.held.votes, language);
    parts.push(t("held_n", { n: tally.held.ballots.toLocaleString("en-US") }) + (list === "" ? "" : language === "zh" ? `：${list}` : `: ${list}`));
  }
  return parts.length === 0 ? null : h("ul", { class: "asides", testid: "asides" }, ...parts.map((text) => h("li", { text })));
}

/** What a result can be held to. @param {Context} context @param {Result} result */
function seals({ t }, result) {
  const rows = /** @type {const} */ ([["digest", result.digest], ["signature", result.signature], ["key", result.key]]);
  return rows.flatMap(([name, value]) => (value ? [h("p", { class: "fine digest", testid: name }, `${t(name)} `, h("code", { text: value }))] : []));
}

/**
 * The word beside a name. Nobody is said to have won where the votes do not decide.
 * @param {Context} context @param {ReportRound} round @param {Tally} tally @param {Tally["choices"][number]} choice @param {number} most
 */
function markOf({ t, report }, round, tally, choice, most) {
  const { deciding } = report.session;
  if (tally.tie) return weightOf(tally, choice) === most ? t(deciding ? "tie" : "level") : "";
  if (tally.leader !== choice.key) return "";
  const done = round.phase === "revealed" || round.phase === "locked";
  return t(!deciding ? "favoured" : done ? "winner" : "leads");
}

/**
 * @param {Context} context
 * @param {ReportRound} round
 * @param {Tally} tally
 */
function bars(context, round, tally) {
  const { t } = context;
  const most = Math.max(1, ...tally.choices.map((choice) => weightOf(tally, choice)));
  const sorted = tally.choices.length > 2 ? [...tally.choices].sort((a, b) => weightOf(tally, b) - weightOf(tally, a)) : tally.choices;
  return h("ul", { class: "bars" }, ...sorted.map((choice) => {
    const bar = h("span", { class: `bar ${toneOf(choice.key, tally.choices.indexOf(choice))}` });
    bar.style.width = `${(weightOf(tally, choice) / most) * 100}%`;
    const mark = markOf(context, round, tally, choice, most);
    return h("li", {},
      h("span", { class: "name" }, choice.name, mark === "" ? null : h("em", { text: mark })),
      h("span", { class: "track", "aria-hidden": "true" }, bar),
      h("span", { class: "figures-line" }, h("b", { text: tally.by === "score" ? t("points_n", { n: choice.score_text }) : `${choice.pct}%` }), ` ${t("votes_n", { n: choice.votes.toLocaleString("en-US") })} `,
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
