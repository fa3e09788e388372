// @ts-check
// Tallies that were made elsewhere, in a section of their own: they are added to nothing.

/** @import { Context } from "./context.js" */
/** @import { ExternalTally } from "./types.js" */
import { h } from "../console/dom.js";
import { eachOf, shanghai, sidesOf } from "./context.js";

/** @param {Context} context @returns {HTMLElement|null} null where none was brought in */
export function externalSection(context) {
  const { t, external } = context;
  if (external.length === 0) return null;
  const head = [t("source"), t("round"), t("taken_at"), t("figures"), t("evidence")];
  return h("section", { class: "external", "aria-labelledby": "external-title", testid: "external" },
    h("h2", { id: "external-title", text: t("external") }), h("p", { class: "fine", text: t("external_more") }),
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "external-title" }, h("table", { class: "words" },
      h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, ...external.map((tally) => row(context, tally))))));
}

/** @param {Context} context @param {ExternalTally} tally */
function row({ t, language, report }, tally) {
  const round = report.rounds.find(({ number }) => number === tally.round);
  const unit = tally.unit === "likes" ? t("unit_likes") : tally.unit === "votes" ? t("unit_votes") : tally.unit;
  const known = [...sidesOf(report), ...Object.keys(tally.figures).map((key) => ({ key, name: key }))];
  const named = known.filter(({ key }, index) => known.findIndex((other) => other.key === key) === index);
  return h("tr", {}, h("th", { scope: "row", text: tally.name || tally.source }),
    h("td", { text: round === undefined ? t("whole_session") : t("round_n", { n: round.number }) }),
    h("td", { text: shanghai(tally.taken_at_ms, language, "full") }),
    h("td", { text: `${eachOf(named, tally.figures, language)} ${unit}` }),
    h("td", {}, ...evidence(tally)));
}

/** @param {ExternalTally} tally */
function evidence({ evidence: { text, sha256, url } }) {
  // What somebody typed as an address is followed only where it is one.
  const link = /^https?:\/\//iu.test(url) ? h("a", { href: url, rel: "noopener noreferrer nofollow", text: text || url }) : h("span", { text });
  return [link, sha256 === "" ? null : h("code", { title: sha256, text: sha256.slice(0, 16) })].filter((part) => part !== null);
}
