// @ts-check
// Wires the console: reads the token out of the address, signs in, and shows the list or a session by the hash.
// The token is kept for this tab only and never stays in the address bar.

/** @import { Context } from "./context.js" */
/** @import { Me, Problem } from "./types.js" */
import { pageLanguage, translate } from "../lib/language.js";
import { keepIn } from "../lib/storage.js";
import { readHash, sessionHash, TOKEN_KEY } from "./address.js";
import { Caller } from "./caller.js";
import { wordFor } from "./context.js";
import { openDesk } from "./desk.js";
import { button, h, setText, show } from "./dom.js";
import { listScreen } from "./list.js";
import { problemSentence } from "./problems.js";
import { signinScreen } from "./signin.js";
import { WORDS } from "./words.js";

const language = pageLanguage();
const t = translate(WORDS, language);
const kept = keepIn(tabArea());
const app = /** @type {HTMLElement} */ (document.getElementById("app"));

/** @type {Me|null} */
let me = null;
/** @type {Caller|null} */
let caller = null;
/** @type {(() => void)|null} how to leave the present screen */
let leave = null;

/** @returns {Storage|null} */
function tabArea() {
  try {
    return globalThis.sessionStorage;
  } catch {
    return null; // Forbidden by the browser: the token then lives as long as the page.
  }
}

/** Take a token out of the address and put the address right. @returns {string|null} the session asked for */
function takeHash() {
  const { token, session } = readHash(location.hash);
  if (token !== null) {
    kept.set(TOKEN_KEY, token);
    history.replaceState(null, "", `${location.pathname}${location.search}${sessionHash(session)}`);
  }
  return session;
}

/** @param {string|null} session */
function go(session) {
  const hash = sessionHash(session);
  if (location.hash === hash) void render();
  else location.hash = hash;
}

function signOut() {
  kept.remove(TOKEN_KEY);
  me = null;
  caller = null;
  void render();
}

/**
 * @param {string} token
 * @returns {Promise<Problem|null>}
 */
async function signIn(token) {
  const trying = new Caller(token);
  const answer = await trying.read("/me");
  if (!answer.ok) return answer.problem;
  if (answer.body.kind !== "access") return { code: "device", title: t("signin_device"), detail: "", status: 0 };
  me = answer.body;
  caller = trying;
  kept.set(TOKEN_KEY, token);
  return null;
}

async function render() {
  leave?.();
  leave = null;
  const before = kept.get(TOKEN_KEY);
  const wanted = takeHash();
  const token = kept.get(TOKEN_KEY);
  if (token !== before) me = null;
  if (typeof token !== "string") {
    app.replaceChildren(signinScreen({ t, language, submit: enter, problem: null }));
    return;
  }
  if (me === null || caller === null) {
    app.replaceChildren(h("p", { class: "plain", role: "status", text: t("signin_checking") }));
    const problem = await signIn(token);
    if (problem !== null) {
      if (problem.status === 401 || problem.status === 403) kept.remove(TOKEN_KEY);
      app.replaceChildren(signinScreen({ t, language, submit: enter, problem }));
      return;
    }
  }
  if (me !== null && caller !== null) showScreen(me, caller, wanted ?? me.session);
}

/**
 * @param {string} token
 * @param {string|null} session
 */
async function enter(token, session) {
  const problem = await signIn(token);
  if (problem === null) {
    if (session !== null) go(session);
    else void render();
  }
  return problem;
}

/**
 * @param {Me} who
 * @param {Caller} line
 * @param {string|null} session
 */
function showScreen(who, line, session) {
  const { bar, say } = problemBar();
  /** @type {Context} */
  const context = { caller: line, me: who, can: new Set(who.can), language, t, say, go, signOut };
  document.body.dataset["screen"] = session === null ? "list" : "desk";
  const identity = h("div", { class: "identity" },
    h("span", { class: "role", testid: "role", text: wordFor(t, `role_${who.role}`) }),
    who.name === "" ? null : h("span", { class: "who", text: who.name }),
    button({ class: "quiet small", testid: "sign-out", text: t("sign_out") }, signOut));
  if (session === null) {
    const head = h("header", { class: "top" }, h("strong", { class: "brand", text: `先锋擂台 ${t("console")}` }), identity);
    app.replaceChildren(head, bar, listScreen(context));
    document.title = `${t("console")} · 先锋擂台`;
    return;
  }
  const desk = openDesk(context, session, identity);
  app.replaceChildren(desk.head, bar, desk.banner, desk.root);
  leave = desk.close;
}

/** One line that stays until it is dismissed or the next action succeeds. */
function problemBar() {
  const text = h("span", { testid: "problem" });
  const bar = h("div", { class: "problem-bar", role: "alert", hidden: true }, text,
    button({ class: "quiet small", text: t("dismiss") }, () => show(bar, false)));
  /** @param {Problem|null} problem */
  const say = (problem) => {
    show(bar, problem !== null);
    setText(text, problem === null ? "" : problemSentence(problem, language));
  };
  return { bar, say };
}

document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
window.addEventListener("hashchange", () => void render());
void render();
