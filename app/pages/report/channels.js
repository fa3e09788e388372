// @ts-check
// Turnout by channel: a row for each channel and round, with its share as a bar.

/** @import { Context } from "./context.js" */
import { h } from "../console/dom.js";

const NAMES = new Map([["web", "网页"], ["wechat", "微信"], ["radio", "电台"], ["venue", "现场"], ["panel", "评审团"]]);

/** @param {Context} context */
export function channelsSection({ t, language, report }) {
  const title = h("h2", { id: "channels-title", text: t("channels") });
  const rows = report.rounds.flatMap((round) => {
    const channels = Object.entries(round.channels ?? {});
    const whole = channels.reduce((sum, [, each]) => sum + each.turnout, 0);
    return channels.map(([key, each]) => ({ round, key, ...each, share: whole === 0 ? 0 : Math.round((each.turnout * 100) / whole) }));
  });
  if (rows.length === 0) {
    return h("section", { "aria-labelledby": "channels-title" }, title, h("p", { class: "hidden-figures", text: t("channels_none") }));
  }
  const head = [t("round"), t("channel"), t("turnout"), t("share"), t("votes"), t("likes")];
  return h("section", { "aria-labelledby": "channels-title" }, title,
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "channels-title" }, h("table", { class: "channels", testid: "channels" },
      h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, ...rows.map((row) => {
        const bar = h("span", { class: "bar share" });
        bar.style.width = `${row.share}%`;
        return h("tr", {}, h("td", { text: `${row.round.number} ${row.round.title}` }),
          h("th", { scope: "row", text: language === "zh" ? NAMES.get(row.key) ?? row.key : row.key }),
          h("td", { text: row.turnout.toLocaleString("en-US") }),
          h("td", { class: "share-cell" }, h("span", { text: `${row.share}%` }), h("span", { class: "track", "aria-hidden": "true" }, bar)),
          h("td", { text: row.votes.toLocaleString("en-US") }), h("td", { text: row.likes.toLocaleString("en-US") }));
      })))));
}
