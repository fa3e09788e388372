// @ts-check
// The line over the board: which round, its title and dimension, its phase, its countdown. The countdown is written
// by main.js's clock, once a second, through `tick`.

import { countdownText } from "../lib/format.js";
import { el, groundElement, icon, setData, setText, wordsElement } from "./dom.js";
import { fitText } from "./fit.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Countdown} Countdown */

/** From here on the last seconds are counted in another colour. */
const URGENT_MS = 10000;

/** @param {Countdown|null} countdown @param {number} now_ms server's clock @returns {number|null} what is left */
export function leftMs(countdown, now_ms) {
  if (!countdown) return null;
  return countdown.kind === "frozen" ? countdown.left_ms : Math.max(0, countdown.at_ms - now_ms);
}

export function headElement() {
  const ordinal = wordsElement("span.head-ordinal");
  const title = el("span.head-title");
  const dimension = wordsElement("span.head-dimension");
  const phase = wordsElement("div.head-phase", { testid: "phase" });
  phase.element.prepend(el("i.dot"));
  const clockText = el("span.clock-text", { testid: "countdown" });
  const clock = el("div.head-clock", {}, [icon("clock"), clockText]);
  const element = el("div.head.fx", {}, [
    groundElement("head-ground"),
    phase.element,
    el("div.head-round", {}, [ordinal.element, title, dimension.element]),
    clock,
  ]);
  /** @type {Countdown|null} */
  let countdown = null;
  /** @type {Model["language"]} */
  let language = "zh";

  /** @param {number} now_ms */
  function tick(now_ms) {
    const left_ms = leftMs(countdown, now_ms);
    setText(clockText, left_ms === null ? "" : countdownText(left_ms, language));
    setData(clock, "shown", left_ms === null ? "no" : "yes");
    setData(clock, "urgent", left_ms !== null && left_ms <= URGENT_MS && countdown?.kind === "until" ? "yes" : "no");
  }

  return {
    element,
    tick,
    /** @param {Model} model @param {number} now_ms */
    paint(model, now_ms) {
      setData(element, "phase", model.phase);
      ordinal.set(model.round?.ordinal ?? null);
      dimension.set(model.round?.dimension ?? null);
      phase.set(model.phaseWords);
      countdown = model.countdown;
      language = model.language;
      tick(now_ms);
      fitText(title, model.round?.title || (model.round ? "" : model.title));
    },
  };
}

/** @typedef {ReturnType<typeof headElement>} Head */
