// @ts-check
// The QR for the hall: black on white, as large as the screen lets it be, with the link and the short code beside it.

/** @import { Context } from "./context.js" */
/** @import { SessionDocument } from "./types.js" */
import { button, h } from "./dom.js";

/**
 * @param {Context} context
 * @param {SessionDocument} session
 */
export function hallScreen({ t }, session) {
  const link = new URL(session.links.vote, session.links.base || location.origin).href;
  const dialog = h("dialog", { class: "hall", "aria-labelledby": "hall-title", testid: "hall" },
    h("img", { class: "hall-qr", src: session.links.qr, alt: `${t("hall_scan")} ${link}` }),
    h("div", { class: "hall-text" },
      h("h2", { id: "hall-title", text: t("hall_scan") }),
      h("p", { class: "hall-session", text: session.title }),
      h("p", { class: "hall-code" }, h("span", { text: t("hall_code") }), h("strong", { text: session.code })),
      h("p", { class: "hall-link", text: link.replace(/^https?:\/\//u, "") }),
      h("div", { class: "row" },
        button({ class: "plain-button", text: t("full_screen") }, () => {
          if (document.fullscreenElement) void document.exitFullscreen();
          else dialog.requestFullscreen().catch(() => undefined); // Some tablets have no full screen; the dialog fills the page.
        }),
        button({ class: "plain-button", testid: "hall-close", text: t("close") }, () => dialog.close()))));
  dialog.addEventListener("close", () => {
    if (document.fullscreenElement) void document.exitFullscreen();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}
