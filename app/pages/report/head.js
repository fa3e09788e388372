// @ts-check
// The head of the report, and the peaks with their minute.

/** @import { Context } from "./context.js" */
import { h } from "../console/dom.js";
import { waysName, waysOf } from "../lib/ways.js";
import { shanghai } from "./context.js";

/** @param {Context} context */
export function headSection({ t, language, report, season, staff }) {
  const { session } = report;
  const over = session.status === "ended" || report.rounds.some(({ phase }) => phase === "revealed");
  const ways = season === null ? [] : waysOf(season, { language, over });
  const people = report.contestants.slice(0, 2).map((person) => h("div", { class: `who ${person.key}` },
    person.portrait_url === "" ? null : h("img", { src: person.portrait_url, alt: "", width: 64, height: 64 }),
    h("div", {}, h("strong", { text: person.name }), h("span", { text: [person.title, person.organisation].filter((part) => part !== "").join(" · ") }))));
  return h("header", { class: "head" },
    session.rehearsal ? h("p", { class: "rehearsal", role: "status", testid: "rehearsal", text: t("rehearsal") }) : null,
    h("p", { class: "show", text: [session.show.name, t("report"), session.code].join(" · ") }),
    h("h1", { text: session.title || session.code }),
    session.topic === "" ? null : h("p", { class: "topic", text: session.topic }),
    session.kind === "pk" ? h("div", { class: "people" }, ...people) : null,
    h("p", { class: "deciding", testid: "deciding", text: t(session.deciding ? "deciding" : "not_deciding") }),
    session.status === "ended" ? null : h("p", { class: "notice", text: t("provisional") }),
    staff ? h("p", { class: "notice staff", testid: "staff-view", text: t("staff_view") }) : null,
    ways.length === 0 ? null : h("nav", { class: "ways", "aria-label": waysName(language), testid: "ways" },
      ...ways.map(({ key, href, text }) => h("a", { href, testid: `way-${key}`, text }))),
    h("p", { class: "fine printed", text: t("made_at", { t: shanghai(Date.now(), language, "full") }) }));
}

/** @param {Context} context */
export function peaksSection({ t, language, report }) {
  const { peaks, totals } = report;
  /** @param {string} label @param {string} testid @param {number} value @param {number|null|undefined} at */
  const peak = (label, testid, value, at) => h("div", { class: "figure", testid },
    h("dt", { text: label }),
    h("dd", {}, h("b", { text: value.toLocaleString("en-US") }), " ", at === null || at === undefined ? null : h("span", { class: "minute", text: shanghai(at, language, "minute") })));
  /** @param {string} label @param {number|undefined} value */
  const total = (label, value) => (value === undefined ? null : h("div", { class: "figure" }, h("dt", { text: label }), h("dd", {}, h("b", { text: value.toLocaleString("en-US") }))));
  return h("section", { "aria-labelledby": "peaks-title" },
    h("h2", { id: "peaks-title", text: t("peaks") }),
    h("dl", { class: "figures" },
      peak(t("peak_likes"), "peak-likes", peaks.likes_per_second, peaks.likes_at_ms),
      peaks.votes_per_second === undefined ? null : peak(t("peak_votes"), "peak-votes", peaks.votes_per_second, peaks.votes_at_ms),
      peak(t("peak_online"), "peak-online", peaks.online, peaks.online_at_ms),
      total(t("total_likes"), totals["likes"]), total(t("total_votes"), totals["votes"]), total(t("total_unique"), totals["unique"])));
}
