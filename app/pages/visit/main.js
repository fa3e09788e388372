// @ts-check
// Wires a request's page: without a receipt in the address the form, with `#token=…` how that request stands. The
// receipt stands behind the #, which no server sees; this device keeps it, so that who asked finds it again.

/** @import { OwnVisit } from "./types.js" */
import { h } from "../console/dom.js";
import { createApi, Problem, sessionPath } from "../lib/api.js";
import { pageLanguage, translate } from "../lib/language.js";
import { keepIn } from "../lib/storage.js";
import { tabArea } from "../phone/entry.js";
import { linkTo, partsOf, sayInstead, sessionText } from "../season/common.js";
import { visitForm } from "./form.js";
import { ownView } from "./own.js";
import { readReceipts, receiptLink, receiptOf } from "./request.js";
import { WORDS } from "./words.js";

const KEPT_MAX = 10;

const language = pageLanguage();
const t = translate(WORDS, language);
const root = /** @type {HTMLElement} */ (document.getElementById("visit"));
const api = createApi();
const kept = keepIn();
const code = (partsOf(location.pathname)[0] ?? "").toUpperCase();
const receiptsKey = `arena.visits.${code}`;
const formAddress = linkTo(`/visit/${encodeURIComponent(code)}`, location.search);

/** What the address asked for last: an answer to what was asked before must not take its place. */
let turn = 0;

/** @param {OwnVisit} visit @param {string} receipt @param {{fresh?: boolean, said?: string}} [how] */
function showOwn(visit, receipt, { fresh = false, said = "" } = {}) {
  root.replaceChildren(ownView({
    t, language, visit, receipt, fresh, said, another: formAddress,
    refresh: () => void follow(receipt), withdraw: () => void withdraw(receipt),
  }));
}

/** @param {string} receipt @param {string} [said] */
async function follow(receipt, said = "") {
  const own = ++turn;
  try {
    const visit = await api.get(`/visits/${encodeURIComponent(receipt)}`);
    if (own === turn) showOwn(visit, receipt, { said });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (own === turn) sayInstead(root, t(error.status === 404 || error.status === 422 ? "not_found" : "unreachable"));
  }
}

/** @param {string} receipt */
async function withdraw(receipt) {
  const own = ++turn;
  try {
    // The same again changes nothing, so that a lost answer may be asked for once more.
    const visit = await api.post(`/visits/${encodeURIComponent(receipt)}/withdraw`, {}, { repeatable: true });
    if (own === turn) showOwn(visit, receipt);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await follow(receipt, t(error.status === 409 ? "not_now" : "unreachable"));
  }
}

/** @param {OwnVisit} visit */
function done(visit) {
  const { receipt } = visit;
  if (receipt === null) return;
  kept.set(receiptsKey, [receipt, ...readReceipts(kept.get(receiptsKey)).filter((each) => each !== receipt)].slice(0, KEPT_MAX));
  turn += 1;
  // Not by `location.hash`: that would be heard as a new question.
  history.pushState(null, "", receiptLink(formAddress, receipt));
  showOwn(visit, receipt, { fresh: true });
  scrollTo(0, 0);
}

/** @param {string} show @param {string} session */
function sessionLine(show, session) {
  return session.includes(show) ? session : `${show} · ${session}`;
}

async function showForm() {
  const own = ++turn;
  try {
    const [session, about] = await Promise.all([api.get(sessionPath(code)), api.get("/about").catch(() => null)]);
    if (own !== turn) return;
    if (session.status === "draft") {
      sayInstead(root, t("no_session"));
      return;
    }
    const earlier = readReceipts(kept.get(receiptsKey));
    const links = earlier.map((receipt, index) => h("a", { class: "chip", href: receiptLink(formAddress, receipt), text: t("earlier_n", { n: earlier.length - index }) }));
    root.replaceChildren(h("div", { class: "narrow" },
      h("header", { class: "head" }, h("p", { class: "over", text: sessionLine(session.show.name, sessionText(session, language)) }),
        h("h1", { text: t("title") }), h("p", { text: t("lead") })),
      links.length ? h("nav", { "aria-label": t("earlier"), testid: "earlier", class: "links" }, ...links) : null,
      visitForm({
        t, api, session, days: about?.purge_days ?? null, tab: keepIn(tabArea()), done,
        privacy: linkTo("/privacy", location.search, { session: code }),
      }),
      h("p", { class: "links no-print" }, h("a", { href: linkTo(`/v/${encodeURIComponent(code)}`, location.search), testid: "to-session", text: t("to_session") }))));
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (own === turn) sayInstead(root, t(error.status === 404 ? "no_session" : "unreachable"));
  }
}

function showWhatIsAsked() {
  const receipt = receiptOf(location.hash);
  if (receipt !== null) void follow(receipt);
  else if (/^[A-Z0-9]{4,12}$/u.test(code)) void showForm();
  else sayInstead(root, t("no_code"));
}

document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
document.title = `${t("title")} ${code}`;
addEventListener("hashchange", showWhatIsAsked);
showWhatIsAsked();
