// @ts-check
// The count by channel: a row for each channel and round, with its weight, its share of those who took part as a bar, and
// its votes for each choice. A channel that was voided is struck out, and said in words to count for nothing.

/** @import { Context } from "./context.js" */
/** @import { ReportRound, Tally } from "./types.js" */
import { h } from "../console/dom.js";
import { eachOf } from "./context.js";

/**
 * @param {readonly ReportRound[]} rounds
 * @returns {{round: ReportRound, channel: Tally["channels"][number], share: number}[]} those in which somebody took part
 */
export function channelRows(rounds) {
  return rounds.flatMap((round) => {
    const channels = round.tally?.channels ?? [];
    const whole = channels.reduce((sum, each) => sum + (each.voided ? 0 : each.turnout), 0);
    return channels.filter((each) => each.turnout > 0 || each.weight !== null || each.voided || sum(each.likes) > 0).map((channel) => ({
      round, channel, share: whole === 0 || channel.voided ? 0 : Math.round((channel.turnout * 100) / whole),
    }));
  });
}

/** @param {Record<string, number>} figures */
function sum(figures) {
  return Object.values(figures).reduce((whole, each) => whole + each, 0);
}

/** @param {Context} context */
export function channelsSection({ t, language, report }) {
  const title = h("h2", { id: "channels-title", text: t("channels") });
  const rows = channelRows(report.rounds);
  if (rows.length === 0) {
    return h("section", { "aria-labelledby": "channels-title" }, title, h("p", { class: "hidden-figures", text: t("channels_none") }));
  }
  const weighted = rows.some(({ channel }) => channel.weight !== null);
  const head = [t("round"), t("channel"), ...(weighted ? [t("weight")] : []), t("turnout"), t("share"), t("by_choice"), t("votes"), t("likes")];
  return h("section", { "aria-labelledby": "channels-title" }, title,
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "channels-title" }, h("table", { class: "channels", testid: "channels" },
      h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, ...rows.map(({ round, channel, share }) => {
        const bar = h("span", { class: "bar share" });
        bar.style.width = `${share}%`;
        return h("tr", { class: channel.voided ? "voided" : null, testid: `channel-${round.number}-${channel.key}` },
          h("td", { text: `${round.number} ${round.title}` }),
          h("th", { scope: "row" }, h("span", { class: "struck", text: channel.name || channel.key }), channel.voided ? h("em", { text: t("channel_voided") }) : null),
          weighted ? h("td", { text: channel.weight === null ? t("no_weight") : String(channel.weight) }) : null,
          h("td", { class: "struck", text: channel.turnout.toLocaleString("en-US") }),
          h("td", { class: "share-cell" }, h("span", { text: channel.voided ? "—" : `${share}%` }), h("span", { class: "track", "aria-hidden": "true" }, bar)),
          h("td", { class: "struck", text: eachOf(round.tally?.choices ?? [], channel.votes, language) || "0" }),
          h("td", { class: "struck", text: sum(channel.votes).toLocaleString("en-US") }),
          h("td", { class: "struck", text: sum(channel.likes).toLocaleString("en-US") }));
      })))));
}
