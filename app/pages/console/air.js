// @ts-check
// The on-air screen: rundown, present round, the big button, the others, the read-out, the pictures, the trail.
// It lays the parts out and hands each the same view; which parts stand in front is CSS by the role's layout.

/** @import { Context } from "./context.js" */
/** @import { Actions, View } from "./desk.js" */
/** @import { SessionDocument } from "./types.js" */
import { automationsButton } from "./automations.js";
import { commandPanel } from "./commands.js";
import { healthStrip } from "./desk_head.js";
import { button, h, keyed, setAttribute, setText } from "./dom.js";
import { figuresPanel } from "./figures.js";
import { isOnAir, PHASE_MARKS, presentRound } from "./model.js";
import { monitorsPanel } from "./monitors.js";
import { preflightButton } from "./preflight.js";
import { readout } from "./readout.js";
import { trailPanel } from "./trail.js";
import { warningsPanel } from "./warnings.js";
import { wordFor } from "./context.js";

/**
 * @param {Context} context
 * @param {SessionDocument} session
 * @param {Actions} actions
 */
export function airPanel(context, session, actions) {
  const rundown = rundownPanel(context, session.code);
  const figures = figuresPanel(context);
  const commands = commandPanel(context, actions);
  const spoken = readoutPanel(context);
  const monitors = monitorsPanel(context, session, actions);
  const warnings = warningsPanel(context, actions);
  const trail = context.can.has("audit") ? trailPanel(context, session.code) : null;
  const automations = automationsButton(context);
  const health = healthStrip(context, actions.setHotkeys, [automations.root, monitors.toggle]);
  const root = h("div", { class: "air" },
    rundown.root, spoken.root,
    h("section", { class: "centre", "aria-label": context.t("present_round") }, figures.root, commands.root),
    h("div", { class: "side" }, warnings.root, monitors.root, trail?.root),
    health.root);
  return {
    root,
    /** @param {View} view */
    update(view) {
      rundown.update(view);
      figures.update(view);
      commands.update(view);
      spoken.update(view);
      monitors.update(view);
      warnings.update(view);
      trail?.update(view);
      automations.update(view);
      health.update(view);
    },
    close() {
      commands.close();
      monitors.close();
      automations.close();
      trail?.close();
    },
  };
}

/** @param {Context} context @param {string} code */
function rundownPanel(context, code) {
  const { t } = context;
  const list = h("ol", { class: "rundown-list" });
  const root = h("section", { class: "panel rundown", "aria-labelledby": "rundown-title" },
    h("div", { class: "row spread" }, h("h2", { id: "rundown-title", text: t("rundown") }), preflightButton(context, code)), list);
  const make = () => h("li", {},
    h("span", { class: "number" }),
    h("span", { class: "name" }, h("span", { class: "round-name" }), h("span", { class: "round-more" })),
    h("span", { class: "phase" }));
  return {
    root,
    /** @param {View} view */
    update({ session }) {
      keyed(list, session.rounds, (round) => String(round.number), make, (node, round) => {
        const current = round.number === session.current_round;
        node.dataset["testid"] = `round-${round.number}`;
        node.dataset["phase"] = round.phase;
        setAttribute(node, "aria-current", current ? "step" : null);
        node.classList.toggle("on-air", isOnAir(round.phase));
        const [number, name, phase] = /** @type {[HTMLElement, HTMLElement, HTMLElement]} */ ([...node.children]);
        setText(number, String(round.number));
        setText(/** @type {HTMLElement} */ (name.children[0]), round.title || t("next_round", { n: round.number }));
        const more = [wordFor(t, `visibility_${round.visibility}`)];
        if (round.run > 1) more.push(t("run_n", { n: round.run }));
        if (round.certified_at_ms !== null) more.push(`✓ ${t("certified")}`);
        else if (round.sealed) more.push(t("sealed_short"));
        setText(/** @type {HTMLElement} */ (name.children[1]), more.join(" · "));
        setText(phase, `${PHASE_MARKS[round.phase]} ${wordFor(t, `phase_${round.phase}`)}`);
        setAttribute(phase, "data-phase", round.phase);
      });
    },
  };
}

/** @param {Context} context */
function readoutPanel({ t, language }) {
  const text = h("p", { class: "readout-text", testid: "readout", lang: language === "zh" ? "zh-CN" : "en" });
  const copy = button({ class: "quiet small", text: t("copy") }, async () => {
    try {
      await navigator.clipboard.writeText(text.textContent ?? "");
      setText(copy, t("copied"));
      setTimeout(() => setText(copy, t("copy")), 1500);
    } catch {
      getSelection()?.selectAllChildren(text); // No clipboard over plain HTTP: select it, so that Ctrl-C does.
    }
  });
  const root = h("section", { class: "panel readout", "aria-labelledby": "readout-title" },
    h("div", { class: "row spread" }, h("h2", { id: "readout-title", text: t("readout") }), copy), text);
  return {
    root,
    /** @param {View} view */
    update({ session, live }) {
      const round = presentRound(session);
      const tally = live.tally;
      const same = round !== null && tally?.round?.number === round.number && tally.round.run === round.run;
      setText(text, readout(session, round, same ? tally.tally : null, language));
    },
  };
}
