// @ts-check
// Draws tickets for paper: pages of fifteen, each with its QR code, its number and the code to type, in both languages.

import { h } from "../console/dom.js";

/** @typedef {{number: number, secret: string, url: string, qr: string}} Ticket */
/** @typedef {{show: string, title: string, channel: string, channelKey: string, sheet: string, rehearsal: boolean}} About */

export const TICKETS_A_PAGE = 15;

/**
 * Deal tickets to pages.
 * @template T
 * @param {readonly T[]} tickets
 * @returns {T[][]}
 */
export function paged(tickets) {
  const pages = [];
  for (let from = 0; from < tickets.length; from += TICKETS_A_PAGE) pages.push(tickets.slice(from, from + TICKETS_A_PAGE));
  return pages;
}

/**
 * Name what a ticket is for. One of a rehearsal says so first: it must not be handed out on the day.
 * @param {Pick<About, "show"|"title"|"rehearsal">} about
 */
export function headOf({ show, title, rehearsal }) {
  return (rehearsal ? "彩排 REHEARSAL · " : "") + (title || show);
}

/** @param {About} about @param {readonly Ticket[]} tickets @returns {HTMLElement[]} */
export function drawPages(about, tickets) {
  return paged(tickets).map((some) => h("section", { class: "page" }, ...some.map((each) => drawTicket(about, each))));
}

/** @param {About} about @param {Ticket} ticket */
function drawTicket(about, { number, secret, url, qr }) {
  return h("article", { class: "ticket", testid: "ticket" },
    h("p", { class: "show", text: headOf(about) }),
    h("div", { class: "middle" },
      h("img", { class: "qr", src: qr, alt: `QR ${number}`, width: 128, height: 128 }),
      h("div", { class: "facts" },
        h("p", { class: "number" }, h("small", { text: "编号 No." }), h("b", { text: String(number) })),
        h("p", { class: "channel" }, h("b", { text: about.channel }), about.channel === about.channelKey ? null : h("small", { text: about.channelKey })),
        h("p", { class: "block", text: about.sheet }))),
    h("p", { class: "secret" }, h("small", { text: "票号 Code" }), h("b", { text: secret })),
    h("p", { class: "how" }, "微信或相机扫码投票，一票一人", h("br"), "Scan to vote, one person each", h("br"), h("span", { text: new URL(url).host + new URL(url).pathname })));
}
