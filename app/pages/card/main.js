// @ts-check
// Wires the profile card 网红档案: reads the show from the address, fetches the card and the show's seasons, and lays
// out figures, stars with their formula, visits and the picture to share. It shows what everybody may see.

/** @import { Card, Star } from "./types.js" */
import { button, h, setOff, setText } from "../console/dom.js";
import { createApi, Problem } from "../lib/api.js";
import { pageLanguage, translate } from "../lib/language.js";
import { grouped, isSlug, linkTo, partsOf, sayInstead } from "../season/common.js";
import { pictureAddress, pictureName, spanOf, starFigure, starFormula, starName, starSigns, stepsOf } from "./model.js";
import { pngOf, save } from "./picture.js";
import { WORDS } from "./words.js";

/** @typedef {{season: string, name: string}} SeasonNamed */

const language = pageLanguage();
const t = translate(WORDS, language);
const root = /** @type {HTMLElement} */ (document.getElementById("card"));

/** @param {string} label @param {number} value @param {string} testid */
function figure(label, value, testid) {
  return h("div", {}, h("dt", { text: label }), h("dd", {}, h("b", { testid, text: grouped(value) })));
}

/** @param {Card} card @param {SeasonNamed[]} seasons */
function head(card, seasons) {
  const span = spanOf(card, language);
  const path = `/card/${encodeURIComponent(card.show.slug)}`;
  const chips = [{ season: null, name: t("whole") }, ...seasons].map(({ season, name }) => h("a", {
    class: "chip", text: name, href: linkTo(path, location.search, season === null ? {} : { season }), "aria-current": season === card.season ? "page" : null,
  }));
  const board = card.season ?? seasons[0]?.season;
  return h("header", { class: "head" },
    h("p", { class: "over", text: t("title") }),
    h("h1", { testid: "show", text: card.show.name }),
    h("p", { class: "fine", testid: "span", text: span === null ? t("nothing") : t(span.first === span.last ? "span_one" : "span", span) }),
    seasons.length ? h("nav", { class: "links", "aria-label": t("seasons") }, ...chips) : null,
    board === undefined ? null : h("p", { class: "no-print" }, h("a", { testid: "to-season", text: t("standings"), href: linkTo(`/season/${encodeURIComponent(card.show.slug)}/${encodeURIComponent(board)}`, location.search) })));
}

/** @param {Card} card */
function figures(card) {
  return h("section", { "aria-labelledby": "figures" }, h("h2", { id: "figures", text: t("figures") }),
    h("dl", { class: "figures main-figures" },
      figure(t("broadcasts"), card.broadcasts, "broadcasts"), figure(t("likes"), card.likes, "likes"), figure(t("views"), card.views.unique, "views")),
    h("dl", { class: "figures" },
      figure(t("votes"), card.votes, "votes"), figure(t("online_peak"), card.views.online_peak, "online-peak"), figure(t("polls"), card.polls, "polls")),
    h("p", { class: "fine", text: t("views_note") }));
}

/** @param {Star} star */
function index(star) {
  const steps = stepsOf(star).map(({ threshold, reached }) => h("li", { class: reached ? "reached" : "" },
    h("span", { "aria-hidden": "true", text: reached ? "★ " : "☆ " }), starFigure({ measure: star.measure, figure: threshold }), h("span", { class: "unseen", text: ` ${t(reached ? "reached" : "not_reached")}` })));
  return h("li", { class: "index", testid: `index-${star.key}` },
    h("div", { class: "index-head" }, h("h3", { text: starName(star, language) }),
      h("span", { class: "stars", "aria-hidden": "true", testid: `stars-${star.key}`, text: starSigns(star.stars) }),
      h("span", { class: "of-five", text: t("of_five", { n: star.stars }) }), h("span", { class: "fine number", text: t("now", { figure: starFigure(star) }) })),
    h("p", { class: "fine", testid: `formula-${star.key}`, text: t("how", { text: starFormula(star, language) }) }),
    h("ol", { class: "steps" }, ...steps));
}

/** @param {Card} card */
function stars(card) {
  return h("section", { "aria-labelledby": "stars" }, h("h2", { id: "stars", text: t("stars") }), h("ul", { class: "indices" }, ...card.stars.map(index)));
}

/** @param {Card} card */
function visits({ visits: counted }) {
  return h("section", { "aria-labelledby": "visits" }, h("h2", { id: "visits", text: t("visits") }),
    h("dl", { class: "figures" },
      figure(t("asked"), counted.asked, "asked"), figure(t("scheduled"), counted.scheduled, "scheduled"),
      figure(t("delivered"), counted.delivered, "delivered"), figure(t("taught"), counted.taught, "taught")));
}

/** @param {Card} card */
function share(card) {
  const address = pictureAddress(card.show.slug, card.season, language);
  const said = h("p", { class: "fine", role: "status", text: t("hold") });
  const png = button({ class: "button primary", testid: "save-png", text: t("save_png") }, async () => {
    setOff(png, true);
    try {
      save(await pngOf(address), pictureName(card.show.slug, card.season, "png"));
    } catch {
      setText(said, t("no_png")); // Some webviews draw no SVG on a canvas, or save nothing that a page made.
    } finally {
      setOff(png, false);
    }
  });
  return h("section", { class: "share", "aria-labelledby": "share" }, h("h2", { id: "share", text: t("share") }),
    h("img", { src: address, width: 720, height: 960, alt: t("picture", { show: card.show.name }), testid: "picture" }),
    h("div", { class: "row no-print" }, png,
      h("a", { class: "button", href: address, download: pictureName(card.show.slug, card.season, "svg"), testid: "save-svg", text: t("save_svg") })),
    said);
}

/** @param {string} show @returns {Promise<SeasonNamed[]>} */
async function readSeasons(show) {
  try {
    return (await createApi().get(`/shows/${encodeURIComponent(show)}/seasons`)).seasons;
  } catch {
    return []; // The card stands without the way to its seasons.
  }
}

async function start() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  const [show] = partsOf(location.pathname);
  if (show === undefined || !isSlug(show)) {
    sayInstead(root, t("no_show"));
    return;
  }
  const season = new URLSearchParams(location.search).get("season");
  const query = season === null ? "" : `?season=${encodeURIComponent(season)}`;
  try {
    const [card, seasons] = await Promise.all([/** @type {Promise<Card>} */ (createApi().get(`/shows/${encodeURIComponent(show)}/card${query}`)), readSeasons(show)]);
    document.title = `${card.show.name} · ${t("title")}`;
    root.replaceChildren(head(card, seasons), h("div", { class: "card-body" }, h("div", { class: "card-words" }, figures(card), stars(card), visits(card)), share(card)));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    sayInstead(root, error.status === 404 || error.status === 422 ? t("not_found") : t("unreachable"));
  }
}

void start();
