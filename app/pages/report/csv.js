// @ts-check
// The report as CSV that Excel opens: BOM, CRLF, quoted where needed. Pure.

/** @import { Report } from "./types.js" */

const BOM = "\uFEFF";
// The service's CSV has the same rule: feeds/rows_csv.py.
const FORMULA = /^(?:\s*[=+\-@＝＋－＠]|[\t\r])/u;

/**
 * @param {readonly (readonly (string|number|null)[])[]} rows
 */
export function csv(rows) {
  return BOM + rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/**
 * A text that begins like a formula gets an apostrophe before it, or a contestant's name could run in a spreadsheet.
 * @param {string|number|null} value
 */
export function cell(value) {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const safe = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/u.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * "2026-11-22 20:15:03" in Shanghai, which Excel reads as a time.
 * @param {number|null} at_ms
 */
export function stamp(at_ms) {
  if (at_ms === null) return "";
  return new Date(at_ms + 8 * 3_600_000).toISOString().slice(0, 19).replace("T", " ");
}

/**
 * One line for each choice of each round. A figure that may not be seen yet is empty, not 0. The last columns say whether
 * the votes decide, what the lead goes by, and what was held or corrected.
 * @param {Report} report
 */
export function resultsCsv(report) {
  const head = ["场次", "期数", "回合", "轮次", "回合名称", "状态", "开启", "截止", "选项", "姓名", "票数", "得票率%", "点赞", "参与人数", "观众投票", "领先依据", "加权得分", "待核票（未计入）", "更正次数"];
  const deciding = report.session.deciding ? "决定胜负" : "仅供参考，不决定胜负";
  const lines = report.rounds.flatMap((round) => {
    const lead = [report.session.code, report.session.number, round.number, round.run, round.title, round.phase, stamp(round.opened_at_ms), stamp(round.locked_at_ms)];
    const body = round.tally;
    if (body === null) return [[...lead, "", "", null, null, null, null, deciding, "", null, null, null]];
    const by = body.by === "score" ? "加权得分" : "票数";
    return body.choices.map((choice) => [
      ...lead, choice.key, choice.name, choice.votes, choice.pct, choice.likes, body.turnout,
      deciding, by, choice.score_text, body.held.votes[choice.key] ?? 0, body.corrections,
    ]);
  });
  return csv([head, ...lines]);
}

/**
 * One line for each second in which something came.
 * @param {Report} report
 * @param {readonly {key: string, name: string}[]} sides
 */
export function timelineCsv(report, sides) {
  const head = ["时间(北京)", "unix_ms", "回合", ...sides.map((side) => `点赞 ${side.name}`), "票"];
  const lines = report.timeline.map((second) => [
    stamp(second.at_ms), second.at_ms, second.round ?? null, ...sides.map((side) => second.likes[side.key] ?? 0), second.votes,
  ]);
  return csv([head, ...lines]);
}
