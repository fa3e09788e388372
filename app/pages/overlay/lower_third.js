// @ts-check
// The scene `lower_third`: a name strap for each of the two, for who stands on stage alone, or for those named in ?who=; for a larger field with
// nobody named, one strap for the session itself.

import { el, portraitElement, setData, setShown, wordsElement } from "./dom.js";
import { fitText, unfit } from "./fit.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Entry} Entry */
/** @typedef {import("./words.js").Words} Words */
/**
 * @typedef {object} Strap
 * @property {string} key
 * @property {string} name
 * @property {string} title
 * @property {string} line
 * @property {Words|null} tag
 * @property {Words|null} side
 * @property {string} portrait
 */

const STRAPS_MAX = 2;

/**
 * Choose what the straps say. Pure.
 * @param {Model} model
 * @param {readonly string[]} who keys, in capitals or not
 * @returns {Strap[]} one or two, the first on the left
 */
export function strapsOf(model, who) {
  const asked = who.map((key) => model.entries.find((entry) => entry.key.toLowerCase() === key)).filter((entry) => !!entry);
  const chosen = asked.length ? asked.slice(0, STRAPS_MAX) : model.layout === "pk" ? model.entries : model.layout === "alone" ? model.entries.slice(0, 1) : [];
  if (!chosen.length) {
    const line = model.topic || (model.title === model.show ? "" : model.title);
    return [{ key: "session", name: model.show || model.title, title: "", line, tag: null, side: null, portrait: "" }];
  }
  return chosen.map((entry) => ({
    key: entry.key,
    name: entry.name,
    title: entry.title,
    line: entry.organisation,
    tag: entry.role,
    side: model.layout === "pk" ? entry.side : null,
    portrait: entry.portrait,
  }));
}

function strapElement() {
  const portrait = portraitElement("div.portrait");
  const name = el("span.name.fit");
  const title = el("span.title.fit");
  const line = el("div.strap-line.fit");
  const tag = wordsElement("div.strap-tag");
  const side = wordsElement("span.side-mark");
  const element = el("div.strap.fx", {}, [
    tag.element,
    el("div.strap-main", {}, [portrait.element, el("div.strap-names", {}, [name, side.element, title])]),
    el("div.strap-foot", {}, [line]),
  ]);
  let written = "";
  return {
    element,
    /** @param {Strap|null} strap @param {"left"|"right"} place @param {number} index in the programme */
    paint(strap, place, index) {
      setShown(element, strap !== null);
      if (!strap) return;
      setData(element, "place", place);
      setData(element, "side", strap.key === "session" ? "session" : index === 1 ? "blue" : "red");
      portrait.set(strap.portrait);
      tag.set(strap.tag);
      side.set(strap.side);
      const now = `${strap.name}|${strap.title}|${strap.line}|${strap.portrait}`;
      if (now === written) return;
      written = now;
      setShown(title, strap.title !== "");
      fitText(title, strap.title, 0.75);
      unfit(name);
      const cut = fitText(name, strap.name, 0.5);
      // A name goes before a title: the title moves down to the organisation.
      const crowded = cut && strap.title !== "";
      if (crowded) {
        setShown(title, false);
        unfit(name);
        fitText(name, strap.name, 0.5);
      }
      const below = crowded ? [strap.title, strap.line].filter(Boolean).join(" · ") : strap.line;
      setShown(line, below !== "");
      fitText(line, below, 0.7);
    },
  };
}

/** @param {{who: () => readonly string[]}} options */
export function lowerThirdScene({ who }) {
  const straps = [strapElement(), strapElement()];
  const anchor = el("div.anchor", {}, straps.map((strap) => strap.element));
  const element = el("section.scene.scene-lower", { testid: "lower-third" }, [anchor]);
  return {
    element,
    /** @param {Model} model */
    paint(model) {
      const chosen = strapsOf(model, who());
      setData(element, "count", String(chosen.length));
      straps.forEach((strap, at) => {
        const wanted = chosen[at] ?? null;
        const index = wanted ? model.entries.findIndex((entry) => entry.key === wanted.key) : -1;
        strap.paint(wanted, at === 0 ? "left" : "right", index);
      });
    },
    tick() {},
  };
}
