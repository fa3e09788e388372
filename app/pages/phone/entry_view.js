// @ts-check
// Draws the box about getting in: what is needed, what was wrong with a ticket, a field to type one; with its words,
// Chinese and English. It decides nothing. Few phones need it: it is loaded when one does.

import { clockText } from "../lib/format.js";
import { translate } from "../lib/language.js";
import { make } from "./dom.js";

/** @import { Language } from "../lib/format.js" */
/** @import { ProblemFields } from "../lib/types.js" */
export const ENTRY_WORDS = /** @type {const} */ ({
  ticket_required: ["本渠道凭票投票", "A ticket is needed here"],
  ticket_required_more: ["请扫描票上的二维码，或输入票号。", "Scan the code on your ticket, or type it."],
  ticket_not_found: ["没有找到这张票", "This ticket is not known"],
  ticket_not_found_more: ["请对照票面核对后再输入。", "Check it against the paper and try again."],
  ticket_used: ["这张票已在另一部手机上使用", "This ticket was used on another phone"],
  ticket_used_at: ["使用时间 {time}。如非本人使用，请联系现场工作人员。", "Used at {time}. If that was not you, ask an usher."],
  ticket_void: ["这张票已作废", "This ticket was withdrawn"],
  ticket_void_more: ["请向现场工作人员换票。", "Ask an usher for another."],
  wechat_required: ["本渠道需用微信登录", "Signing in by WeChat is needed here"],
  wechat_required_more: ["请在微信中打开本页并登录。", "Open this page in WeChat and sign in."],
  session_ended: ["本场活动已结束", "This session is over"],
  session_ended_more: ["个人数据已按公布的日期销毁。", "Its personal data was destroyed on the published date."],
  too_many: ["正在排队进入", "Waiting to get in"],
  too_many_more: ["同一网络进入的人很多，请保留本页，会自动重试。", "Many are joining from this network. Stay on this page; it tries again by itself."],
  ticket_label: ["票号", "Ticket"],
  ticket_submit: ["用票进入", "Use this ticket"],
  wechat_go: ["微信登录", "Sign in by WeChat"],
  goes_on: ["您仍可按原来的身份参与。", "You can still take part as before."],
});

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
