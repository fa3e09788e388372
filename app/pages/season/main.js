// @ts-check
// Wires the season's page: reads show and season from the address, fetches the season and its standings, and lays them
// out. What this reader may not see, the service does not send; the page derives none of it.

/** @import { Season, Standings } from "./types.js" */
import { h } from "../console/dom.js";
import { Problem } from "../lib/api.js";
import { pageLanguage, translate } from "../lib/language.js";
import { arenaSection, boardsSection, sessionsSection } from "./boards.js";
import { isSlug, linkTo, partsOf, read, sayInstead, tabToken } from "./common.js";
import { entriesSection } from "./entries.js";
import { WORDS } from "./words.js";

const language = pageLanguage();
const t = translate(WORDS, language);
const root = /** @type {HTMLElement} */ (document.getElementById("season"));

/** @param {Season} season @param {Standings} standings */
function head(season, standings) {
  const n = standings.sessions;
  return h("header", { class: "head" },
    h("p", { class: "over", text: [season.show.name, t("title")].join(" · ") }),
    h("h1", { testid: "season-name", text: season.name }),
    h("p", { class: "fine", testid: "counted", text: standings.formula_text ? t("counted_score", { n, text: standings.formula_text }) : t("counted", { n }) }),
    standings.view === "staff" ? h("p", { class: "notice", testid: "staff-view", text: t("staff") }) : null,
    h("p", { class: "no-print" }, h("a", { href: linkTo(`/card/${encodeURIComponent(season.show.slug)}`, location.search, { season: season.season }), text: t("to_card") })));
}

async function start() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  const [show, slug] = partsOf(location.pathname);
  if (show === undefined || slug === undefined || !isSlug(show) || !isSlug(slug)) {
    sayInstead(root, t("no_season"));
    return;
  }
  const path = `/shows/${encodeURIComponent(show)}/seasons/${encodeURIComponent(slug)}`;
  const token = tabToken();
  try {
    const [season, standings] = await Promise.all([
      /** @type {Promise<Season>} */ (read(path, token)), /** @type {Promise<Standings>} */ (read(`${path}/standings`, token)),
    ]);
    document.title = `${season.name} · ${t("title")} · ${season.show.name}`;
    const context = { t, language, season, standings, search: location.search };
    root.replaceChildren(head(season, standings), arenaSection(context), boardsSection(context), sessionsSection(context),
      entriesSection(context, standings.view === "staff", (each) => read(each, token)));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    sayInstead(root, t(error.status === 404 ? "not_found" : "unreachable"));
  }
}

void start();
