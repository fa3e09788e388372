// @ts-check
// Draws a request as the one who made it follows it: how far it is, when and where, the link to keep, and the way to
// take it back. It never shows name or telephone; the service does not send them here.

/** @import { Language } from "../lib/format.js" */
/** @import { OwnVisit } from "./types.js" */
/** @import { Words } from "./form.js" */
import { button, h, setText } from "../console/dom.js";
import { dayText, linkTo, timeText } from "../season/common.js";
import { receiptLink, stepsOf } from "./request.js";

const CONFIRM_MS = 4000;

/**
 * @param {object} given
 * @param {Words} given.t
 * @param {Language} given.language
 * @param {OwnVisit} given.visit
 * @param {string} given.receipt
 * @param {boolean} given.fresh whether it was made just now
 * @param {string} given.said
 * @param {string} given.another the address of an empty form
 * @param {() => void} given.refresh
 * @param {() => void} given.withdraw
 */
export function ownView({ t, language, visit, receipt, fresh, said, another, refresh, withdraw }) {
  const steps = stepsOf(visit.state).map(({ step, done }) => h("li", { class: done ? "done" : "", "aria-current": step === visit.state ? "step" : null },
    h("span", { "aria-hidden": "true", text: done ? "✓ " : "" }), t(`step_${step}`), done ? h("span", { class: "unseen", text: ` ${t("step_done")}` }) : null));
  /** @param {string} term @param {string} text @param {string} [testid] */
  const fact = (term, text, testid) => (text === "" ? null : h("div", {}, h("dt", { text: term }), h("dd", { testid, text })));
  const timed = visit.starts_at_ms !== null && (visit.state === "scheduled" || visit.state === "delivered");
  const when = visit.starts_at_ms === null ? "" : t("minutes", { time: timeText(visit.starts_at_ms, language), n: visit.duration_min ?? 0 });
  return h("div", { class: "narrow" },
    h("header", { class: "head" }, h("p", { class: "over", text: t("title") }), h("h1", { text: visit.organisation })),
    fresh ? receiptBox(t, receiptLink(location.origin + another, receipt), true) : null,
    h("div", { class: "state", testid: "state", "data-state": visit.state, role: "status" }, h("strong", { text: t(`state_${visit.state}`) }),
      visit.reason === "" ? null : h("p", { testid: "reason", text: `${t("reason")}${language === "zh" ? "：" : ": "}${visit.reason}` })),
    steps.length ? h("ol", { class: "steps" }, ...steps) : null,
    h("p", { class: "said", role: "status", testid: "said", text: said }),
    h("dl", { class: "facts" },
      fact(t("guest"), visit.contestant.name), fact(t("session"), visit.session_title || visit.session), fact(t("topic"), visit.topic),
      timed ? fact(t("starts_at"), when, "starts-at") : null, timed ? fact(t("place"), visit.place, "place") : null,
      fact(t("asked_at"), timeText(visit.asked_at_ms, language)), fact(t("purge_at"), dayText(visit.purge_at_ms, language))),
    h("div", { class: "row no-print" },
      timed ? h("a", { class: "button primary", href: `/api/v1/visits/${encodeURIComponent(receipt)}/calendar.ics`, download: "visit.ics", testid: "calendar", text: t("calendar") }) : null,
      button({ class: "button", testid: "refresh", text: t("refresh") }, refresh),
      visit.allowed.includes("withdraw") ? withdrawButton(t, withdraw) : null),
    fresh ? null : receiptBox(t, receiptLink(location.origin + another, receipt), false),
    h("p", { class: "links no-print" }, h("a", { href: another, testid: "another", text: t("another") }),
      h("a", { href: linkTo(`/v/${encodeURIComponent(visit.session)}`, location.search), testid: "to-session", text: t("to_session") })));
}

/** @param {Words} t @param {() => void} withdraw */
function withdrawButton(t, withdraw) {
  let armed = false;
  const own = button({ class: "button", testid: "withdraw", text: t("withdraw") }, () => {
    if (armed) {
      withdraw();
      return;
    }
    armed = true;
    setText(own, t("withdraw_sure"));
    setTimeout(() => {
      armed = false;
      setText(own, t("withdraw"));
    }, CONFIRM_MS);
  });
  return own;
}

/** @param {Words} t @param {string} address @param {boolean} fresh */
function receiptBox(t, address, fresh) {
  const link = h("input", { id: "receipt-link", readonly: true, value: address, testid: "receipt-link" });
  const said = h("span", { role: "status", class: "fine" });
  link.addEventListener("focus", () => link.select());
  const copy = button({ class: "button primary", testid: "copy", text: t("copy") }, async () => {
    try {
      await navigator.clipboard.writeText(link.value);
      setText(said, t("copied"));
    } catch {
      link.focus(); // Webviews forbid it, and pages without TLS have no clipboard.
      setText(said, t("not_copied"));
    }
  });
  return h("section", { class: "receipt", "aria-label": t("receipt_link") }, fresh ? h("h2", { text: t("receipt_title") }) : null, h("p", { text: t("receipt_text") }),
    h("div", {}, h("label", { for: "receipt-link", text: t("receipt_link") }), link), h("div", { class: "row" }, copy, said));
}
