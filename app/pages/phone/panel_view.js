// @ts-check
// Draws the voting panel from its model and hands taps on. It rebuilds only when the model differs, so that a tally
// five times a second takes nobody's focus away. After a tap of the person's own, what follows is brought into sight
// and its heading gets the focus.

import { clockText } from "../lib/format.js";
import { make, shape } from "./dom.js";
import { receiptAddress } from "./frame_view.js";

/** @import { Panel } from "./panel.js" */
/** @import { Situation } from "./situation.js" */
/** @import { Translate } from "./arena_view.js" */
/** @import { Language } from "../lib/format.js" */
/** @import { TallyRound } from "../lib/types.js" */
/** @typedef {"confirm"|"cancel"|"act"|"dismiss"} PanelAction */

/**
 * @typedef {object} PanelContext
 * @property {Panel} panel
 * @property {Situation} situation
 * @property {TallyRound|null} round
 * @property {(key: string) => string} nameOf
 * @property {string[]} notes small lines beneath
 */

/** @type {ReadonlyMap<string, "refused_closed"|"refused_already"|"refused_none_left"|"refused_rerun">} */
const REFUSALS = new Map([
  ["round_not_open", "refused_closed"],
  ["session_ended", "refused_closed"],
  ["already_voted", "refused_already"],
  ["no_votes_left", "refused_none_left"],
  ["rerun", "refused_rerun"],
]);

export class PanelView {
  #root;
  #t;
  #language;
  #code;
  #onAction;
  #drawn = "";
  #kind = "";
  #attended = false;

  /** @param {{root: HTMLElement, t: Translate, language: Language, code: string, onAction: (action: PanelAction) => void}} settings */
  constructor({ root, t, language, code, onAction }) {
    this.#root = root;
    this.#t = t;
    this.#language = language;
    this.#code = code;
    this.#onAction = onAction;
  }

  /** The person is at it: what comes next, up to the receipt, is to be seen. */
  attend() {
    this.#attended = true;
  }

  /** @param {PanelContext} context */
  draw(context) {
    const { panel, situation, round } = context;
    const names = panel.choices.map(context.nameOf);
    const rules = round && [round.choices_max, round.changeable, round.votes_per_day, round.void_reason];
    const drawn = JSON.stringify([panel, names, situation.stage, situation.hidden, situation.sealed, rules, context.notes]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const moved = this.#kind !== panel.kind && this.#attended;
    this.#kind = panel.kind;
    const notes = context.notes.map((note) => make("p", { class: "note" }, note));
    this.#root.dataset.kind = panel.kind;
    this.#root.replaceChildren(...this.#body(context, names), ...notes);
    if (!moved) return;
    this.#attended = panel.kind === "confirm" || panel.kind === "sending";
    /** @type {HTMLElement|null} */ (this.#root.querySelector("h2"))?.focus({ preventScroll: true });
    this.#root.scrollIntoView({ block: "nearest" });
  }

  /** @param {PanelContext} context @param {string[]} names @returns {HTMLElement[]} */
  #body(context, names) {
    const { panel, round } = context;
    const t = this.#t;
    switch (panel.kind) {
      case "nothing":
        return this.#stageLines(context);
      case "choose":
        return [
          this.#heading(round && round.choices_max > 1 ? t("vote_some", { count: round.choices_max }) : t("vote_one")),
          ...this.#dailyLine(panel, round),
          ...(panel.mayReturn ? [make("div", { class: "actions" }, this.#button("cancel", t("keep"), "vote-cancel"))] : []),
        ];
      case "confirm":
        return this.#confirm(panel, round, names);
      case "sending":
        return [
          this.#heading(`${t("sending")} · ${names.join("、")}`, "sending", make("span", { class: "spinner", "aria-hidden": "true" })),
          make("p", {}, t("sending_more")),
        ];
      case "voted":
        return this.#receipt(context, names);
      case "spent":
        return [this.#heading(t("daily_none"))];
      case "refused":
        return [
          this.#heading(t("refused"), "refused"),
          make("p", {}, this.#refusal(panel.refusal ?? "")),
          make("div", { class: "actions" }, this.#button("dismiss", t("understood"), "vote-dismiss")),
        ];
      default:
        throw new TypeError(`no such panel: ${panel.kind}`);
    }
  }

  /** @param {Panel} panel @param {TallyRound|null} round @param {string[]} names */
  #confirm(panel, round, names) {
    const t = this.#t;
    const most = round?.choices_max ?? 1;
    const count = most > 1 ? [make("p", {}, t("picked", { count: names.length, most }))] : [];
    return [
      this.#heading(`${t("sure")} ${names.join("、")}`, "confirming"),
      ...count,
      make("p", {}, round?.changeable ? t("changeable") : t("fixed")),
      make(
        "div",
        { class: "actions" },
        this.#button("cancel", t("cancel"), "vote-cancel"),
        this.#button("confirm", t("confirm"), "vote-confirm", "primary"),
      ),
    ];
  }

  /** @param {PanelContext} context @param {string[]} names */
  #receipt({ panel, round, situation }, names) {
    const t = this.#t;
    const receipt = panel.receipt;
    if (!receipt) return [];
    const time = clockText(receipt.accepted_at_ms, this.#language);
    const rest = panel.mayChange ? t("changeable") : situation.canVote && panel.left === null ? t("stays") : "";
    const act = panel.mayChange ? t("vote_change") : panel.mayAgain ? t("vote_again") : "";
    return [
      make(
        "div",
        { class: "receipt", "data-testid": "receipt", "data-receipt": receipt.receipt, "data-choices": receipt.choices.join(" ") },
        this.#heading(`${t("voted")} · ${names.join("、")}`, "", shape("tick")),
        make("p", {}, `${t("receipt")} `, make("code", {}, receipt.receipt)),
        make("p", {}, [t("accepted", { time }), rest].filter(Boolean).join(" · ")),
        make("p", {}, make("a", { href: receiptAddress(this.#code, receipt.receipt, this.#language), "data-testid": "check-receipt" }, t("check_receipt"))),
      ),
      ...this.#dailyLine(panel, round),
      ...(act ? [make("div", { class: "actions" }, this.#button("act", act, "vote-change"))] : []),
    ];
  }

  /** @param {PanelContext} context */
  #stageLines({ situation, round }) {
    const t = this.#t;
    switch (situation.stage) {
      case "draft":
      case "idle":
        return [make("p", { class: "stage" }, t("draft_more"))];
      case "paused":
        return [make("p", { class: "stage" }, t("paused_more"))];
      case "late":
        return [make("p", { class: "stage" }, t("late_more"))];
      case "locked":
        return [make("p", { class: "stage" }, situation.hidden ? t(situation.sealed ? "locked_sealed" : "locked_more") : t("locked_seen"))];
      case "void":
        return [make("p", { class: "stage" }, t("void_more", { reason: round?.void_reason ?? "" }))];
      case "over":
        return [make("p", { class: "stage" }, t("over_more"))];
      case "unknown":
        return [make("p", { class: "stage" }, t("unknown_more"))];
      case "loading":
      case "open":
      case "closing":
      case "revealed":
        return [];
      default:
        throw new TypeError(`no such stage: ${situation.stage}`);
    }
  }

  /** @param {Panel} panel @param {TallyRound|null} round */
  #dailyLine(panel, round) {
    if (panel.left === null || !round?.votes_per_day) return [];
    const t = this.#t;
    const left = panel.left > 0 ? t("daily_left", { count: panel.left }) : t("daily_none");
    return [make("p", { "data-testid": "votes-left" }, `${t("daily", { count: round.votes_per_day })} · ${left}`)];
  }

  /** @param {string} code */
  #refusal(code) {
    const key = REFUSALS.get(code);
    return key ? this.#t(key) : this.#t("refused_other", { reason: code });
  }

  /** @param {string} text @param {string} [testid] @param {Node|null} [before] */
  #heading(text, testid, before = null) {
    return make("h2", { tabindex: "-1", "data-testid": testid || undefined }, before, text);
  }

  /** @param {PanelAction} action @param {string} text @param {string} testid @param {string} [kind] */
  #button(action, text, testid, kind = "") {
    const button = make("button", { type: "button", class: kind, "data-testid": testid }, text);
    button.addEventListener("click", () => this.#onAction(action));
    return button;
  }
}
