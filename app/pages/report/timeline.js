// @ts-check
// Likes a second as a drawing (SVG made here, from the geometry of chart.js) with a table that says the same.

/** @import { Context } from "./context.js" */
/** @import { Band, Geometry } from "./chart.js" */
import { h } from "../console/dom.js";
import { layOut, tableRows } from "./chart.js";
import { shanghai, sidesOf, toneOf } from "./context.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;
const HEIGHT = 260;
const MARGIN = { top: 34, right: 16, bottom: 30, left: 52 };
/** More sides than this are not drawn: the lines could not be told apart. The table has them all. */
const LINES_MAX = 6;

/**
 * @param {string} tag
 * @param {Record<string, string|number>} attributes
 * @param {...(Node|string)} children
 */
function s(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** @param {Context} context */
export function timelineSection(context) {
  const { t, report } = context;
  const title = h("h2", { id: "timeline-title", text: t("timeline") });
  if (report.timeline.length === 0) {
    return h("section", { "aria-labelledby": "timeline-title", testid: "timeline" }, title, h("p", { class: "hidden-figures", text: t("timeline_none") }));
  }
  const sides = sidesOf(report);
  const geometry = layOut(report.timeline, sides.slice(0, LINES_MAX).map((side) => side.key), bandsOf(context), {
    width: WIDTH - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom, peak_at_ms: report.peaks.likes_at_ms,
  });
  const note = geometry.step_s === 1 ? t("timeline_second") : t("timeline_step", { s: geometry.step_s });
  return h("section", { class: "timeline", "aria-labelledby": "timeline-title", testid: "timeline" }, title,
    legend(context, sides), h("div", { class: "chart", tabindex: "0", role: "group", "aria-label": t("timeline") }, drawing(context, geometry, sides)), h("p", { class: "fine", text: note }), table(context, sides));
}

/** @param {Context} context @returns {Band[]} only rounds whose likes are in the timeline */
function bandsOf({ report }) {
  return report.rounds.flatMap((round) => {
    const seconds = report.timeline.filter((second) => (second.round === undefined
      ? round.opened_at_ms !== null && second.at_ms >= round.opened_at_ms - 1000 && second.at_ms <= (round.locked_at_ms ?? Infinity)
      : second.round === round.number));
    const first = seconds[0];
    const last = seconds[seconds.length - 1];
    return first === undefined || last === undefined ? [] : [{ from_ms: first.at_ms, to_ms: last.at_ms + 1000, number: round.number, title: round.title }];
  });
}

/** @param {Context} _context @param {{key: string, name: string}[]} sides */
function legend(_context, sides) {
  return h("ul", { class: "legend" }, ...sides.slice(0, LINES_MAX).map((side, index) =>
    h("li", {}, h("span", { class: `swatch ${toneOf(side.key, index)}`, "aria-hidden": "true" }), side.name)));
}

/**
 * @param {Context} context
 * @param {Geometry} geometry
 * @param {{key: string, name: string}[]} sides
 */
function drawing({ t, language, report }, geometry, sides) {
  const { peaks } = report;
  const label = t("chart_label", { n: peaks.likes_per_second, t: peaks.likes_at_ms === null ? "—" : shanghai(peaks.likes_at_ms, language, "time") });
  const inner = s("g", { transform: `translate(${MARGIN.left} ${MARGIN.top})` });
  const width = WIDTH - MARGIN.left - MARGIN.right;
  const height = HEIGHT - MARGIN.top - MARGIN.bottom;
  for (const band of geometry.bands) {
    inner.append(s("rect", { class: "band", x: band.x, y: -MARGIN.top + 4, width: band.width, height: height + MARGIN.top - 4 }));
    if (band.width > 40) inner.append(s("text", { class: "band-name", x: band.x + 8, y: -12 }, `${t("round_n", { n: band.number })} ${band.width > 160 ? band.title : ""}`));
  }
  for (const level of geometry.levels) {
    inner.append(s("line", { class: "level", x1: 0, x2: width, y1: level.y, y2: level.y }), s("text", { class: "level-name", x: -8, y: level.y + 5, "text-anchor": "end" }, level.value.toLocaleString("en-US")));
  }
  let clear = -Infinity;
  for (const mark of geometry.marks) {
    inner.append(s("line", { class: "mark", x1: mark.x, x2: mark.x, y1: height, y2: height + 5 }));
    if (mark.x - clear < 76 || mark.x > width - 20) continue;
    clear = mark.x;
    inner.append(s("text", { class: "mark-name", x: mark.x, y: height + 22, "text-anchor": mark.x < 30 ? "start" : "middle" }, shanghai(mark.at_ms, language, mark.at_ms % 60_000 === 0 ? "minute" : "time")));
  }
  for (const x of geometry.breaks) inner.append(s("path", { class: "break", d: `M${x - 5} ${height + 6}l4 -12M${x + 1} ${height + 6}l4 -12` }));
  sides.slice(0, LINES_MAX).forEach((side, index) => {
    for (const d of geometry.lines.get(side.key) ?? []) inner.append(s("path", { class: `line ${toneOf(side.key, index)}`, d, "data-side": side.key }));
  });
  if (geometry.peak !== null) {
    const left = geometry.peak.x > width - 90;
    inner.append(s("circle", { class: "peak", cx: geometry.peak.x, cy: geometry.peak.y, r: 5 }),
      s("text", { class: "peak-name", x: geometry.peak.x + (left ? -9 : 9), y: Math.max(10, geometry.peak.y + 4), "text-anchor": left ? "end" : "start" }, t("peak_mark", { n: peaks.likes_per_second })));
  }
  return s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label }, inner);
}

/**
 * @param {Context} context
 * @param {{key: string, name: string}[]} sides
 */
function table({ t, language, report }, sides) {
  const { step_s, rows } = tableRows(report.timeline, sides.map((side) => side.key));
  const span = step_s < 60 ? t("span_seconds", { n: step_s }) : step_s < 3600 ? t("span_minutes", { n: step_s / 60 }) : t("span_hours", { n: step_s / 3600 });
  const caption = t("table_caption", { s: span });
  const kind = step_s < 60 ? "time" : step_s >= 21_600 ? "full" : "minute";
  return h("details", { class: "data" }, h("summary", { text: t("table") }),
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
      h("table", {}, h("caption", { text: caption }),
        h("thead", {}, h("tr", {}, h("th", { scope: "col", text: t("time") }), ...sides.map((side) => h("th", { scope: "col", text: t("likes_of", { name: side.name }) })), h("th", { scope: "col", text: t("votes") }))),
        h("tbody", {}, ...rows.map((row) => h("tr", {}, h("th", { scope: "row", text: shanghai(row.at_ms, language, kind) }),
          ...row.likes.map((likes) => h("td", { text: likes.toLocaleString("en-US") })), h("td", { text: row.votes.toLocaleString("en-US") })))))));
}
