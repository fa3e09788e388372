// @ts-check
// The big button for the next step and the other commands beside it, with their key caps and what each does.

/** @import { Context, WordKey } from "./context.js" */
/** @import { Actions, View } from "./desk.js" */
/** @import { Command } from "./types.js" */
import { isSettling, secondsLeft } from "./confirm.js";
import { button, h, keyed, setAttribute, setOff, setText, show } from "./dom.js";
import { CAPS } from "./hotkeys.js";
import { correctionButton } from "./corrections.js";
import { commandsAtHand, isSealed, nextStep, presentRound } from "./model.js";

/** @param {Context} context @param {Actions} actions */
export function commandPanel(context, actions) {
  const big = bigButton(context, actions);
  const others = h("div", { class: "others", role: "group", "aria-label": context.t("other_commands") });
  const said = h("span", { class: "sr-only", role: "status" });
  const correct = context.can.has("correct") ? correctionButton(context) : null;
  const root = h("div", { class: "commands" }, big.root, others, correct?.root, said);
  /** @type {View|null} */
  let seen = null;
  /** @param {{command: Command}} each */
  const make = ({ command }) => otherButton(command, context, () => {
    const present = seen === null ? null : presentRound(seen.session);
    if (present !== null) actions.command(command, present.number);
  });
  return {
    root,
    /** @param {View} view */
    update(view) {
      seen = view;
      big.update(view);
      correct?.update(view);
      const armed = /** @type {Command|undefined} */ (view.guard.armed?.split("/")[0]);
      setText(said, armed === undefined ? "" : `${context.t("press_again")} ${context.t(armed)}`);
      const round = presentRound(view.session);
      const list = commandsAtHand(round, context.can).filter((each) => each.shown);
      keyed(others, list, (each) => each.command, make, (node, each) => {
        const key = `${each.command}/${round?.number}/${round?.run}`;
        const left = secondsLeft(view.guard, key, view.local_ms);
        setOff(node, !each.enabled || view.away || view.sending !== null || isSettling({ ...view.guard, meaning: null }, key, view.local_ms));
        node.classList.toggle("armed", left > 0);
        const [label, , note] = /** @type {[HTMLElement, HTMLElement, HTMLElement]} */ ([...node.children]);
        setText(label, context.t(each.command));
        setText(note, left > 0 ? `${context.t("press_again")} ${left}` : context.t(`does_${each.command}`));
      });
    },
    close() { correct?.close(); },
  };
}

/**
 * @param {Command} command
 * @param {Context} context
 * @param {() => void} press
 */
function otherButton(command, { t }, press) {
  const cap = CAPS[command];
  return button({ class: `command ${command}`, testid: command, "data-command": command }, press,
    h("span", { class: "command-name", text: t(command) }),
    cap === "" ? h("span") : h("kbd", { text: cap }),
    h("span", { class: "command-note" }));
}

/** @param {Context} context @param {Actions} actions */
function bigButton({ t, can }, actions) {
  const name = h("span", { class: "next-name" });
  const note = h("span", { class: "next-note" });
  const cap = h("kbd", { text: CAPS.next });
  /** @type {View|null} */
  let seen = null;
  const root = button({ class: "next", testid: "next-command" }, () => {
    if (seen === null) return;
    const step = nextStep(seen.session, can);
    if (step.mine && step.command !== null && step.round !== null) actions.command(step.command, step.round, true);
  }, h("span", { class: "next-over" }, h("span", { text: t("next_is") }), cap), name, note);
  return {
    root,
    /** @param {View} view */
    update(view) {
      seen = view;
      const step = nextStep(view.session, can);
      const round = view.session.rounds.find((each) => each.number === step.round);
      const key = `${step.command}/${step.round}/${round?.run ?? 0}`;
      const armed = secondsLeft(view.guard, key, view.local_ms);
      setAttribute(root, "data-command", step.command ?? "none");
      setAttribute(root, "data-state", armed > 0 ? "armed" : step.state);
      setOff(root, !step.mine || view.away || view.sending !== null || isSettling(view.guard, key, view.local_ms));
      show(cap, step.mine && view.hotkeys);
      const what = step.command === null ? "" : t(step.command);
      const whole = round === undefined ? what : `${what} ${t("next_round", { n: round.number })} ${round.title}`;
      if (armed > 0) {
        setText(name, `${t("press_again")} · ${what} · ${armed}`);
        setText(note, whole);
      } else if (step.state === "ready") {
        setText(name, view.sending === step.command ? t("sending") : whole);
        const seal = step.command === "certify" && round !== undefined && isSealed(round);
        setText(note, step.command === null ? "" : t(seal ? "does_certify_sealed" : `does_${step.command}`));
      } else {
        const waits = step.state === "not_mine" ? `wait_by_${step.by}` : `wait_${step.state}`;
        setText(name, t(/** @type {WordKey} */ (waits), { what: whole }));
        setText(note, step.state === "finished" && can.has("edit") ? t("note_finished") : "");
      }
    },
  };
}
