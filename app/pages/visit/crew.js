// @ts-check
// Wires the crew's list of visits: signs in with the console's token, reads the requests of a show or of one session,
// and sends what the crew decides. Names and telephones stand on the page only; nothing of them is kept.

/** @import { Act } from "./crew_model.js" */
/** @import { State, Totals, Visit } from "./types.js" */
import { readHash, readPasted, sessionHash, TOKEN_KEY } from "../console/address.js";
import { Caller } from "../console/caller.js";
import { button, h, setAttribute, setText, show } from "../console/dom.js";
import { problemSentence } from "../console/problems.js";
import { save } from "../card/picture.js";
import { pageLanguage, translate } from "../lib/language.js";
import { keepIn } from "../lib/storage.js";
import { tabArea } from "../phone/entry.js";
import { linkTo } from "../season/common.js";
import { visitCard } from "./crew_card.js";
import { countAll, STATES } from "./crew_model.js";
import { WORDS } from "./crew_words.js";

const READ_AT_ONCE = 50;

const language = pageLanguage();
const t = translate(WORDS, language);
const root = /** @type {HTMLElement} */ (document.getElementById("visits"));
const kept = keepIn(tabArea());

/** @param {string} problem */
function askToken(problem) {
  const field = h("input", { id: "token", type: "password", autocomplete: "off", testid: "token" });
  const form = h("form", { class: "narrow" }, h("h1", { text: t("signin") }), h("div", {}, h("label", { for: "token", text: t("signin_label") }), field),
    h("p", { class: "complaint", role: "alert", testid: "problem", text: problem }), h("button", { type: "submit", class: "button primary", testid: "sign-in", text: t("signin_go") }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { token, session } = readPasted(field.value);
    if (token !== null) void signIn(token, session);
    else field.focus();
  });
  root.replaceChildren(form);
}

/** @param {string} token @param {string|null} session */
async function signIn(token, session) {
  root.replaceChildren(h("p", { class: "wait", role: "status", text: t("checking") }));
  const caller = new Caller(token);
  const [me, shows] = await Promise.all([caller.read("/me"), caller.read("/shows")]);
  if (!me.ok || !me.body.can?.includes("visits")) {
    askToken(me.ok ? t("not_known") : problemSentence(me.problem, language));
    return;
  }
  kept.set(TOKEN_KEY, token);
  showDesk(caller, shows.ok ? shows.body.shows : [], me.body.session ?? session);
}

/** @param {Visit} visit */
function visitPath(visit) {
  return `/sessions/${encodeURIComponent(visit.session)}/visits/${visit.id}`;
}

/** The list of one show or session: reads it, draws it, and sends each step. */
class Desk {
  /** @param {Caller} caller @param {string} scope the API's path of the show or session */
  constructor(caller, scope) {
    this.caller = caller;
    this.scope = scope;
    /** @type {State|null} */
    this.state = null;
    /** @type {number|null} */
    this.next = null;
    /** What was asked for last: an earlier answer must not take its place. */
    this.turn = 0;
    this.said = h("p", { class: "said", role: "status", testid: "said" });
    this.list = h("div", { class: "list", testid: "list" });
    this.taught = h("p", { class: "fine", testid: "taught-total" });
    this.more = button({ class: "button", testid: "more", text: t("more") }, () => void this.read(true));
    this.more.hidden = true;
    /** @type {Map<State|null, HTMLButtonElement>} */
    this.chips = new Map([null, ...STATES].map((each) => [each, button({ class: "chip", testid: `filter-${each ?? "all"}` }, () => {
      this.state = each;
      void this.read();
    })]));
    /** @type {import("./crew_card.js").Desk} */
    this.given = { t, language, send: (visit, act, body) => this.send(visit, act, body), calendar: (visit) => void this.download(`${visitPath(visit)}/calendar.ics`) };
  }

  /** @param {string} scope */
  turnTo(scope) {
    this.scope = scope;
    this.state = null;
    void this.read();
  }

  async read(onward = false) {
    const own = ++this.turn;
    for (const [each, chip] of this.chips) setAttribute(chip, "aria-pressed", String(each === this.state));
    const query = new URLSearchParams({
      limit: String(READ_AT_ONCE), ...(this.state === null ? {} : { state: this.state }), ...(onward && this.next !== null ? { after: String(this.next) } : {}),
    });
    const answer = await this.caller.read(`${this.scope}/visits?${query}`);
    if (own !== this.turn) return;
    if (!answer.ok) {
      setText(this.said, problemSentence(answer.problem, language));
      return;
    }
    if (!onward) {
      this.list.replaceChildren();
      setText(this.said, answer.body.visits.length ? "" : t("none"));
    }
    this.list.append(...answer.body.visits.map((/** @type {Visit} */ visit) => visitCard(this.given, visit)));
    this.next = answer.body.next;
    show(this.more, this.next !== null);
    this.drawTotals(answer.body.totals);
  }

  /** @param {Totals} totals */
  drawTotals(totals) {
    for (const [each, chip] of this.chips) {
      setText(chip, each === null ? `${t("all")} ${countAll(totals)}` : `${t(`state_${each}`)} ${totals[each]}`);
      show(chip, each === null || each === this.state || totals[each] > 0);
    }
    setText(this.taught, t("taught", { n: totals.taught.toLocaleString("en-US") }));
  }

  /** @param {Visit} visit @param {Act} act @param {Record<string, unknown>} body @returns {Promise<string>} what to complain of */
  async send(visit, act, body) {
    const answer = await this.caller.command(`${visitPath(visit)}/${act}`, body);
    if (answer.ok) {
      setText(this.said, t("done"));
      this.redraw(answer.body);
      return "";
    }
    if (answer.problem.code !== "visit_not_allowed") return problemSentence(answer.problem, language);
    const now = await this.caller.read(visitPath(visit));
    if (now.ok) this.redraw(now.body);
    setText(this.said, t("not_allowed"));
    return "";
  }

  /** @param {Visit} visit */
  redraw(visit) {
    const old = this.list.querySelector(`[data-testid="visit-${visit.id}"]`);
    const fresh = visitCard(this.given, visit);
    old?.replaceWith(fresh);
    fresh.querySelector("button")?.focus();
    void this.totalsAgain();
  }

  async totalsAgain() {
    const own = this.turn;
    const answer = await this.caller.read(`${this.scope}/visits?limit=1`);
    if (answer.ok && own === this.turn) this.drawTotals(answer.body.totals);
  }

  /** A link could not carry the token. @param {string} from */
  async download(from) {
    try {
      const response = await fetch(`/api/v1${from}`, { headers: { authorization: `Bearer ${this.caller.token}` }, credentials: "omit" });
      if (!response.ok) throw new Error(String(response.status));
      save(await response.blob(), "visits.ics");
    } catch {
      setText(this.said, t("no_calendar"));
    }
  }
}

/** @param {Caller} caller @param {{slug: string, name: string}[]} shows @param {string|null} session */
function showDesk(caller, shows, session) {
  const wanted = new URLSearchParams(location.search).get("show");
  const slug = shows.find((each) => each.slug === wanted)?.slug ?? shows[0]?.slug ?? "";
  const ofShow = (/** @type {string} */ each) => `/shows/${encodeURIComponent(each)}`;
  const desk = new Desk(caller, session === null ? ofShow(slug) : `/sessions/${encodeURIComponent(session)}`);
  const select = h("select", { id: "show", testid: "show" }, ...shows.map((each) => h("option", { value: each.slug, text: each.name })));
  select.value = slug;
  select.addEventListener("change", () => desk.turnTo(ofShow(select.value)));
  root.replaceChildren(
    h("header", { class: "head" }, h("h1", { text: t("title") }),
      session === null ? null : h("p", { class: "fine", testid: "of-session", text: t("of_session", { code: session }) })),
    h("div", { class: "bar-top" },
      session === null && shows.length > 1 ? h("div", {}, h("label", { for: "show", text: t("show") }), select) : null,
      h("div", { class: "links", role: "group", "aria-label": t("by_state") }, ...desk.chips.values()),
      h("div", { class: "row no-print" }, button({ class: "button", testid: "refresh", text: t("refresh") }, () => void desk.read()),
        session === null ? button({ class: "button", testid: "calendar", text: t("calendar") }, () => void desk.download(`${desk.scope}/visits.ics`)) : null,
        h("a", { class: "button", testid: "console", href: linkTo("/console", location.search) + sessionHash(session), text: t("to_console") }),
        button({ class: "button", testid: "sign-out", text: t("sign_out") }, () => {
          kept.remove(TOKEN_KEY);
          askToken("");
        })),
      desk.taught, desk.said),
    desk.list, desk.more);
  if (session === null && slug === "") setText(desk.said, t("no_shows"));
  else void desk.read();
}

function start() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = t("title");
  const brought = readHash(location.hash);
  if (brought.token !== null) {
    kept.set(TOKEN_KEY, brought.token);
    history.replaceState(null, "", location.pathname + location.search + (brought.session === null ? "" : `#session=${brought.session}`));
  }
  const known = kept.get(TOKEN_KEY);
  if (typeof known === "string") void signIn(known, brought.session);
  else askToken("");
}

start();
