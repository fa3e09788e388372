// @ts-check
// Says when a session's personal data is destroyed, by the clock of Beijing. Pure.

/** @import { Language } from "../lib/format.js" */

/**
 * @param {{purge_at_ms: number|null, purged_at_ms: number|null}} dates
 * @param {string} code
 * @param {Language} language
 */
export function dateSentence({ purge_at_ms, purged_at_ms }, code, language) {
  const zh = language === "zh";
  if (purged_at_ms !== null) {
    const day = dayText(purged_at_ms, language);
    return zh ? `场次 ${code} 已于 ${day} 销毁。` : `For session ${code} this was done on ${day}.`;
  }
  if (purge_at_ms === null) return zh ? `场次 ${code} 尚未结束。` : `Session ${code} has not ended yet.`;
  const day = dayText(purge_at_ms, language);
  return zh ? `场次 ${code} 的日期是 ${day}。` : `For session ${code} that is ${day}.`;
}

/** @param {number} at_ms @param {Language} language */
function dayText(at_ms, language) {
  return new Date(at_ms).toLocaleDateString(language === "zh" ? "zh-CN" : "en-GB", {
    timeZone: "Asia/Shanghai", year: "numeric", month: "long", day: "numeric",
  });
}
