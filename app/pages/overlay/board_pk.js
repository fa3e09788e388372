// @ts-check
// The board of two, or of one who stands on stage alone: a plate for each side with name, title, organisation, votes and likes, and the bar between them.

import { barElement } from "./bar.js";
import { el, groundElement, icon, portraitElement, setData, setShown, setText, wordsElement } from "./dom.js";
import { figureElement } from "./figure.js";
import { fitText, unfit } from "./fit.js";
import { headElement } from "./head.js";
import { likesElement } from "./likes.js";
import { digitCount } from "./motion.js";
import { say } from "./words.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Entry} Entry */
/** @typedef {import("./frames.js").FrameLoop} FrameLoop */
/** @typedef {import("./options.js").OverlayLanguage} OverlayLanguage */
/** @typedef {{atOnce: boolean, now_ms: number, lang: OverlayLanguage}} How */

/**
 * How a side stands out: `yes` and `no` where somebody has won; `first` where the votes do not decide.
 * @param {boolean} first @param {Model["outcome"]["kind"]} kind
 */
export function wonMark(first, kind) {
  if (kind === "favoured") return first ? "first" : "";
  return first ? "yes" : kind === "won" ? "no" : "";
}

/** @param {FrameLoop} loop @param {"left"|"right"} place @param {"red"|"blue"} side */
function plateElement(loop, place, side) {
  const name = el("span.name.fit");
  const role = wordsElement("span.role");
  const sideMark = wordsElement("span.side-mark");
  const title = el("div.title.fit");
  const organisation = el("div.organisation.fit");
  const portrait = portraitElement("div.portrait");
  const votes = figureElement(loop, { testid: `votes-${side}` });
  const unit = wordsElement("span.unit");
  const likes = likesElement(loop, { testid: `likes-${side}` });
  const figures = el("div.figures", {}, [el("div.votes", {}, [votes.element, unit.element]), likes.element]);
  const mark = wordsElement("span.won-mark");
  mark.element.prepend(icon("crown"));
  const nameLine = el("div.name-line", {}, [name, sideMark.element]);
  const who = el("div.who", {}, [nameLine, title, organisation]);
  const element = el(`div.plate.${place}.fx`, { data: { side } }, [
    groundElement("plate-ground"),
    el("div.plate-body", {}, [portrait.element, who, figures]),
    el("div.tags", {}, [role.element, mark.element]),
  ]);
  let digits = "";

  return {
    element,
    /**
     * @param {Entry} entry
     * @param {Model} model
     * @param {How} how
     * @param {number} digits_min so that both sides are of one size
     */
    paint(entry, model, { atOnce, lang }, digits_min) {
      portrait.set(entry.portrait);
      role.set(entry.role);
      sideMark.set(model.layout === "pk" ? entry.side : null);
      unit.set(say("votes", lang));
      setShown(figures, model.figures === "shown");
      votes.set(entry.votes, atOnce);
      likes.set(entry.likes, atOnce);
      const width = model.figures === "shown" ? String(Math.max(digits_min, votes.digits)) : "0";
      if (width !== digits) {
        // The figures took more room or less: the names fit anew.
        digits = width;
        setData(element, "digits", width);
        for (const text of [name, title, organisation]) unfit(text);
      }
      setShown(title, entry.title !== "");
      setShown(organisation, entry.organisation !== "");
      fitText(name, entry.name, 0.56);
      fitText(title, entry.title, 0.8);
      fitText(organisation, entry.organisation, 0.8);
      const won = model.outcome.winners.includes(entry.key);
      mark.set(won ? model.outcome.label : null);
      setData(mark.element, "kind", model.outcome.kind);
      setData(element, "won", wonMark(won, model.outcome.kind));
      setData(element, "leads", entry.leads ? "yes" : "no");
    },
  };
}

/** @param {FrameLoop} loop */
export function boardPkElement(loop) {
  const head = headElement();
  const left = plateElement(loop, "left", "red");
  const right = plateElement(loop, "right", "blue");
  const bar = barElement(loop);
  const pctLeft = el("span.pct.left", { testid: "pct-red" });
  const pctRight = el("span.pct.right", { testid: "pct-blue" });
  const notice = wordsElement("div.notice", { testid: "notice" });
  notice.element.prepend(icon("lock"));
  const turnout = wordsElement("span.turnout", { testid: "turnout" });
  const fine = wordsElement("span.fine", { testid: "fine" });
  const barRow = el("div.bar-row.fx", {}, [groundElement("bar-base"), bar.element, pctLeft, pctRight, notice.element]);
  const element = el("div.pk", {}, [
    head.element,
    el("div.plates", {}, [left.element, right.element, el("div.badge.fx", {}, [el("span.badge-text", {}, ["PK"])])]),
    barRow,
    el("div.small-print.fx", {}, [turnout.element, fine.element]),
  ]);

  return {
    element,
    tick: head.tick,
    /** @param {Model} model @param {How} how */
    paint(model, how) {
      const [one, other] = model.entries;
      const alone = model.layout === "alone";
      setData(element, "alone", alone ? "yes" : "no");
      setData(element, "phase", model.phase);
      setData(element, "figures", model.figures);
      head.paint(model, how.now_ms);
      const digits_min = Math.max(3, digitCount(one.votes), digitCount(other.votes));
      left.paint(one, model, how, digits_min);
      right.paint(other, model, how, digits_min);
      bar.set(model.split, how.atOnce);
      setText(pctLeft, model.figures === "shown" ? one.share : "");
      setText(pctRight, model.figures === "shown" ? (alone ? `${other.name} ${other.share}` : other.share) : "");
      notice.set(model.notice);
      turnout.set(model.turnout);
      fine.set(model.fine);
    },
  };
}
