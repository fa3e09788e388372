// @ts-check
// The dialog of outgoing automations: how each goes, and for who may edit the switch, the test, the removal and the form
// for a new one. Rows are kept and updated, so that a poll takes neither the focus nor a first press away.

/** @import { Context } from "./context.js" */
/** @import { Automation, AutomationList, Problem } from "./types.js" */
import { automationForm } from "./automations_form.js";
import { healthOf, stateSentence, testSentence, triggerText } from "./automations_model.js";
import { BOUNCE_MS } from "./confirm.js";
import { button, h, keyed, setAttribute, setOff, setText, show } from "./dom.js";
import { problemSentence } from "./problems.js";

const ARMED_MS = 3000;

/** @typedef {{reread: () => Promise<void>, closed: () => void}} Actions */
/** @typedef {{path: string, complain: (problem: Problem|null) => void, reread: () => Promise<void>}} Ways */
/** @typedef {{root: HTMLLIElement, update: (automation: Automation, nowMs: number) => void}} Row */

/**
 * @param {Context} context
 * @param {string} code
 * @param {Actions} actions
 */
export function openAutomations(context, code, actions) {
  const { t, can, language } = context;
  const path = `/sessions/${code}/automations`;
  const complaint = h("p", { class: "complaint", role: "alert", testid: "automation-problem" });
  const none = h("p", { class: "note", text: t("auto_none") });
  const list = h("ul", { class: "automation-list", testid: "automation-list" });
  const targets = h("p", { class: "note", testid: "automation-targets", hidden: true });
  /** @type {Map<string, Row>} */
  const rows = new Map();
  /** @type {Ways} */
  const ways = { path, complain: (problem) => setText(complaint, problem === null ? "" : problemSentence(problem, language)), reread: actions.reread };
  const form = can.has("edit") ? automationForm(context, ways) : null;
  const root = h("dialog", { class: "panel automations-dialog", "aria-labelledby": "automations-title", testid: "automations-dialog" },
    h("h2", { id: "automations-title", text: t("auto_title") }), h("p", { class: "note", text: t("auto_rule") }),
    none, list, targets, form, complaint,
    h("div", { class: "row end" }, button({ class: "quiet", testid: "automations-close", text: t("close") }, () => root.close())));
  root.addEventListener("close", () => {
    root.remove();
    actions.closed();
  });
  document.body.append(root);
  root.showModal();
  return {
    /** @param {AutomationList} known @param {number} nowMs */
    update(known, nowMs) {
      const held = new Set(known.automations.map(({ id }) => String(id)));
      for (const key of rows.keys()) if (!held.has(key)) rows.delete(key);
      show(none, known.automations.length === 0);
      keyed(list, known.automations, ({ id }) => String(id), (automation) => {
        const row = automationRow(context, automation, ways);
        rows.set(String(automation.id), row);
        return row.root;
      }, (_, automation) => rows.get(String(automation.id))?.update(automation, nowMs));
      if (form === null) return;
      show(targets, true);
      targets.classList.toggle("warn", known.targets.length === 0);
      setText(targets, known.targets.length === 0 ? t("auto_no_targets") : t("auto_targets", { list: known.targets.join(", ") }));
      show(form, known.targets.length > 0);
    },
    close() { root.close(); },
  };
}

/**
 * @param {Context} context
 * @param {Automation} made
 * @param {Ways} ways
 * @returns {Row}
 */
function automationRow(context, made, ways) {
  const { t, can, language } = context;
  const [name, state, trigger, target, counts, sentence, tested] =
    /** @type {const} */ (["strong", "span", "span", "code", "span", "p", "p"]).map((tag) => h(tag));
  if (!name || !state || !trigger || !target || !counts || !sentence || !tested) throw new Error("a row has seven parts");
  state.className = "chip";
  sentence.className = "auto-sentence";
  sentence.dataset["testid"] = `automation-${made.id}-sentence`;
  trigger.className = counts.className = "note";
  tested.className = "auto-tested";
  tested.setAttribute("role", "status");
  tested.dataset["testid"] = `automation-${made.id}-tested`;
  const buttons = can.has("edit") ? rowButtons(context, made.id, ways, tested) : null;
  const root = h("li", { testid: `automation-${made.id}` },
    h("div", { class: "auto-text" }, h("div", { class: "row" }, name, state, trigger, target), counts, sentence, tested), buttons?.root);
  return {
    root,
    update(automation, nowMs) {
      const health = healthOf(automation, nowMs);
      const { delivered, failures, dropped, pending } = automation.state;
      setAttribute(root, "data-health", health);
      setText(name, automation.name);
      setText(state, t(`auto_health_${health}`));
      setText(trigger, triggerText(automation, t));
      setText(target, `${automation.action.kind === "osc" ? "OSC" : automation.action.method} ${automation.target}`);
      setText(counts, t("auto_counts", { delivered, failures, pending, dropped }));
      setText(sentence, stateSentence(automation, nowMs, t, language));
      buttons?.update(automation);
    },
  };
}

/**
 * @param {Context} context
 * @param {number} id
 * @param {Ways} ways
 * @param {HTMLElement} tested where a test's answer is told
 */
function rowButtons({ t, caller, language }, id, ways, tested) {
  const path = `${ways.path}/${id}`;
  let enabled = false;
  let armed = 0;
  let busy = false;

  /** @param {"POST"|"PATCH"|"DELETE"} method @param {string} where @param {unknown} [body] */
  async function send(method, where, body) {
    if (busy) return null; // One at a time: a second test would only wait behind a target that hangs.
    busy = true;
    for (const each of all) setOff(each, true);
    const answer = await caller.send(method, where, body);
    busy = false;
    for (const each of all) setOff(each, false);
    ways.complain(answer.ok ? null : answer.problem);
    void ways.reread();
    return answer;
  }

  const toggle = button({ class: "quiet", testid: `automation-${id}-toggle` }, () => void send("PATCH", path, { enabled: !enabled }));
  const fire = button({ class: "quiet", testid: `automation-${id}-test`, text: t("auto_test") }, async () => {
    setText(tested, t("auto_testing"));
    const answer = await send("POST", `${path}/test`);
    setText(tested, answer?.ok ? testSentence(answer.body, t, language) : "");
    setAttribute(tested, "data-ok", answer?.ok ? String(answer.body.ok) : null);
  });
  const remove = button({ class: "quiet", testid: `automation-${id}-delete`, text: t("auto_delete") }, () => {
    const since = Date.now() - armed;
    if (since < BOUNCE_MS) return;
    if (since <= ARMED_MS) {
      void send("DELETE", path);
      return;
    }
    armed = Date.now();
    remove.classList.add("danger");
    setText(remove, t("press_again"));
    setTimeout(() => {
      remove.classList.remove("danger");
      setText(remove, t("auto_delete"));
    }, ARMED_MS);
  });
  const all = [toggle, fire, remove];
  return {
    root: h("div", { class: "row" }, ...all),
    /** @param {Automation} automation */
    update(automation) {
      enabled = automation.enabled;
      setText(toggle, t(enabled ? "auto_turn_off" : "auto_turn_on"));
    },
  };
}
