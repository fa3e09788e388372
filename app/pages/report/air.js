// @ts-check
// The programme's course as it was seen, for the crew: what was put on air when and by whom, and which overlay showed it.

/** @import { Context } from "./context.js" */
/** @import { AirEntry } from "./types.js" */
import { h } from "../console/dom.js";
import { shanghai } from "./context.js";
import { WORDS } from "./words.js";

/** More are in the CSV: nobody reads so many on a page. */
const ROWS_MAX = 400;

/**
 * @param {Context} context
 * @param {AirEntry[]} entries none for who is not of the crew
 * @returns {HTMLElement|null}
 */
export function airSection({ t, language }, entries) {
  if (entries.length === 0) return null;
  const head = [t("time"), t("air_what"), t("air_where"), t("air_scene"), t("air_version"), t("air_more")];
  return h("section", { class: "external", "aria-labelledby": "air-title", testid: "air" },
    h("h2", { id: "air-title", text: t("air") }), h("p", { class: "fine", text: t("air_note") }),
    h("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "air-title" }, h("table", { class: "words" },
      h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, ...entries.slice(-ROWS_MAX).map((entry) => h("tr", {},
        h("th", { scope: "row", text: shanghai(entry.at_ms, language, "time") }),
        h("td", { text: word(t, entry.kind === "scene" ? "air_take" : `air_${entry.kind}`, entry.kind) }),
        h("td", { text: entry.actor || entry.name || entry.overlay }),
        h("td", { text: word(t, `air_scene_${entry.scene}`, entry.scene) }),
        h("td", { text: entry.version === null ? "" : `${entry.epoch ?? ""}-${entry.version}` }),
        h("td", { text: more(t, entry) })))))));
}

/** @param {Context["t"]} t @param {AirEntry} entry */
function more(t, { fps, visible, stale_ms, behind_ms }) {
  const parts = [fps === null ? "" : `${Math.round(fps)} fps`, visible === false ? t("air_hidden") : ""];
  if (behind_ms !== null && behind_ms >= 1000) parts.push(t("air_behind", { s: (behind_ms / 1000).toFixed(1) }));
  if (stale_ms) parts.push(t("air_stale", { s: Math.round(stale_ms / 1000) }));
  return parts.filter((part) => part !== "").join(" · ");
}

/** @param {Context["t"]} t @param {string} key @param {string} otherwise */
function word(t, key, otherwise) {
  return key in WORDS ? t(/** @type {keyof typeof WORDS} */ (key)) : otherwise;
}
