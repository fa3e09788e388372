// @ts-check
// Draws the box about getting in: what is needed, what was wrong with a ticket, a field to type one. It decides nothing.

import { clockText } from "../lib/format.js";
import { translate } from "../lib/language.js";
import { make } from "./dom.js";
import { ENTRY_WORDS } from "./entry_words.js";

/** @import { Language } from "../lib/format.js" */
/** @import { ProblemFields } from "../lib/types.js" */
/** Codes of refusals that this box explains. */
export const ENTRY_CODES = new Set([
  "ticket_required", "ticket_not_found", "ticket_used", "ticket_void", "wechat_required", "session_ended", "too_many_requests",
]);

/**
 * @typedef {object} Notice
 * @property {ProblemFields} problem
 * @property {string|null} start where to sign in
 * @property {boolean} goesOn the phone has another identity here
 */

export class EntryView {
  #root;
  #language;
  #t;
  #onTicket;
  #drawn = "";

  /** @param {{root: HTMLElement, language: Language, onTicket: (ticket: string) => void}} settings */
  constructor({ root, language, onTicket }) {
    this.#root = root;
    this.#language = language;
    this.#t = translate(ENTRY_WORDS, language);
    this.#onTicket = onTicket;
  }

  /** @param {Notice|null} notice null takes the box away */
  draw(notice) {
    const drawn = JSON.stringify(notice);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#root.hidden = notice === null;
    this.#root.replaceChildren(...(notice ? this.#body(notice) : []));
  }

  /** @param {Notice} notice @returns {HTMLElement[]} */
  #body({ problem, start, goesOn }) {
    const [title, more] = this.#sentences(problem);
    const parts = [
      make("h2", { role: "alert", "data-testid": "entry-said", "data-code": problem.code }, title),
      make("p", {}, goesOn ? `${more} ${this.#t("goes_on")}` : more),
    ];
    if (start) parts.push(make("div", { class: "actions" }, make("a", { class: "primary", href: start, "data-testid": "entry-wechat" }, this.#t("wechat_go"))));
    if (problem.code.startsWith("ticket_")) parts.push(this.#form());
    return parts;
  }

  /** @param {ProblemFields} problem @returns {[string, string]} */
  #sentences(problem) {
    const t = this.#t;
    switch (problem.code) {
      case "ticket_required":
        return [t("ticket_required"), t("ticket_required_more")];
      case "ticket_not_found":
        return [t("ticket_not_found"), t("ticket_not_found_more")];
      case "ticket_used": {
        const time = clockText(Number(/** @type {any} */ (problem).used_at_ms) || 0, this.#language);
        return [t("ticket_used"), t("ticket_used_at", { time })];
      }
      case "ticket_void":
        return [t("ticket_void"), t("ticket_void_more")];
      case "wechat_required":
        return [t("wechat_required"), t("wechat_required_more")];
      case "session_ended":
        return [t("session_ended"), t("session_ended_more")];
      case "too_many_requests":
        return [t("too_many"), t("too_many_more")];
      default:
        throw new TypeError(`no such refusal: ${problem.code}`);
    }
  }

  #form() {
    const t = this.#t;
    const field = /** @type {HTMLInputElement} */ (make("input", {
      id: "ticket", name: "ticket", autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
      maxlength: "40", placeholder: "XXXXX-XXXXX", "data-testid": "ticket-field",
    }));
    const form = make("form", { class: "ticket" }, make("label", { for: "ticket" }, t("ticket_label")), field,
      make("button", { type: "submit", class: "primary", "data-testid": "ticket-submit" }, t("ticket_submit")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (field.value.trim()) this.#onTicket(field.value.trim());
      else field.focus();
    });
    return form;
  }
}
