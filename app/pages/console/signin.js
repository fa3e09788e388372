// @ts-check
// The sign-in field, for a token that did not come with the address.

/** @import { Words } from "./context.js" */
/** @import { Language, Problem } from "./types.js" */
import { readPasted } from "./address.js";
import { h, setOff, setText } from "./dom.js";
import { problemSentence } from "./problems.js";

/**
 * @param {{t: Words, language: Language, submit: (token: string, session: string|null) => Promise<Problem|null>, problem: Problem|null}} options
 * @returns {HTMLElement}
 */
export function signinScreen({ t, language, submit, problem }) {
  const input = h("input", {
    type: "password", id: "signin", testid: "signin-token", autocomplete: "off", spellcheck: "false", "aria-describedby": "signin-hint signin-problem",
  });
  const go = h("button", { type: "submit", class: "primary big", testid: "signin-submit", text: t("signin_submit") });
  const said = h("p", { class: "complaint", id: "signin-problem", role: "alert", testid: "problem", text: problem === null ? "" : problemSentence(problem, language) });
  const form = h("form", { class: "panel signin" },
    h("h1", { text: t("signin_title") }), h("label", { for: "signin", text: t("signin_label") }), input,
    h("p", { class: "note", id: "signin-hint", text: t("signin_hint") }), go, said);
  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { token, session } = readPasted(input.value);
    if (token === null || busy) {
      input.focus();
      return;
    }
    busy = true;
    setOff(go, true);
    setText(said, t("signin_checking"));
    const refused = await submit(token, session);
    busy = false;
    setOff(go, false);
    setText(said, refused === null ? "" : problemSentence(refused, language));
  });
  return h("main", { class: "signin-screen" }, form);
}
