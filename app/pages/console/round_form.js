// @ts-check
// The fields of one round. It writes into the draft it is given and never sends anything.

/** @import { RoundDraft } from "./drafts.js" */
/** @import { Field } from "./fields.js" */
/** @import { Words } from "./context.js" */
/** @import { Visibility } from "./types.js" */
import { h } from "./dom.js";
import { checkField, choiceField, textField } from "./fields.js";

/**
 * @param {RoundDraft} round
 * @param {number} index
 * @param {Words} t
 * @param {Map<string, Field>} fields
 * @param {HTMLElement[]} [tail] buttons that belong to this round
 * @returns {HTMLElement}
 */
export function roundForm(round, index, t, fields, tail = []) {
  /** @param {"title"|"question"|"duration"|"grace"} key @param {string} label @param {string} [inputmode] */
  const text = (key, label, inputmode) => {
    const field = textField({ label, name: `round-${index}-${key}`, value: round[key], inputmode, max: key === "question" ? 300 : 80 },
      (value) => { round[key] = value; });
    fields.set(`round-${index}-${key}`, field);
    return field.root;
  };
  const dimension = choiceField({
    label: t("form_dimension"), name: `round-${index}-dimension`, value: round.dimension,
    options: [["views", t("dimension_views")], ["results", t("dimension_results")], ["free", t("dimension_free")]],
  }, (value) => { round.dimension = value; });
  const visibility = choiceField({
    label: t("form_visibility"), name: `round-${index}-visibility`, value: round.visibility,
    options: [["live", t("visibility_live")], ["after_vote", t("visibility_after_vote")], ["on_lock", t("visibility_on_lock")], ["on_reveal", t("visibility_on_reveal")]],
  }, (value) => { round.visibility = /** @type {Visibility} */ (value); });
  const changeable = checkField({ label: t("form_changeable"), name: `round-${index}-changeable`, value: round.changeable },
    (value) => { round.changeable = value; });
  /** @param {"sealed"|"too_soon"|"unseen"} key */
  const check = (key) => checkField({ label: t(`form_${key}`), name: `round-${index}-${key}`, value: round[key] }, (value) => { round[key] = value; });
  return h("fieldset", { class: "round-form", testid: `round-form-${index + 1}` },
    h("legend", { text: t("next_round", { n: index + 1 }) }),
    h("div", { class: "grid" }, text("title", t("form_round_title")), dimension.root, text("duration", t("form_duration")), visibility.root),
    h("details", {}, h("summary", { text: t("optional_more") }),
      h("div", { class: "grid" }, text("question", t("form_question")), text("grace", t("form_grace"), "numeric"), changeable, check("sealed"), check("too_soon"), check("unseen"))),
    ...tail);
}
