// @ts-check
// Links to hand out: the public ones, and for an administrator a link for each role, made, listed and revoked.
// A token is shown once, when it is made; this page keeps none.

/** @import { Context } from "./context.js" */
/** @import { Actions } from "./desk.js" */
/** @import { Role, SessionDocument, TokenEntry } from "./types.js" */
import { staffLink } from "./address.js";
import { wordFor } from "./context.js";
import { button, h, setText } from "./dom.js";
import { choiceField, textField } from "./fields.js";
import { readSeasonOf, waysName, waysOf } from "../lib/ways.js";

/** @type {readonly Role[]} */
const ROLES = ["producer", "director", "scrutineer", "overlay"];

/**
 * @param {Context} context
 * @param {SessionDocument} session
 * @param {Actions} actions
 */
export function sharePanel(context, session, actions) {
  const { t, can } = context;
  const staff = can.has("tokens") ? staffPart(context, session)
    : h("section", { class: "panel" }, h("h2", { text: t("share_staff") }), h("p", { class: "note", text: t("share_not_yours") }));
  const root = h("div", { class: "share" }, publicPart(context, session, actions), programmePart(context, session), staff);
  return { root, update: () => undefined, close: () => undefined };
}

/**
 * @param {Context} context
 * @param {SessionDocument} session
 * @param {Actions} actions
 */
function publicPart({ t, can }, session, actions) {
  const links = /** @type {const} */ ([["link_vote", session.links.vote], ["link_overlay", session.links.overlay], ["link_report", session.links.report], ["link_qr", session.links.qr]]);
  const rows = links.map(([key, path]) => {
    const link = new URL(path, session.links.base || location.origin).href;
    // The report opens in a tab of its own with a copy of this tab's storage, so that staff see their figures there.
    return linkRow(t, t(key), link, h("a", { class: "quiet button", href: link, target: "_blank", rel: key === "link_report" ? "opener" : "noopener", testid: `open-${key}`, text: t("open_link") }));
  });
  const tickets = can.has("edit") && session.channels.some(({ identity }) => identity === "ticket")
    ? [linkRow(t, t("link_tickets"), new URL(ticketsPath(session.code), session.links.base || location.origin).href,
      // With a copy of this tab's storage, so that the sheet knows who prints.
      h("a", { class: "quiet button", href: ticketsPath(session.code), target: "_blank", rel: "opener", testid: "open-link_tickets", text: t("open_link") }))] : [];
  const local = !session.links.base && ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  return h("section", { class: "panel" }, h("h2", { text: t("share_public") }), local ? h("p", { class: "note warn", text: `⚠ ${t("local_only")}` }) : null, ...rows, ...tickets,
    h("div", { class: "row" }, h("img", { class: "small-qr", src: session.links.qr, alt: t("hall_scan"), width: 160, height: 160 }),
      button({ class: "primary", text: t("hall_qr") }, actions.hall)));
}

/**
 * Where the session leads in its season; empty where it is of none.
 * @param {Context} context
 * @param {SessionDocument} session
 */
function programmePart({ t, language, can, caller }, session) {
  const panel = h("section", { class: "panel", testid: "programme", hidden: true }, h("h2", { text: waysName(language) }));
  void readSeasonOf(async (path) => {
    const answer = await caller.read(path);
    return answer.ok ? answer.body : null;
  }, session.code).then((season) => {
    if (season === null) return;
    const ways = waysOf(season, { language, over: true, crew: can.has("visits") });
    // The crew's own ways open with a copy of this tab's storage, so that the page knows who comes.
    panel.append(...ways.map(({ key, href, text }) => linkRow(t, text, new URL(href, session.links.base || location.origin).href,
      h("a", { class: "quiet button", href, target: "_blank", rel: key === "visit" || key === "card" ? "noopener" : "opener", testid: `open-${key}`, text: t("open_link") }))));
    panel.hidden = ways.length === 0;
  });
  return panel;
}

/** @param {string} code */
function ticketsPath(code) {
  return `/tickets/${encodeURIComponent(code)}`;
}

/**
 * @param {Context["t"]} t
 * @param {string} label
 * @param {string} link
 * @param {...HTMLElement} tail
 */
function linkRow(t, label, link, ...tail) {
  const input = h("input", { readonly: true, "aria-label": label, class: "link" });
  input.value = link;
  input.addEventListener("focus", () => input.select());
  const copy = button({ class: "quiet", text: t("copy") }, async () => {
    try {
      await navigator.clipboard.writeText(link);
      setText(copy, t("copied"));
    } catch {
      input.focus(); // No clipboard over plain HTTP: the link stands selected, for Ctrl-C.
    }
  });
  return h("div", { class: "link-row" }, h("span", { class: "label", text: label }), input, copy, ...tail);
}

/**
 * @param {Context} context
 * @param {SessionDocument} session
 */
function staffPart(context, session) {
  const { t, caller, say } = context;
  const wanted = { role: "director", name: "", hours: "12" };
  const made = h("div", { class: "made", role: "status" });
  const list = h("ul", { class: "tokens", testid: "tokens" });
  const role = choiceField({ label: t("share_role"), name: "share-role", value: wanted.role, options: ROLES.map((each) => [each, wordFor(t, `role_${each}`)]) }, (value) => { wanted.role = value; });
  const name = textField({ label: t("share_name"), name: "share-name", value: "", max: 60 }, (value) => { wanted.name = value; });
  const hours = textField({ label: t("share_hours"), name: "share-hours", value: wanted.hours, inputmode: "numeric", max: 4 }, (value) => { wanted.hours = value; });
  const make = h("button", { type: "submit", class: "primary", testid: "make-token", text: t("share_make") });
  const form = h("form", { class: "grid" }, role.root, name.root, hours.root, make);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const valid = Number(wanted.hours);
    if (!(Number.isInteger(valid) && valid >= 1 && valid <= 9600)) {
      hours.complain(t("bad_number"));
      return;
    }
    hours.complain(null);
    const answer = await caller.send("POST", "/tokens", { role: wanted.role, name: wanted.name.trim(), session: session.code, hours: valid });
    say(answer.ok ? null : answer.problem);
    if (!answer.ok) return;
    const link = staffLink(session.links.base || location.origin, answer.body, session.code);
    const row = linkRow(t, t("share_made", { role: wordFor(t, `role_${answer.body.role}`) }), link);
    row.dataset["testid"] = "made-link";
    made.prepend(row);
    await draw();
  });

  async function draw() {
    const answer = await caller.read("/tokens");
    if (!answer.ok) {
      say(answer.problem);
      return;
    }
    const entries = /** @type {TokenEntry[]} */ (answer.body.tokens ?? []);
    const here = entries.filter((entry) => (entry.revoked_at_ms ?? null) === null && ((entry.session ?? null) === null || entry.session === session.code));
    list.replaceChildren(...here.map((entry) => tokenRow(context, entry, draw)));
  }
  void draw();
  return h("section", { class: "panel" }, h("h2", { text: t("share_staff") }), h("p", { class: "note", text: t("share_staff_hint") }), form, made,
    h("h2", { text: t("tokens") }), list);
}

/**
 * @param {Context} context
 * @param {TokenEntry} entry
 * @param {() => Promise<void>} redraw
 */
function tokenRow({ t, language, caller, say }, entry, redraw) {
  let armed = 0;
  const revoke = button({ class: "quiet small", text: t("revoke") }, async () => {
    if (Date.now() - armed > 3000) {
      armed = Date.now();
      setText(revoke, t("press_again"));
      setTimeout(() => setText(revoke, t("revoke")), 3000);
      return;
    }
    const answer = await caller.send("DELETE", `/tokens/${encodeURIComponent(String(entry.id))}`);
    say(answer.ok ? null : answer.problem);
    await redraw();
  });
  const until = entry.expires_at_ms ?? null;
  const locale = language === "zh" ? "zh-CN" : "en-GB";
  const expiry = until === null ? t("no_expiry") : t("expires", { t: new Date(until).toLocaleString(locale, { timeZone: "Asia/Shanghai", hour12: false }) });
  return h("li", {}, h("span", { class: "chip", text: wordFor(t, `role_${entry.role}`) }), h("span", { class: "who", text: entry.name }),
    h("span", { class: "note", text: `${(entry.session ?? null) === null ? t("all_sessions") : entry.session} · ${expiry}` }), revoke);
}
