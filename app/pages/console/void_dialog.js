// @ts-check
// Asks for the reason of a void: the reason is the confirmation. Sends nothing itself.

/** @import { Context } from "./context.js" */
import { button, h } from "./dom.js";

/**
 * @param {Context} context
 * @param {number} round
 * @param {(reason: string) => void} confirmed
 */
export function openVoidDialog({ t }, round, confirmed) {
  const input = h("input", { id: "void-reason", testid: "void-reason", maxlength: 200, autocomplete: "off", required: true });
  const presets = /** @type {const} */ (["void_preset_1", "void_preset_2", "void_preset_3"]).map((key) =>
    button({ class: "quiet", text: t(key) }, () => {
      input.value = t(key);
      input.focus();
    }));
  const form = h("form", {},
    h("h2", { id: "void-title", text: t("void_title", { n: round }) }),
    h("label", { for: "void-reason", text: t("void_reason") }), input, h("div", { class: "row" }, ...presets),
    h("div", { class: "row end" }, button({ class: "quiet", text: t("cancel") }, () => dialog.close()),
      h("button", { type: "submit", class: "danger", testid: "void-confirm", text: t("void") })));
  const dialog = h("dialog", { class: "panel void-dialog", "aria-labelledby": "void-title" }, form);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const reason = input.value.trim();
    if (reason === "") {
      input.focus();
      return;
    }
    dialog.close();
    confirmed(reason);
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
}
