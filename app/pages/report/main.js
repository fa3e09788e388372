// @ts-check
// Wires the report: reads the code from the address, fetches the report and each round's result, and lays out the page.
// It shows what the service gives this reader and derives nothing that was withheld. It changes nothing on the service.

/** @import { ExternalTally, Report, Result } from "./types.js" */
import { createApi, Problem, sessionPath } from "../lib/api.js";
import { pageLanguage, translate } from "../lib/language.js";
import { keepIn } from "../lib/storage.js";
import { readSeasonOf } from "../lib/ways.js";
import { TOKEN_KEY } from "../console/address.js";
import { h } from "../console/dom.js";
import { airSection } from "./air.js";
import { channelsSection } from "./channels.js";
import { externalSection } from "./external.js";
import { downloadsSection } from "./downloads.js";
import { headSection, peaksSection } from "./head.js";
import { resultsSection } from "./results.js";
import { timelineSection } from "./timeline.js";
import { WORDS } from "./words.js";

const AIR_MAX = 5000;
const language = pageLanguage();
const t = translate(WORDS, language);
const root = /** @type {HTMLElement} */ (document.getElementById("report"));

/** A member of the staff who comes from the console sees the staff's figures, in this tab only. @returns {string|null} */
function tabToken() {
  try {
    const held = keepIn(sessionStorage).get(TOKEN_KEY);
    return typeof held === "string" ? held : null;
  } catch {
    return null;
  }
}

/** @param {string} text */
function say(text) {
  root.replaceChildren(h("p", { class: "wait", role: "alert", testid: "problem", text }));
}

/**
 * @param {string} path
 * @param {string|null} token
 */
async function read(path, token) {
  try {
    return await createApi({ token: () => token }).get(path);
  } catch (error) {
    // A token that has run out must not hide from staff what everybody may see.
    if (error instanceof Problem && error.status === 401 && token !== null) return createApi().get(path);
    throw error;
  }
}

/**
 * @param {string} code
 * @param {Report} report
 * @param {string|null} token
 * @returns {Promise<Map<number, Result>>} of the rounds that have one to show
 */
async function readResults(code, report, token) {
  const wanted = report.rounds.filter((round) => round.tally !== null && round.locked_at_ms !== null);
  const found = await Promise.all(wanted.map(async (round) => {
    try {
      return /** @type {[number, Result]} */ ([round.number, await read(`${sessionPath(code)}/rounds/${round.number}/result`, token)]);
    } catch {
      return null; // The report alone still says what happened.
    }
  }));
  return new Map(found.filter((each) => each !== null));
}

/** @param {string} code @param {string|null} token @returns {Promise<ExternalTally[]>} */
async function readExternal(code, token) {
  try {
    return (await read(`${sessionPath(code)}/external`, token)).tallies ?? [];
  } catch {
    return []; // They are beside the report; it stands without them.
  }
}

/** Oldest first, as far as a page can hold. @param {string} code @param {string|null} token @param {boolean} staff */
async function readAir(code, token, staff) {
  /** @type {import("./types.js").AirEntry[]} */
  const entries = [];
  if (!staff) return entries;
  try {
    for (let came = -1; came !== 0 && entries.length < AIR_MAX; ) {
      const page = (await read(`${sessionPath(code)}/air?limit=500&after=${entries.at(-1)?.number ?? 0}`, token)).entries;
      entries.push(...page);
      came = page.length;
    }
  } catch {
    // It is beside the report; that stands without it.
  }
  return entries;
}

/**
 * Which rounds are sealed stands in the session alone.
 * @param {Report} report
 * @param {string} code
 * @param {string|null} token
 * @returns {Promise<Report>}
 */
async function withSeals(report, code, token) {
  try {
    /** @type {import("../lib/types.js").SessionDocument} */
    const session = await read(sessionPath(code), token);
    const seals = new Map(session.rounds.map(({ number, sealed, certified_at_ms }) => [number, { sealed, certified_at_ms }]));
    return { ...report, rounds: report.rounds.map((round) => ({ ...round, ...seals.get(round.number) })) };
  } catch {
    return report; // It then says of such a round only that its figures are not public.
  }
}

/** @param {string|null} token @param {string} code @returns {Promise<boolean>} */
async function isStaff(token, code) {
  if (token === null) return false;
  try {
    const me = await createApi({ token: () => token }).get("/me");
    return me.kind === "access" && (me.session === null || me.session === code);
  } catch {
    return false;
  }
}

async function start() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  const code = decodeURIComponent(location.pathname.split("/").filter(Boolean).pop() ?? "").toUpperCase();
  if (!/^[A-Z0-9]{4,12}$/u.test(code)) {
    say(t("no_code"));
    return;
  }
  const token = tabToken();
  try {
    const [found, staff] = await Promise.all([/** @type {Promise<Report>} */ (read(`${sessionPath(code)}/report`, token)), isStaff(token, code)]);
    const [report, results, external, season, air] = await Promise.all([
      withSeals(found, code, token), readResults(code, found, token), readExternal(code, token), readSeasonOf((path) => read(path, token), code),
      readAir(code, token, staff),
    ]);
    document.title = `${report.session.title || code} · ${t("report")}`;
    const context = { t, language, report, results, external, season, staff };
    const sections = [headSection(context), resultsSection(context), channelsSection(context), timelineSection(context), peaksSection(context),
      externalSection(context), airSection(context, air), downloadsSection(context)];
    root.replaceChildren(...sections.filter((section) => section !== null));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (error.status === 404) say(t("not_found"));
    else say(error.status === 0 ? t("unreachable") : t("other_problem", { title: error.title }));
  }
}

/** Paper cannot be clicked: the tables are printed whole, and folded again as they were. @type {HTMLDetailsElement[]} */
let folded = [];
window.addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details")].filter((fold) => !fold.open);
  for (const fold of folded) fold.open = true;
});
window.addEventListener("afterprint", () => {
  for (const fold of folded) fold.open = false;
});
void start();
