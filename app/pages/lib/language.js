// @ts-check
// Chooses Chinese or English and looks words up. Chinese unless `?lang=en` or the browser's first language says
// English. Pure but for `pageLanguage`, which reads the address and the browser.

/** @import { Language } from "./format.js" */
/** @typedef {Record<string, readonly [zh: string, en: string]>} Words */

/**
 * @param {string} search the query part of the address
 * @param {readonly string[]} preferred the browser's languages, first choice first
 * @returns {Language}
 */
export function chooseLanguage(search, preferred) {
  const asked = new URLSearchParams(search).get("lang")?.toLowerCase();
  if (asked) return asked.startsWith("en") ? "en" : "zh";
  return preferred[0]?.toLowerCase().startsWith("en") ? "en" : "zh";
}

/** @returns {Language} */
export function pageLanguage() {
  return chooseLanguage(location.search, navigator.languages ?? [navigator.language]);
}

/**
 * Make a look-up: `const t = translate(WORDS, "zh"); t("left", {count: 3})` fills `{count}`.
 * @template {Words} W
 * @param {W} words each entry [Chinese, English]
 * @param {Language} language
 * @returns {(key: keyof W & string, values?: Record<string, string|number>) => string}
 */
export function translate(words, language) {
  const column = language === "zh" ? 0 : 1;
  return (key, values) => {
    const entry = words[key];
    if (!entry) throw new RangeError(`no words for ${key}`);
    const text = entry[column];
    return values ? text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole)) : text;
  };
}
