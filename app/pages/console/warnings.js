// @ts-check
// What the service warns of: what happened, and what to do, in the reader's language. The service's own sentence stands
// in for a kind that this page does not know yet.

/** @import { Context } from "./context.js" */
/** @import { Actions, View } from "./desk.js" */
/** @import { DeskWarning } from "../lib/types.js" */
import { h, keyed, setAttribute, setText, show } from "./dom.js";

/** @type {ReadonlyMap<string, readonly [zh: string, en: string]>} */
const SENTENCES = new Map([
  ["overlay_silent", ["图文「{name}」在播出中没有应答：看它的画面，重新载入或切走。", "{name} has gone silent while on air: look at its source, reload it or cut away."]],
  ["overlay_late", ["图文「{name}」显示的数据落后：查它的网络，重新载入。", "{name} shows an older tally: look at its network, reload it."]],
  ["overlay_slow", ["图文「{name}」帧率过低：减轻那台机器的负担，或重新载入。", "{name} draws too few frames: free its machine, or reload it."]],
  ["channel_silent", ["渠道「{name}」没有动静，而别的还在投：用该渠道的手机打开页面看看。", "The channel {name} is silent while others go on: open its page on a phone."]],
  ["likes_above", ["点赞速度远高于前一分钟：先查是否刷量，再在节目里提。", "Likes come far faster than before: look for a script before you speak of them."]],
  ["likes_below", ["点赞速度远低于前一分钟：用手机打开页面看是否正常。", "Likes come far slower than before: open the page on a phone."]],
  ["likes_impossible", ["点赞快过在线手机的手速：先查是否刷量，再在节目里提。", "Likes come faster than the phones on line could tap: look for a script first."]],
  ["disk_filling", ["磁盘快满了：马上清理，否则将拒绝投票。", "The disk is filling: make room now, or votes will be refused."]],
]);

/**
 * @param {DeskWarning} warning
 * @param {"zh"|"en"} language
 */
export function warningSentence({ kind, name, subject, sentence }, language) {
  const said = SENTENCES.get(kind)?.[language === "zh" ? 0 : 1];
  return said === undefined ? sentence : said.replace("{name}", name || subject.slice(-6));
}

/** @param {Context} context @param {Actions} _actions */
export function warningsPanel({ t, language }, _actions) {
  const list = h("ul", { class: "warning-list" });
  const root = h("section", { class: "panel warnings", role: "alert", "aria-label": t("warnings"), testid: "warnings", hidden: true }, list);
  return {
    root,
    /** @param {View} view */
    update(view) {
      const warnings = view.live.tally?.staff?.warnings ?? [];
      show(root, warnings.length > 0);
      keyed(list, warnings, (each) => `${each.kind}/${each.subject}`, () => h("li", {}), (node, each) => {
        node.dataset["kind"] = each.kind;
        setAttribute(node, "class", each.level);
        setText(node, `${each.level === "warning" ? "⚠" : "ⓘ"} ${warningSentence(each, language)}`);
      });
    },
  };
}
