// @ts-check
// The preflight: a button, and behind it the list of what must be right before the show. It is asked for when the window
// opens and by "again"; nothing asks by itself, because each look writes to the disk and calls the public address.

/** @import { Context } from "./context.js" */
/** @import { Preflight } from "./preflight_model.js" */
import { clockText } from "../lib/format.js";
import { translate } from "../lib/language.js";
import { button, h, setAttribute, setOff, setText } from "./dom.js";
import { checkName, countAtWorst, MARKS, PREFLIGHT_WORDS, worstFirst } from "./preflight_model.js";
import { problemSentence } from "./problems.js";

/** @param {Context} context @param {string} code */
export function preflightButton(context, code) {
  const words = translate(PREFLIGHT_WORDS, context.language);
  return button({ class: "quiet small", testid: "preflight", text: words("preflight") }, () => openPreflight(context, code));
}

/** @param {Context} context @param {string} code */
function openPreflight({ t, caller, language }, code) {
  const words = translate(PREFLIGHT_WORDS, language);
  const verdict = h("p", { class: "preflight-verdict", role: "status", testid: "preflight-verdict" });
  const checked = h("p", { class: "note", testid: "preflight-checked" });
  const list = h("ul", { class: "preflight-list", testid: "preflight-list" });
  const complaint = h("p", { class: "complaint", role: "alert", testid: "preflight-problem" });
  const again = button({ testid: "preflight-again", text: words("again") }, () => void look());
  const dialog = h("dialog", { class: "panel preflight-dialog", "aria-labelledby": "preflight-title", testid: "preflight-dialog" },
    h("div", { class: "preflight-head" }, h("h2", { id: "preflight-title", text: words("preflight") }), verdict),
    h("p", { class: "note", text: words("rule") }), complaint, list,
    h("div", { class: "row spread" }, checked, h("div", { class: "row end" }, again, button({ class: "quiet", testid: "preflight-close", text: t("close") }, () => dialog.close()))));
  let looking = false;

  async function look() {
    if (looking) return;
    looking = true;
    setOff(again, true);
    setAttribute(verdict, "data-level", null);
    setText(verdict, words("checking"));
    const answer = await caller.read(`/sessions/${code}/preflight?asked_at_ms=${Date.now()}`);
    looking = false;
    setOff(again, false);
    setText(complaint, answer.ok ? "" : problemSentence(answer.problem, language));
    if (answer.ok) draw(answer.body);
    else setText(verdict, "");
  }

  /** @param {Preflight} found */
  function draw(found) {
    setAttribute(verdict, "data-level", found.level);
    setText(verdict, `${MARKS[found.level]} ${words(`verdict_${found.level}`, { n: countAtWorst(found) })}`);
    setText(checked, words("checked", { at: clockText(found.checked_at_ms, language, "Asia/Shanghai"), ms: found.took_ms }));
    list.replaceChildren(...worstFirst(found.findings).map((finding) =>
      h("li", { testid: `preflight-${finding.check}`, "data-level": finding.level },
        h("span", { class: "preflight-level" }, h("span", { class: "preflight-mark", "aria-hidden": "true", text: MARKS[finding.level] }), h("span", { text: words(`level_${finding.level}`) })),
        h("span", { class: "preflight-name", text: checkName(finding.check, language) }),
        h("span", { class: "preflight-says", text: finding[language] }))));
  }

  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  void look();
}
