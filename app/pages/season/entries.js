// @ts-check
// The names of a season by stage: read when a stage is looked at, drawn some at a time, filtered as one types. Portraits
// are shown only where the list is short.

/** @import { Context } from "./boards.js" */
/** @import { Entry, Stage } from "./types.js" */
import { button, h, setAttribute, setText, show } from "../console/dom.js";
import { firstStage, isPublic, matching, NAMES_AT_ONCE, PORTRAITS_MAX, standingOf } from "./model.js";

const READ_AT_ONCE = 1000;

/**
 * @param {Context} context
 * @param {boolean} staff
 * @param {(path: string) => Promise<any>} readPath
 */
export function entriesSection({ t, season }, staff, readPath) {
  /** @type {Map<Stage, Entry[]>} */
  const known = new Map();
  /** @type {Stage|null} */
  let stage = null;
  let shown_max = NAMES_AT_ONCE;
  const said = h("p", { class: "fine", role: "status", testid: "entries-count" });
  const list = h("ul", { class: "entries", testid: "entries" });
  const find = h("input", { id: "find", type: "search", autocomplete: "off", testid: "find" });
  const more = button({ class: "button more no-print", testid: "more" }, () => {
    shown_max += NAMES_AT_ONCE;
    draw();
  });
  /** @type {Map<Stage, HTMLElement>} */
  const chips = new Map();

  function draw() {
    const all = stage === null ? undefined : known.get(stage);
    if (stage === null || all === undefined) return;
    const found = matching(all, find.value);
    const word = t(`stage_${stage}`);
    setText(said, found.length === all.length ? t("found", { stage: word, n: all.length }) : t("found_of", { stage: word, n: found.length, all: all.length }));
    const portraits = all.length <= PORTRAITS_MAX;
    list.replaceChildren(...found.slice(0, shown_max).map((entry) => row(t, entry, portraits)));
    const left = found.length - shown_max;
    show(more, left > 0);
    setText(more, t("more", { n: Math.min(left, NAMES_AT_ONCE) }));
  }

  /** @param {Stage} wanted */
  async function choose(wanted) {
    stage = wanted;
    shown_max = NAMES_AT_ONCE;
    for (const [each, chip] of chips) setAttribute(chip, "aria-pressed", String(each === wanted));
    if (!known.has(wanted)) {
      setText(said, t("reading"));
      list.replaceChildren();
      show(more, false);
      try {
        known.set(wanted, await readAll(season, wanted, readPath));
      } catch {
        if (stage === wanted) setText(said, t("unreachable"));
        return;
      }
    }
    if (stage === wanted) draw();
  }

  /** @type {HTMLElement[]} */
  const hidden = [];
  for (const { stage: each, entries } of season.stages) {
    const word = t(`stage_${each}`);
    if (isPublic(season, each, staff)) {
      chips.set(each, button({ class: "chip", testid: `stage-${each}`, "aria-pressed": "false" }, () => void choose(each), `${word} ${entries}`));
    } else if (entries > 0 && each !== "withdrawn") hidden.push(h("span", { class: "fine", text: t("not_public", { stage: word, n: entries }) }));
  }
  find.addEventListener("input", () => {
    shown_max = NAMES_AT_ONCE;
    draw();
  });
  show(more, false);
  const begin = firstStage(season, staff);
  if (begin !== null) void choose(begin);
  return h("section", { "aria-labelledby": "entries" }, h("h2", { id: "entries", text: t("entries") }),
    h("div", { class: "entries-head" },
      h("div", { class: "links", role: "group", "aria-label": t("by_stage") }, ...chips.values()), ...hidden,
      h("div", { class: "no-print" }, h("label", { for: "find", text: t("search") }), find), said),
    list, more);
}

/** @param {Context["t"]} t @param {Entry} entry @param {boolean} portraits */
function row(t, { person, unit }, portraits) {
  const standing = [standingOf(person), unit === "" ? "" : t("nominated_by", { unit })].filter(Boolean).join(" · ");
  return h("li", { testid: "entry" },
    portraits && person.portrait_url !== "" ? h("img", { src: person.portrait_url, alt: "", width: 48, height: 48, loading: "lazy", decoding: "async" }) : null,
    h("span", {}, h("span", { class: "name", text: person.name }), h("span", { class: "org", text: standing })));
}

/** @param {Context["season"]} season @param {Stage} wanted @param {(path: string) => Promise<any>} readPath @returns {Promise<Entry[]>} */
async function readAll(season, wanted, readPath) {
  /** @type {Entry[]} */
  const entries = [];
  const path = `/shows/${encodeURIComponent(season.show.slug)}/seasons/${encodeURIComponent(season.season)}/entries`;
  for (let after = 0; ; ) {
    const page = await readPath(`${path}?stage=${wanted}&after=${after}&limit=${READ_AT_ONCE}`);
    entries.push(...page.entries);
    if (page.next === null) return entries;
    after = page.next;
  }
}
