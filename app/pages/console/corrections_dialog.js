// @ts-check
// The dialog of corrections: both totals, what stands, what waits for a second person, and the form for a new one. A press
// on "confirm" wants a second one, as it cannot be undone. What somebody is typing is never redrawn.

/** @import { Context } from "./context.js" */
/** @import { Known } from "./corrections.js" */
/** @import { Correction, Proposal, SessionDocument } from "./types.js" */
import { clockText } from "../lib/format.js";
import { wordFor } from "./context.js";
import { bothTotals, possibleCorrections } from "./corrections_model.js";
import { button, h, setText } from "./dom.js";
import { choiceField, textField } from "./fields.js";
import { problemSentence } from "./problems.js";

const ARMED_MS = 3000;

/** @param {Context["t"]} t @param {SessionDocument} session @param {{kind: Correction["kind"], subject: string}} of @param {number|null} [ballots] */
function title(t, session, { kind, subject }, ballots = null) {
  if (kind === "void_channel") return t("kind_void_channel", { subject: session.channels.find(({ key }) => key === subject)?.name || subject });
  return t("kind_release_held", { subject: wordFor(t, `rule_${subject}`) + (ballots === null ? "" : `（${ballots}）`) });
}

/** @typedef {{reread: () => Promise<void>, closed: () => void}} Actions */

class CorrectionsDialog {
  #context;
  #known;
  #actions;
  #path;
  #complaint = h("p", { class: "complaint", role: "alert", testid: "correction-problem" });
  #totals = h("div", { class: "form-part" });
  #standing = h("div", { class: "form-part" });
  #proposals = h("div", { class: "form-part", testid: "correction-proposals" });
  #form = h("div", { class: "form-part" });
  #drawn = "";
  #offered = "";

  /** @param {Context} context @param {Known} known @param {Actions} actions */
  constructor(context, known, actions) {
    const { t } = context;
    this.#context = context;
    this.#known = known;
    this.#actions = actions;
    this.#path = `/sessions/${known.session.code}/rounds/${known.round.number}/corrections`;
    this.root = h("dialog", { class: "panel corrections-dialog", "aria-labelledby": "corrections-title", testid: "corrections" },
      h("h2", { id: "corrections-title", text: t("correct_title", { n: known.round.number }) }),
      h("p", { class: "note", text: t("correct_rule") }), this.#complaint, this.#totals, this.#standing, this.#proposals, this.#form,
      h("div", { class: "row end" }, button({ class: "quiet", testid: "corrections-close", text: t("close") }, () => this.root.close())));
    this.root.addEventListener("close", () => {
      this.root.remove();
      actions.closed();
    });
    this.#draw();
  }

  /** @param {Known} next */
  update(next) {
    this.#known = { ...next, result: next.result ?? this.#known.result };
    this.#draw();
  }

  /** @param {string} path @param {unknown} [body] @returns {Promise<boolean>} whether it was done */
  async #send(path, body) {
    const answer = await this.#context.caller.send("POST", path, body);
    setText(this.#complaint, answer.ok ? "" : problemSentence(answer.problem, this.#context.language));
    await this.#actions.reread();
    return answer.ok;
  }

  #draw() {
    const { t } = this.#context;
    const { list, result, session } = this.#known;
    const state = JSON.stringify([list, result]);
    if (state === this.#drawn) return;
    this.#drawn = state;
    this.#totals.replaceChildren(...this.#totalsTable());
    this.#standing.replaceChildren(h("h3", { text: t("correct_standing") }), list.corrections.length === 0
      ? h("p", { class: "note", text: t("correct_none") })
      : h("ol", { class: "correction-list", testid: "correction-standing" }, ...list.corrections.map((each) => this.#correctionRow(each))));
    this.#proposals.replaceChildren(h("h3", { text: t("correct_proposals") }), list.proposals.length === 0
      ? h("p", { class: "note", text: t("correct_no_proposals") })
      : h("ul", { class: "correction-list" }, ...list.proposals.map((each) => this.#proposalRow(each))));
    const offers = JSON.stringify(possibleCorrections(session, list));
    if (offers === this.#offered) return;
    this.#offered = offers;
    this.#form.replaceChildren(h("h3", { text: t("correct_new") }), this.#newForm());
  }

  #totalsTable() {
    const { t } = this.#context;
    const rows = bothTotals(this.#known.result);
    if (rows.length === 0) return [];
    const head = [t("correct_choice"), t("correct_at_lock"), t("correct_now"), t("held")];
    return [h("h3", { text: t("correct_totals") }), h("table", { class: "both-totals", testid: "both-totals" },
      h("thead", {}, h("tr", {}, ...head.map((text) => h("th", { scope: "col", text })))),
      h("tbody", {}, ...rows.map((row) => h("tr", {}, h("th", { scope: "row", text: row.name ?? t("correct_sum") }),
        h("td", { text: row.at_lock }), h("td", { text: row.now }), h("td", { text: row.held.toLocaleString("en-US") })))))];
  }

  /** @param {Proposal} proposal */
  #proposalRow(proposal) {
    const { t, language } = this.#context;
    let armed = 0;
    const confirm = button({ class: "danger", testid: `confirm-${proposal.id}`, text: t("correct_confirm") }, () => {
      if (Date.now() - armed > ARMED_MS) {
        armed = Date.now();
        setText(confirm, t("press_again"));
        setTimeout(() => setText(confirm, t("correct_confirm")), ARMED_MS);
        return;
      }
      void this.#send(`${this.#path}/${proposal.id}/confirm`);
    });
    const withdraw = button({ class: "quiet", testid: `withdraw-${proposal.id}`, text: t("correct_withdraw") },
      () => void this.#send(`${this.#path}/${proposal.id}/withdraw`));
    return h("li", {}, h("strong", { text: title(t, this.#known.session, proposal) }), h("span", { text: proposal.reason }),
      h("span", { class: "note", text: t("correct_by", { who: proposal.proposed_by, t: clockText(proposal.proposed_at_ms, language, "Asia/Shanghai") }) }),
      h("div", { class: "row" }, confirm, withdraw));
  }

  /** @param {Correction} correction */
  #correctionRow(correction) {
    const { t, language } = this.#context;
    const people = { a: correction.proposed_by, b: correction.confirmed_by, t: clockText(correction.confirmed_at_ms, language, "Asia/Shanghai") };
    return h("li", {}, h("strong", { text: title(t, this.#known.session, correction) }), h("span", { text: correction.reason }),
      h("span", { class: "note", text: t("correct_by_two", people) }));
  }

  #newForm() {
    const { t } = this.#context;
    const { session, list } = this.#known;
    const possible = possibleCorrections(session, list);
    if (possible.length === 0) return h("p", { class: "note", text: t("correct_nothing") });
    const wanted = { at: "0", reason: "" };
    const what = choiceField({
      label: t("correct_what"), name: "correction", value: "0",
      options: possible.map((each, index) => [String(index), title(t, session, each, each.ballots)]),
    }, (value) => { wanted.at = value; });
    const reason = textField({ label: t("correct_reason"), name: "correction-reason", value: "", max: 300 }, (value) => { wanted.reason = value; });
    const form = h("form", { class: "correction-form" }, what.root, reason.root,
      h("button", { type: "submit", class: "primary", testid: "correction-propose", text: t("correct_propose") }));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const chosen = possible[Number(wanted.at)];
      const text = wanted.reason.trim();
      reason.complain(text === "" ? t("bad_needed") : null);
      if (chosen === undefined || text === "") {
        reason.input.focus();
        return;
      }
      if (await this.#send(this.#path, { kind: chosen.kind, subject: chosen.subject, reason: text })) reason.input.value = wanted.reason = "";
    });
    return form;
  }
}

/**
 * @param {Context} context
 * @param {Known} known
 * @param {Actions} actions
 */
export function openCorrections(context, known, actions) {
  const dialog = new CorrectionsDialog(context, known, actions);
  document.body.append(dialog.root);
  dialog.root.showModal();
  return { update: (/** @type {Known} */ next) => dialog.update(next), close: () => dialog.root.close() };
}
