// @ts-check
// What the programme's pages share: reading with the tab's token where a member of the crew has one, addresses in the
// reader's language, figures and days as they are written. It changes nothing on the service.

/** @import { Language } from "../lib/format.js" */
import { TOKEN_KEY } from "../console/address.js";
import { h } from "../console/dom.js";
import { createApi, Problem } from "../lib/api.js";
import { keepIn } from "../lib/storage.js";

/** Who comes from the console sees what the crew sees, in this tab only. @returns {string|null} */
export function tabToken() {
  try {
    const held = keepIn(sessionStorage).get(TOKEN_KEY);
    return typeof held === "string" ? held : null;
  } catch {
    return null;
  }
}

/**
 * Read with a token; one that has run out, or is for another session, must not hide what everybody may see.
 * @param {string} path @param {string|null} token @returns {Promise<any>}
 */
export async function read(path, token) {
  try {
    return await createApi({ token: () => token }).get(path);
  } catch (error) {
    if (error instanceof Problem && (error.status === 401 || error.status === 403) && token !== null) return createApi().get(path);
    throw error;
  }
}

/**
 * The parts of an address behind its first: "/season/a/b" → ["a", "b"]. What cannot be read is left out.
 * @param {string} pathname
 * @returns {string[]}
 */
export function partsOf(pathname) {
  return pathname.split("/").filter(Boolean).slice(1).map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return "";
    }
  });
}

/** @param {string|undefined} slug */
export function isSlug(slug) {
  return slug !== undefined && slug.length <= 64 && /^[a-z0-9]+(-[a-z0-9]+)*$/u.test(slug);
}

/**
 * An address of this service that stays in the language that was asked for.
 * @param {string} path @param {string} search this page's own @param {Record<string, string>} [query]
 */
export function linkTo(path, search, query = {}) {
  const asked = new URLSearchParams(search).get("lang");
  const parts = new URLSearchParams({ ...query, ...(asked === null ? {} : { lang: asked }) }).toString();
  return parts === "" ? path : `${path}?${parts}`;
}

/** @param {number} figure */
export function grouped(figure) {
  return figure.toLocaleString("en-US");
}

/** The day in Beijing. @param {number} at_ms @param {Language} language */
export function dayText(at_ms, language) {
  return new Date(at_ms).toLocaleDateString(language === "zh" ? "zh-CN" : "en-GB", {
    timeZone: "Asia/Shanghai", year: "numeric", month: "long", day: "numeric",
  });
}

/** Day and time in Beijing. @param {number} at_ms @param {Language} language */
export function timeText(at_ms, language) {
  return new Date(at_ms).toLocaleString(language === "zh" ? "zh-CN" : "en-GB", {
    timeZone: "Asia/Shanghai", year: "numeric", month: "long", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false,
  });
}

/** "第 3 期 标题", the number left out where the title says it. @param {{code: string, number: number|null, title: string}} session @param {Language} language */
export function sessionText({ code, number, title }, language) {
  if (number === null) return title || code;
  const issue = language === "zh" ? `第${number}期` : `No. ${number}`;
  if (title === "") return issue;
  return title.replace(/\s/gu, "").includes(`第${number}期`) ? title : `${issue} ${title}`;
}

/** @param {HTMLElement} root @param {string} text */
export function sayInstead(root, text) {
  root.replaceChildren(h("p", { class: "wait", role: "alert", testid: "problem", text }));
}
