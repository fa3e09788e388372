// @ts-check
// Writes figures as people read them. Pure. Counts are floored, never rounded up: a screen must not claim a like
// that was not given.

/** @typedef {"zh"|"en"} Language */

/** @type {Record<Language, readonly (readonly [number, string])[]>} */
const UNITS = {
  zh: [
    [1e8, "亿"],
    [1e4, "万"],
  ],
  en: [
    [1e9, "B"],
    [1e6, "M"],
    [1e3, "K"],
  ],
};

/** Below this a count is written in full. */
const PLAIN_BELOW = 10000;

/**
 * 9999 → "9999", 12345 → "1.2万" or "12.3K". One decimal, floored, left out where it is 0.
 * @param {number} count a whole number from 0
 * @param {Language} [language]
 */
export function countText(count, language = "zh") {
  if (count < PLAIN_BELOW) return String(count);
  for (const [size, unit] of UNITS[language]) {
    if (count >= size) return `${Math.floor((count * 10) / size) / 10}${unit}`;
  }
  return String(count);
}

export const DAY_MS = 86_400_000;

/**
 * 83000 → "1:23", 3723000 → "1:02:03", and from a day on "4天23小时". Rounded up to the second, so that 0:00 means over.
 * @param {number} left_ms
 * @param {Language} [language]
 */
export function countdownText(left_ms, language = "zh") {
  if (left_ms >= DAY_MS) {
    const [days, rest] = [Math.floor(left_ms / DAY_MS), Math.floor((left_ms % DAY_MS) / 3_600_000)];
    return language === "zh" ? `${days}天${rest}小时` : `${days}d ${rest}h`;
  }
  const seconds = Math.max(0, Math.ceil(left_ms / 1000));
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/**
 * The time of day on this device.
 * @param {number} at_ms
 * @param {Language} [language]
 * @param {string} [timeZone] the device's own unless given
 */
export function clockText(at_ms, language = "zh", timeZone = undefined) {
  return new Date(at_ms).toLocaleTimeString(language === "zh" ? "zh-CN" : "en-GB", { hour12: false, timeZone });
}

/**
 * Day and time in Beijing, short: "12月4日周五 20:00".
 * @param {number} at_ms
 * @param {Language} [language]
 */
export function endText(at_ms, language = "zh") {
  /** @type {Intl.DateTimeFormatOptions} */
  const parts = { timeZone: "Asia/Shanghai", month: "short", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return new Date(at_ms).toLocaleString(language === "zh" ? "zh-CN" : "en-GB", parts);
}

/**
 * "先锋擂台 第3期" where the number is known and the title does not already say it.
 * @param {string} show
 * @param {number|null} number
 * @param {Language} [language]
 */
export function issueText(show, number, language = "zh") {
  if (number === null) return show;
  return language === "zh" ? `${show} 第${number}期` : `${show} No. ${number}`;
}
