// @ts-check
// The preflight as people read it: the worst first, and the verdict in a sentence. Pure.

/** @import { Language } from "./types.js" */

/** @typedef {"green"|"amber"|"red"} Level */
/** @typedef {{check: string, level: Level, zh: string, en: string}} Finding */
/** @typedef {{code: string, level: Level, checked_at_ms: number, took_ms: number, findings: Finding[]}} Preflight */

/** @satisfies {Record<string, readonly [string, string]>} */
export const PREFLIGHT_WORDS = {
  preflight: ["开播检查", "Preflight"],
  checking: ["正在检查…", "Checking…"],
  again: ["再查一次", "Check again"],
  rule: ["开播前逐项检查。红色未通过的，请先处理再开播。", "Everything that must be right before the show. Mend what is red first."],
  verdict_green: ["全部通过，可以开播", "All is ready"],
  verdict_amber: ["可以开播，{n} 项请留意", "Ready; {n} to look at"],
  verdict_red: ["还不能开播：{n} 项未通过", "Not ready: {n} to mend"],
  checked: ["{at} 检查，用时 {ms} 毫秒", "Checked at {at} in {ms} ms"],
  level_green: ["通过", "Well"],
  level_amber: ["留意", "Look"],
  level_red: ["未通过", "Mend"],
  contestants: ["选手", "Contestants"],
  options: ["选项", "Options"],
  totals: ["票数归零", "Zero totals"],
  timings: ["时间", "Times"],
  console_clock: ["控制台时钟", "Console's clock"],
  service_clock: ["服务时钟", "Service's clock"],
  disk: ["磁盘", "Disk"],
  database: ["数据库", "Database"],
  redis: ["Redis", "Redis"],
  address: ["对外地址", "Public address"],
  qr: ["二维码", "QR code"],
  overlays: ["图文", "Overlays"],
  token_producer: ["编导令牌", "Producer's token"],
  token_director: ["导播令牌", "Director's token"],
  token_scrutineer: ["监票员令牌", "Scrutineer's token"],
  token_overlay: ["图文令牌", "Overlay's token"],
  backup: ["备份", "Backup"],
};

export const MARKS = /** @type {const} */ ({ red: "✗", amber: "!", green: "✓" });
/** @type {readonly Level[]} */
const ORDER = ["red", "amber", "green"];

/** @param {readonly Finding[]} findings @returns {Finding[]} the worst first, else as they came */
export function worstFirst(findings) {
  return [...findings].sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
}

/** @param {Preflight} found @returns {number} how many stand at the verdict's level */
export function countAtWorst(found) {
  return found.findings.filter(({ level }) => level === found.level).length;
}

/**
 * A check's name. One that this page does not know yet shows its own.
 * @param {string} check
 * @param {Language} language
 */
export function checkName(check, language) {
  const words = check in PREFLIGHT_WORDS ? PREFLIGHT_WORDS[/** @type {keyof typeof PREFLIGHT_WORDS} */ (check)] : [check, check];
  return /** @type {string} */ (words[language === "zh" ? 0 : 1]);
}
