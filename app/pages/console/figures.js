// @ts-check
// The present round's live figures: phase, clock, a column for each side (or a row for each of many), the middle bar.
// What the public may not see yet is framed and said to be so.

/** @import { Context } from "./context.js" */
/** @import { View } from "./desk.js" */
/** @import { Figure } from "./model.js" */
import { countdownText } from "../lib/format.js";
import { wordFor } from "./context.js";
import { h, keyed, setAttribute, setText, show } from "./dom.js";
import { figures, PHASE_MARKS, presentRound, roundClock } from "./model.js";
import { perSecond } from "./rate.js";

/** @param {Context} context */
export function figuresPanel(context) {
  const { t } = context;
  const phase = h("span", { class: "phase big", testid: "phase", role: "status" });
  const title = h("h2", { class: "round-title" });
  const question = h("p", { class: "question" });
  const clock = h("div", { class: "round-clock" }, h("span", { class: "label" }), h("span", { class: "digits", testid: "round-clock" }));
  const seen = h("span", { class: "seen", testid: "visibility" });
  const standing = h("span", { class: "seen standing", testid: "deciding" });
  const sides = h("div", { class: "sides" });
  const bar = h("div", { class: "pk-bar", "aria-hidden": "true" }, h("span", { class: "pk-red" }), h("span", { class: "pk-blue" }));
  const totals = totalsRow(t);
  const root = h("div", { class: "panel figures" },
    h("div", { class: "figures-head" }, h("div", { class: "round-id" }, phase, title, question), clock),
    h("div", { class: "row spread" }, h("span", { class: "row" }, seen, standing), totals.root), sides, bar);
  return {
    root,
    /** @param {View} view */
    update(view) {
      const round = presentRound(view.session);
      const shown = figures(view.session, view.live.tally);
      show(root, round !== null);
      if (round === null) return;
      setText(phase, `${PHASE_MARKS[round.phase]} ${wordFor(t, `phase_${round.phase}`)}`);
      setAttribute(phase, "data-phase", round.phase);
      const run = round.run > 1 ? ` · ${t("run_n", { n: round.run })}` : "";
      setText(title, `${t("next_round", { n: round.number })}  ${round.title}${run}`);
      setText(question, round.phase === "void" ? round.void_reason ?? "" : round.question);
      drawClock(clock, view, t);
      show(seen, round.phase !== "draft");
      setText(seen, shown.sealed ? `▣ ${t("sealed_now")}` : shown.hidden ? `◪ ${t("hidden")}` : `◉ ${t("public_sees")}`);
      const how = [t(view.session.deciding ? "deciding" : "not_deciding"), shown.scored ? t("by_score") : "", shown.corrected ? t("corrected") : ""];
      setText(standing, how.filter((part) => part !== "").join(" · "));
      root.classList.toggle("is-hidden", shown.hidden);
      const pk = view.session.kind === "pk" && shown.rows.length === 2;
      setAttribute(sides, "class", pk ? "sides pk" : "sides many");
      // Many rows scroll in their place, and a keyboard must be able to scroll them.
      setAttribute(sides, "tabindex", pk ? null : "0");
      setAttribute(sides, "role", pk ? null : "group");
      setAttribute(sides, "aria-label", pk ? null : t("present_round"));
      keyed(sides, shown.rows, (row) => row.key, (row) => side(row, t), (node, row) => updateSide(node, row, t));
      show(bar, pk);
      const red = shown.votes ? (shown.scored ? Number(shown.rows[0]?.score) : shown.rows[0]?.pct) ?? 50 : 50;
      /** @type {HTMLElement} */ (bar.children[0]).style.width = `${red}%`;
      totals.update(view, shown);
    },
  };
}

/** @param {Context["t"]} t */
function totalsRow(t) {
  const votes = h("b", { testid: "total-votes" });
  const likes = h("b", { testid: "total-likes" });
  const turnout = h("b", { testid: "turnout" });
  const rate = h("b", { testid: "likes-rate" });
  const held = h("b", { testid: "held" });
  const apart = h("span", { class: "held", hidden: true }, `⚠ ${t("held")} `, held, ` ${t("held_note")}`);
  const root = h("div", { class: "totals" },
    h("span", {}, `${t("turnout")} `, turnout), h("span", {}, `${t("total_votes")} `, votes),
    h("span", {}, `${t("total_likes")} `, likes), h("span", {}, `${t("likes_rate")} `, rate), apart);
  return {
    root,
    /** @param {View} view @param {ReturnType<typeof figures>} shown */
    update(view, shown) {
      setText(votes, figure(shown.votes));
      setText(likes, figure(shown.likes));
      setText(turnout, figure(shown.turnout));
      show(apart, shown.held > 0);
      setText(held, figure(shown.held));
      setText(rate, figure(shown.likes === null ? null : perSecond(view.rate, view.now_ms)));
    },
  };
}

/** @param {HTMLElement} node @param {View} view @param {Context["t"]} t */
function drawClock(node, view, t) {
  const round = presentRound(view.session);
  const { kind, ms } = roundClock(round, view.now_ms);
  const [label, digits] = /** @type {[HTMLElement, HTMLElement]} */ ([...node.children]);
  const byHand = round !== null && round.phase === "draft" && round.duration_ms === null;
  show(node, kind !== "none" || byHand);
  if (kind === "none") {
    setText(label, "");
    setText(digits, byHand ? t("by_hand") : "");
  } else {
    setText(label, t(kind === "held" && round?.phase === "paused" ? "clock_paused" : `clock_${kind}`));
    // Time gone is floored, time left is rounded up: 0:00 left means over.
    setText(digits, countdownText(kind === "elapsed" ? Math.floor(ms / 1000) * 1000 : ms));
  }
  node.classList.toggle("soon", kind === "left" && ms <= 10_000);
  node.classList.toggle("words", kind === "none");
}

/** @param {Figure} row @param {Context["t"]} t */
function side(row, t) {
  const tone = row.key === "red" || row.key === "blue" ? row.key : "other";
  const portrait = h("img", { class: "portrait", alt: "", width: 56, height: 56, hidden: row.portrait === "" });
  return h("div", { class: `side-card ${tone}` },
    h("div", { class: "person-line" }, portrait,
      h("div", {}, h("div", { class: "side-name" }), h("div", { class: "side-org" })), h("span", { class: "leads" })),
    h("div", { class: "side-votes" }, h("span", { class: "digits", testid: `votes-${row.key}` }), h("span", { class: "unit", text: t("votes") }), h("span", { class: "pct" })),
    h("div", { class: "side-likes" }, h("span", { "aria-hidden": "true", text: "♥ " }), h("span", { class: "digits", testid: `likes-${row.key}` }), h("span", { class: "unit", text: t("likes") })));
}

/** @param {HTMLElement} node @param {Figure} row @param {Context["t"]} t */
function updateSide(node, row, t) {
  const find = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (node.querySelector(selector));
  const portrait = find("img.portrait");
  show(portrait, row.portrait !== "");
  if (row.portrait !== "") setAttribute(portrait, "src", row.portrait);
  setText(find(".side-name"), row.name);
  setText(find(".side-org"), row.organisation);
  setText(find(".leads"), row.leads ? `▲ ${t("leads")}` : row.level ? `＝ ${t("tie")}` : "");
  setText(find(".side-votes .digits"), figure(row.votes));
  setText(find(".pct"), row.pct === null ? "" : row.score === "" ? `${row.pct}%` : t("points", { n: row.score }));
  setText(find(".side-likes .digits"), figure(row.likes));
  node.classList.toggle("leading", row.leads);
}

/** @param {number|null} count */
function figure(count) {
  return count === null ? "—" : count.toLocaleString("en-US");
}
