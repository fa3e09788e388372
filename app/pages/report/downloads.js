// @ts-check
// The downloads, made in the browser from what the page already holds: nothing more is asked of the service.

/** @import { Context } from "./context.js" */
import { button, h } from "../console/dom.js";
import { sidesOf } from "./context.js";
import { resultsCsv, timelineCsv } from "./csv.js";

/** Long enough for a slow disk's dialog; the page is often left open for days. */
const REVOKE_AFTER_MS = 60_000;

/**
 * @param {string} name
 * @param {string} type
 * @param {string} text
 */
function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_AFTER_MS);
}

/** @param {Context} context */
export function downloadsSection({ t, language, report, results, external }) {
  const name = `arena-${report.session.code}`;
  return h("section", { class: "downloads", "aria-labelledby": "downloads-title" },
    h("h2", { id: "downloads-title", text: t("downloads") }),
    h("div", { class: "row" },
      button({ testid: "download-csv", text: t("download_results") }, () => save(`${name}-results.csv`, "text/csv;charset=utf-8", resultsCsv(report))),
      button({ testid: "download-timeline", text: t("download_timeline") }, () => save(`${name}-timeline.csv`, "text/csv;charset=utf-8", timelineCsv(report, sidesOf(report)))),
      button({ testid: "download-json", text: t("download_json") }, () =>
        save(`${name}.json`, "application/json", `${JSON.stringify({ ...report, results: Object.fromEntries(results), external }, null, 2)}\n`)),
      h("a", { class: "button", href: `/receipt/${encodeURIComponent(report.session.code)}${language === "en" ? "?lang=en" : ""}`, testid: "check-receipt", text: t("check_receipt") }),
      button({ testid: "print", text: t("print") }, () => window.print())));
}
