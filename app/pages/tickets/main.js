// @ts-check
// Wires the tickets' page: signs in with the console's token, makes sheets, shows them once for the printer, and helps
// at the door. Secrets live in the page only: never in storage, never in an address.

import { readHash, readPasted, TOKEN_KEY } from "../console/address.js";
import { Caller } from "../console/caller.js";
import { button, h, setOff, setText } from "../console/dom.js";
import { problemSentence } from "../console/problems.js";
import { pageLanguage, translate } from "../lib/language.js";
import { keepIn } from "../lib/storage.js";
import { tabArea } from "../phone/entry.js";
import { drawPages, headOf } from "./sheet.js";
import { WORDS } from "./words.js";

/** @import { SessionDocument } from "../lib/types.js" */
/** @import { Ticket } from "./sheet.js" */
/** @typedef {{sheet: string, channel: string, made: number, used: number, void: number, last: number}} Sheet */

/** Drawn and sent so many at a time, so that the desk sees that something happens. */
const AT_ONCE = 100;
const COUNT_MAX = 2000;
const CONFIRM_MS = 4000;

const language = pageLanguage();
const t = translate(WORDS, language);
const code = decodeURIComponent(location.pathname.split("/").filter(Boolean)[1] ?? "").toUpperCase();
const path = `/sessions/${encodeURIComponent(code)}`;
const kept = keepIn(tabArea());
const app = /** @type {HTMLElement} */ (document.getElementById("app"));
const printed = /** @type {HTMLElement} */ (document.getElementById("sheets"));

/** Secrets on the page that no printer has seen. */
let unprinted = false;

function start() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = `${t("title")} ${code}`;
  const { token } = readHash(location.hash);
  if (token !== null) {
    kept.set(TOKEN_KEY, token);
    history.replaceState(null, "", location.pathname + location.search);
  }
  addEventListener("beforeunload", (event) => {
    if (unprinted) event.preventDefault();
  });
  addEventListener("afterprint", () => (unprinted = false));
  const known = kept.get(TOKEN_KEY);
  if (typeof known === "string") void signIn(known);
  else askToken("");
}

/** @param {string} problem */
function askToken(problem) {
  const field = h("input", { id: "token", type: "password", autocomplete: "off", testid: "token" });
  const form = h("form", { class: "panel" }, h("h1", { text: t("signin") }), h("label", { for: "token", text: t("signin_label") }), field,
    h("button", { type: "submit", class: "primary", text: t("signin_go") }), h("p", { class: "complaint", role: "alert", text: problem }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { token } = readPasted(field.value);
    if (token !== null) void signIn(token);
  });
  app.replaceChildren(form);
}

/** @param {string} token */
async function signIn(token) {
  app.replaceChildren(h("p", { class: "panel", role: "status", text: t("checking") }));
  const caller = new Caller(token);
  const [me, session] = await Promise.all([caller.read("/me"), caller.read(path)]);
  if (!me.ok || !session.ok || !me.body.can?.includes("read")) {
    const failed = me.ok ? session : me;
    askToken(failed.ok ? t("not_known") : problemSentence(failed.problem, language));
    return;
  }
  kept.set(TOKEN_KEY, token);
  showDesk(caller, session.body, me.body.can.includes("edit"));
}

/** @param {Caller} caller @param {SessionDocument} session @param {boolean} mayEdit */
function showDesk(caller, session, mayEdit) {
  const said = h("p", { class: "said", role: "status", testid: "said" });
  const list = h("section", { class: "panel", testid: "list" });
  /** @param {import("../console/types.js").Problem} problem */
  const complain = (problem) => setText(said, problemSentence(problem, language));
  const refresh = async () => {
    const answer = await caller.read(`${path}/tickets`);
    if (answer.ok) drawList(answer.body.sheets);
    else complain(answer.problem);
  };
  /** @param {string} verb @param {object} body @param {(body: any) => string} told */
  const act = async (verb, body, told) => {
    const answer = await caller.send("POST", `${path}/tickets/${verb}`, body);
    if (!answer.ok) {
      complain(answer.problem);
      return;
    }
    setText(said, told(answer.body));
    drawList(answer.body.sheets);
  };
  /** @param {Sheet[]} sheets */
  function drawList(sheets) {
    const head = h("tr", {}, ...[t("name"), t("channel"), t("made"), t("used"), t("void"), ""].map((text) => h("th", { text })));
    const rows = sheets.map((each) => h("tr", { testid: `sheet-${each.sheet}` },
      h("td", { text: each.sheet }), h("td", { text: each.channel }),
      ...[each.made, each.used, each.void].map((count) => h("td", { class: "count", text: String(count) })),
      h("td", {}, mayEdit && each.made > each.used + each.void ? voidButton(each.sheet) : null)));
    list.replaceChildren(h("div", { class: "row" }, h("h2", { text: t("list") }), button({ class: "quiet", text: t("refresh") }, () => void refresh())),
      sheets.length ? h("div", { class: "scroll" }, h("table", {}, h("thead", {}, head), h("tbody", {}, ...rows))) : h("p", { text: t("none") }));
  }
  /** @param {string} sheet */
  function voidButton(sheet) {
    let armed = false;
    const own = button({ class: "quiet", text: t("void_rest") }, () => {
      if (armed) void act("void", { sheet }, (body) => t("voided", { count: body.voided }));
      else {
        armed = true;
        setText(own, t("void_sure"));
        setTimeout(() => {
          armed = false;
          setText(own, t("void_rest"));
        }, CONFIRM_MS);
      }
    });
    return own;
  }
  app.replaceChildren(
    h("header", {}, h("h1", { text: `${t("title")} · ${headOf({ ...session, show: session.show.name, rehearsal: session.rehearsal })} · ${code}` })),
    said, ...(mayEdit ? [makePanel(caller, session, said, complain, refresh)] : []), list, ...(mayEdit ? [doorPanel(act, said)] : []));
  void refresh();
}

/**
 * @param {Caller} caller @param {SessionDocument} session @param {HTMLElement} said
 * @param {(problem: import("../console/types.js").Problem) => void} complain @param {() => Promise<void>} refresh
 */
function makePanel(caller, session, said, complain, refresh) {
  const channels = session.channels.filter((each) => each.identity === "ticket");
  const panel = h("form", { class: "panel" }, h("h2", { text: t("make") }));
  if (!channels.length || session.status === "ended") {
    panel.append(h("p", { text: t(channels.length ? "ended" : "no_channel") }));
    return panel;
  }
  const channel = h("select", { id: "channel", testid: "channel" }, ...channels.map((each) => h("option", { value: each.key, text: each.name || each.key })));
  const count = h("input", { id: "count", type: "number", min: 1, max: COUNT_MAX, value: 30, inputmode: "numeric", testid: "count" });
  const sheet = h("input", { id: "sheet", maxlength: 60, testid: "sheet" });
  const go = h("button", { type: "submit", class: "primary", testid: "make", text: t("go") });
  const printer = button({ testid: "print", text: t("print") }, () => print());
  printer.hidden = true;
  panel.append(h("label", { for: "channel", text: t("channel") }), channel, h("label", { for: "count", text: t("count") }), count,
    h("label", { for: "sheet", text: t("sheet") }), sheet, h("p", { class: "note", text: t("sheet_hint") }), h("div", { class: "row" }, go, printer));
  let busy = false;
  panel.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    setOff(go, true);
    const chosen = channels.find((each) => each.key === channel.value);
    const wanted = Math.min(COUNT_MAX, Math.max(1, Math.round(Number(count.value) || 1)));
    /** @type {Ticket[]} */
    const made = [];
    let name = sheet.value.trim();
    while (made.length < wanted) {
      const body = { channel: channel.value, count: Math.min(AT_ONCE, wanted - made.length), ...(name ? { sheet: name } : {}) };
      const answer = await caller.send("POST", `${path}/tickets`, body);
      if (!answer.ok) {
        complain(answer.problem);
        break;
      }
      made.push(...answer.body.tickets);
      name = answer.body.sheet;
      setText(said, t("making", { done: made.length, count: wanted }));
    }
    if (made.length) {
      const about = { show: session.show.name, title: session.title, channel: chosen?.name || channel.value, channelKey: channel.value, sheet: name, rehearsal: session.rehearsal };
      printed.replaceChildren(...drawPages(about, made));
      unprinted = true;
      printer.hidden = false;
      if (made.length === wanted) setText(said, t("once"));
    }
    busy = false;
    setOff(go, false);
    await refresh();
  });
  return panel;
}

/**
 * @param {(verb: string, body: object, told: (body: any) => string) => Promise<void>} act
 * @param {HTMLElement} said
 */
function doorPanel(act, said) {
  const sheet = h("input", { id: "door-sheet", maxlength: 60, testid: "door-sheet" });
  const number = h("input", { id: "door-number", type: "number", min: 1, inputmode: "numeric", testid: "door-number" });
  const reason = h("input", { id: "door-reason", maxlength: 200, testid: "door-reason" });
  /** @param {string} verb @param {(body: any) => string} told */
  const send = (verb, told) => {
    const body = { sheet: sheet.value.trim(), number: Number(number.value), reason: reason.value.trim() };
    if (body.sheet && body.number > 0 && body.reason) void act(verb, body, told);
    else setText(said, t("needed"));
  };
  return h("section", { class: "panel" }, h("h2", { text: t("desk") }),
    h("label", { for: "door-sheet", text: t("name") }), sheet, h("label", { for: "door-number", text: t("number") }), number,
    h("label", { for: "door-reason", text: t("reason") }), reason, h("p", { class: "note", text: t("release_hint") }),
    h("div", { class: "row" },
      button({ testid: "release", text: t("release") }, () => send("release", () => t("released"))),
      button({ class: "quiet", testid: "void-one", text: t("void_one") }, () => send("void", (body) => t("voided", { count: body.voided })))));
}

start();
