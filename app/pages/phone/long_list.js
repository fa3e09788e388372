// @ts-check
// Looks through a long list of choices: a field that finds by number, name or organisation, and the order by number or
// by votes. The order is made when it is asked for and then stands still, so that no card moves under a thumb; the place
// on each card goes with every tally. Loaded only where there are many.

import { translate } from "../lib/language.js";
import { make, setAttribute, setText } from "./dom.js";

/** @import { Choice, TallyDocument } from "../lib/types.js" */
/** @import { Language } from "../lib/format.js" */
/** @typedef {"number"|"votes"} Order */

const WORDS = /** @type {const} */ ({
  find: ["搜编号、姓名、单位", "Number, name, organisation"],
  order: ["排序", "Order"],
  by_number: ["编号", "Number"],
  by_votes: ["票数", "Votes"],
  nobody: ["没有找到，请换个字试试。", "Nobody found; try another word."],
  found: ["找到 {count} 位", "{count} found"],
  place: ["第{rank}名", "No. {rank}"],
});

/**
 * What the lead goes by, by key; empty where the figures are not to be seen.
 * @param {TallyDocument} document
 * @returns {Map<string, number>}
 */
function figuresOf({ tally }) {
  return new Map(tally?.choices.map(({ key, votes, score }) => [key, tally.by === "score" ? score : votes]) ?? []);
}

/**
 * The places of a tally: equal ones share one, and who has nothing has none. Pure.
 * @param {TallyDocument} document
 * @returns {Map<string, number>}
 */
export function placesOf(document) {
  const figures = figuresOf(document);
  const sorted = [...figures.values()].sort((one, other) => other - one);
  return new Map([...figures].filter(([, figure]) => figure > 0).map(([key, figure]) => [key, sorted.indexOf(figure) + 1]));
}

/**
 * The keys in the order asked for; equal ones in the order of their numbers. Pure.
 * @param {readonly Choice[]} choices @param {Order} order @param {TallyDocument|null} document
 */
export function keysInOrder(choices, order, document) {
  const figures = order === "votes" && document ? figuresOf(document) : new Map();
  const at = (/** @type {string} */ key) => figures.get(key) ?? 0;
  return choices.map(({ key }) => key).sort((one, other) => at(other) - at(one)); // Sorting keeps equal ones in place.
}

/**
 * Whether a choice is what was typed: its very number, or a piece of the words about it. Pure.
 * @param {string} typed @param {number} number @param {string} words
 */
export function isFound(typed, number, words) {
  const wanted = typed.replace(/\s/gu, "").toLowerCase();
  if (/^\d+$/u.test(wanted)) return Number(wanted) === number;
  return words.replace(/\s/gu, "").toLowerCase().includes(wanted);
}

export class LongList {
  #root;
  #cards;
  #choices;
  #t;
  #box;
  #said;
  #field;
  #buttons;
  /** @type {Order} */
  #order = "number";
  /** @type {TallyDocument|null} */
  #document = null;
  /** @type {Map<string, HTMLElement>} */
  #places = new Map();

  /** @param {{root: HTMLElement, cards: HTMLElement[], choices: Choice[], language: Language}} settings */
  constructor({ root, cards, choices, language }) {
    const t = translate(WORDS, language);
    this.#t = t;
    this.#root = root;
    this.#choices = choices;
    this.#cards = new Map(choices.map(({ key }, index) => [key, /** @type {HTMLElement} */ (cards[index])]));
    this.#field = /** @type {HTMLInputElement} */ (
      make("input", { type: "search", "aria-label": t("find"), placeholder: t("find"), autocomplete: "off", enterkeyhint: "search", maxlength: "40", "data-testid": "find" })
    );
    this.#field.addEventListener("input", () => this.#filter());
    this.#buttons = /** @type {const} */ (["number", "votes"]).map((order) => {
      const button = make("button", { type: "button", "aria-pressed": "false", "data-testid": `order-${order}` }, t(`by_${order}`));
      button.addEventListener("click", () => this.#arrange(order));
      return { order, button };
    });
    this.#said = make("p", { role: "status", "data-testid": "found" });
    const orders = make("div", { class: "orders", role: "group", "aria-label": t("order") }, ...this.#buttons.map(({ button }) => button));
    this.#box = make("div", { class: "find" }, this.#field, orders, this.#said);
    root.prepend(this.#box);
    for (const [key, card] of this.#cards) {
      const place = make("span", { class: "place", "data-testid": `place-${key}` });
      this.#places.set(key, place);
      card.append(place);
    }
    this.#mark();
  }

  /** @param {TallyDocument} document */
  draw(document) {
    this.#document = document;
    const places = placesOf(document);
    for (const [key, element] of this.#places) {
      const rank = places.get(key);
      setText(element, rank === undefined ? "" : this.#t("place", { rank }));
    }
    const shown = document.tally !== null;
    for (const { order, button } of this.#buttons) setAttribute(button, "hidden", shown || order === "number" ? null : "");
    if (!shown && this.#order === "votes") this.#arrange("number");
  }

  close() {
    this.#box.remove();
  }

  /** @param {Order} order */
  #arrange(order) {
    this.#order = order;
    const cards = keysInOrder(this.#choices, order, this.#document).map((key) => this.#cards.get(key));
    this.#root.append(.../** @type {HTMLElement[]} */ (cards));
    this.#mark();
  }

  #mark() {
    for (const { order, button } of this.#buttons) setAttribute(button, "aria-pressed", String(order === this.#order));
  }

  #filter() {
    const typed = this.#field.value;
    const searching = typed.trim() !== "";
    let count = 0;
    this.#choices.forEach(({ key }, index) => {
      const card = this.#cards.get(key);
      const found = !searching || isFound(typed, index + 1, wordsOn(card));
      setAttribute(/** @type {HTMLElement} */ (card), "hidden", found ? null : "");
      if (found) count += 1;
    });
    setText(this.#said, !searching ? "" : count ? this.#t("found", { count }) : this.#t("nobody"));
  }
}

/** Name, organisation and title as the card has them. @param {HTMLElement|undefined} card */
function wordsOn(card) {
  return [...(card?.querySelectorAll(".name, .about") ?? [])].map((each) => each.textContent).join(" ");
}
