// @ts-check
// Where a session leads in its programme: a visit of its contestants, its season, its show's profile card. The words and
// addresses for every page that offers these ways. A session of no season leads nowhere.

import { sessionPath } from "./api.js";
import { translate } from "./language.js";

/** @import { Language } from "./format.js" */
/** What `GET /sessions/{code}/season` answers, as far as it is needed here. @typedef {{session: string, show: string, season: {season: string, name: string}|null}} SeasonOfSession */
/** @typedef {"visit"|"season"|"card"|"visits"} WayKey */
/** @typedef {{key: WayKey, href: string, text: string}} Way */

const WORDS = /** @type {const} */ ({
  ways: ["节目", "The programme"],
  visit: ["送课邀约：请到我们单位来", "Ask for a visit"],
  season: ["{name} 榜单", "{name}: standings"],
  card: ["网红档案", "Profile card"],
  visits: ["处理送课邀约", "Answer requests for visits"],
});

/** What the group of these ways is called. @param {Language} language */
export function waysName(language) {
  return translate(WORDS, language)("ways");
}

/**
 * The ways from a session. Pure.
 * @param {SeasonOfSession} document
 * @param {{language: Language, over: boolean, crew?: boolean}} reader `over`: the session has ended or a result is revealed,
 * so that a visit may be asked for; `crew`: who answers requests
 * @returns {Way[]} none where the session belongs to no season
 */
export function waysOf({ session, show, season }, { language, over, crew = false }) {
  if (season === null) return [];
  const t = translate(WORDS, language);
  const lang = language === "en" ? "lang=en" : "";
  const query = (/** @type {string[]} */ ...parts) => (parts.some(Boolean) ? `?${parts.filter(Boolean).join("&")}` : "");
  const [code, slug, year] = [session, show, season.season].map(encodeURIComponent);
  /** @type {Way[]} */
  const ways = [
    { key: "season", href: `/season/${slug}/${year}${query(lang)}`, text: t("season", { name: season.name }) },
    { key: "card", href: `/card/${slug}${query(`season=${year}`, lang)}`, text: t("card") },
  ];
  if (over) ways.unshift({ key: "visit", href: `/visit/${code}${query(lang)}`, text: t("visit") });
  if (crew) ways.push({ key: "visits", href: `${visitsAddress(language)}#session=${code}`, text: t("visits") });
  return ways;
}

/** Where the crew answers requests for visits, of all sessions. @param {Language} language */
export function visitsAddress(language) {
  return language === "en" ? "/visits?lang=en" : "/visits";
}

/**
 * Ask where a session leads. Never rejects: the page that asks stands without.
 * @param {(path: string) => Promise<any>} get
 * @param {string} code
 * @returns {Promise<SeasonOfSession|null>}
 */
export async function readSeasonOf(get, code) {
  try {
    return await get(`${sessionPath(code)}/season`);
  } catch {
    return null;
  }
}
