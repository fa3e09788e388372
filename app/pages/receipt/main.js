// @ts-check
// Wires the receipt page: a receipt from the fragment (which travels to no server and stands in no log) or from the
// field, the service's answer, and the card that says what became of the ballot. It keeps nothing and sends nothing else.

import { createApi, Problem, sessionPath } from "../lib/api.js";
import { pageLanguage, translate } from "../lib/language.js";
import { byId, make, setAttribute, setText } from "../phone/dom.js";
import { grouped, isReceipt, readReceipt, receiptFromHash, verdictOf, voidedChannels } from "./look_up.js";
import { WORDS } from "./words.js";

/** @import { SessionDocument } from "../lib/types.js" */
/** @import { Found, Verdict } from "./look_up.js" */
/** @typedef {"not_a_receipt"|"receipt_not_found"|"session_not_found"|"unreachable"} Failure */

const language = pageLanguage();
const t = translate(WORDS, language);
const code = decodeURIComponent(location.pathname.split("/").filter(Boolean)[1] ?? "").toUpperCase();
const api = createApi();
const field = /** @type {HTMLTextAreaElement} */ (byId("receipt"));
/** @type {SessionDocument|null} */
let session = null;
/** Grows with each look-up: an answer to an earlier one is dropped. */
let asked = 0;

/** @param {number} at_ms in Shanghai, to the second */
function timeText(at_ms) {
  return new Date(at_ms).toLocaleString(language === "zh" ? "zh-CN" : "en-GB", {
    timeZone: "Asia/Shanghai", hour12: false, year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
}

/** @param {string} kind @param {(Node|string|null)[]} parts */
function show(kind, ...parts) {
  const root = byId("answer");
  root.dataset.kind = kind;
  root.replaceChildren(...parts.filter((part) => part !== null));
}

/** @param {Failure} kind @param {Record<string, string|number>} [values] */
function showFailure(kind, values) {
  show(kind, make("h2", {}, t(kind)), make("p", {}, t(`${kind}_more`, values)));
}

/** @param {string} key @returns {string} the name that the session gives it */
function choiceName(key) {
  const names = [...(session?.contestants ?? []), ...(session?.rounds.flatMap((round) => round.choices) ?? [])];
  return names.find((each) => each.key === key)?.name ?? key;
}

/** @param {Found} found @param {Verdict} verdict @param {{reason: string}} more */
function showFound(found, verdict, { reason }) {
  const round = session?.rounds.find(({ number }) => number === found.round);
  const run = found.run > 1 || (round?.run ?? 1) > 1 ? `（${t("run_n", { run: found.run })}）` : "";
  /** @type {[string, string|Node, string][]} */
  const rows = [
    [t("receipt"), make("code", {}, grouped(found.receipt)), "found-receipt"],
    [t("chose"), found.choices === null ? t(verdict === "void" ? "chose_void" : "chose_hidden") : found.choices.map(choiceName).join("、"), "found-choices"],
    [t("round"), `${t("round_n", { number: found.round })} ${round?.title ?? ""}${run}`, "found-round"],
    [t("accepted"), timeText(found.accepted_at_ms), "found-time"],
    [t("channel"), session?.channels.find(({ key }) => key === found.channel)?.name || found.channel, "found-channel"],
    [t("place"), String(found.seq), "found-seq"],
    ...(reason ? [/** @type {[string, string, string]} */ ([t("reason"), reason, "found-reason"])] : []),
  ];
  const more = t(`${verdict}_more`);
  const ledger = `/api/v1${sessionPath(code)}/rounds/${found.round}/ledger?run=${found.run}`;
  show(
    verdict,
    make("h2", {}, t(verdict)),
    more ? make("p", {}, more) : null,
    make("dl", {}, ...rows.map(([name, value, testid]) => make("div", {}, make("dt", {}, name), make("dd", { "data-testid": testid }, value)))),
    found.choices === null ? null : make("p", {}, make("a", { href: ledger, download: true }, t("ledger"))),
  );
}

/** @param {Found} found @returns {Promise<any>} its run's result, null where it cannot be read */
async function resultOf(found) {
  try {
    return await api.get(`${sessionPath(code)}/rounds/${found.round}/result?run=${found.run}`);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return null;
  }
}

/** @param {string} receipt */
async function lookUp(receipt) {
  const turn = (asked += 1);
  if (!isReceipt(receipt)) {
    showFailure("not_a_receipt", { count: receipt.length });
    return;
  }
  show("looking", make("p", {}, t("looking")));
  try {
    const [found] = await Promise.all([/** @type {Promise<Found>} */ (api.get(`${sessionPath(code)}/receipts/${receipt}`)), readSession()]);
    const result = found.counted === false && found.phase !== "void" && !found.held ? await resultOf(found) : null;
    if (turn !== asked) return;
    const round = session?.rounds.find(({ number, run }) => number === found.round && run === found.run);
    showFound(found, verdictOf(found, voidedChannels(result)), { reason: found.phase === "void" ? (round?.void_reason ?? "") : "" });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (turn === asked) showFailure(error.status !== 404 ? "unreachable" : error.code === "session_not_found" ? "session_not_found" : "receipt_not_found");
  }
}

/** For names and a void's reason, anew at each look-up: without it the answer shows keys. */
async function readSession() {
  try {
    session = await api.get(sessionPath(code));
    setText(byId("session"), session?.title || code);
    byId("rehearsal").hidden = !session?.rehearsal;
    setText(byId("rehearsal"), session?.rehearsal ? t("rehearsal") : "");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}

/** The whole receipt is to be seen, in whatever size of type. */
function fitField() {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 4}px`;
}

function fromAddress() {
  const receipt = receiptFromHash(location.hash);
  if (!receipt) return;
  field.value = grouped(receipt);
  fitField();
  void lookUp(receipt);
}

function start() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = t("title");
  setText(byId("session"), code);
  for (const [id, word] of /** @type {const} */ ([["title", "title"], ["about-is", "about_is"], ["about-not", "about_not"], ["label", "label"], ["hint", "hint"], ["look", "look"], ["vote", "vote"], ["report", "report"], ["other-language", "other_language"]])) {
    setText(byId(id), t(word));
  }
  const lang = language === "en" ? "?lang=en" : "";
  setAttribute(byId("vote"), "href", `/v/${encodeURIComponent(code)}${lang}`);
  setAttribute(byId("report"), "href", `/report/${encodeURIComponent(code)}${lang}`);
  const other = byId("other-language");
  setAttribute(other, "lang", language === "zh" ? "en" : "zh-CN");
  // Not an href: the fragment must come along, and only the browser knows it at that moment.
  setAttribute(other, "href", language === "zh" ? "?lang=en" : "?lang=zh");
  other.addEventListener("click", () => setAttribute(other, "href", `${language === "zh" ? "?lang=en" : "?lang=zh"}${location.hash}`));
  byId("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const receipt = readReceipt(field.value);
    void lookUp(receipt);
    byId("answer").focus({ preventScroll: true });
    byId("answer").scrollIntoView({ block: "nearest" });
  });
  field.addEventListener("input", fitField);
  for (const event of ["load", "resize"]) addEventListener(event, fitField);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault(); // A receipt has one line; the key on a phone's keyboard says "search".
    /** @type {HTMLFormElement} */ (byId("form")).requestSubmit();
  });
  addEventListener("hashchange", fromAddress);
  void readSession();
  fromAddress();
}

start();
