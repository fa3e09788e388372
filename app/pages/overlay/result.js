// @ts-check
// The scene `result`: two cards, one for who stands on stage alone, or a podium of three where the field is larger. Figures count up when the scene
// enters; a winner is marked and cheered only once the round is revealed.

import { barElement } from "./bar.js";
import { throwConfetti } from "./confetti.js";
import { el, groundElement, icon, portraitElement, setData, setShown, setText, wordsElement } from "./dom.js";
import { figureElement } from "./figure.js";
import { fitText } from "./fit.js";
import { wonMark } from "./board_pk.js";
import { say } from "./words.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Entry} Entry */
/** @typedef {import("./frames.js").FrameLoop} FrameLoop */
/** @typedef {import("./board_pk.js").How} How */

const CARDS = 3;
/** The figures have nearly counted up by then. */
const COUNTED_MS = 900;
/** Where the podium's ranks stand: second, first, third. */
const PODIUM = Object.freeze([1, 0, 2]);

/** @param {FrameLoop} loop */
function cardElement(loop) {
  const portrait = portraitElement("div.portrait");
  const rank = el("span.card-rank");
  const name = el("div.name.fit");
  const line = el("div.line.fit");
  const sideMark = wordsElement("span.side-mark");
  const votes = figureElement(loop, { pace: "grand" });
  const unit = wordsElement("span.unit");
  const pct = el("span.card-pct");
  const likes = figureElement(loop, { pace: "grand" });
  const label = wordsElement("div.card-label");
  label.element.prepend(icon("crown"));
  const element = el("div.card.fx", {}, [
    groundElement("card-ground"),
    el("div.card-shine"),
    el("div.card-body", {}, [
      portrait.element,
      el("div.card-who", {}, [rank, el("div.name-line", {}, [name, sideMark.element]), line]),
      el("div.card-figures", {}, [
        el("div.votes", {}, [votes.element, unit.element]),
        el("div.card-small", {}, [pct, el("span.card-likes", {}, [icon("heart"), likes.element])]),
      ]),
    ]),
    label.element,
  ]);

  return {
    element,
    /** @param {Entry|null} entry @param {Model} model @param {How & {entering: boolean}} how */
    paint(entry, model, { atOnce, entering, lang }) {
      setShown(element, entry !== null);
      if (!entry) return;
      const { outcome } = model;
      const wins = outcome.winners.includes(entry.key);
      setData(element, "side", entry.index === 0 ? "red" : entry.index === 1 ? "blue" : "other");
      setData(element, "won", wonMark(wins, outcome.kind));
      if (wins && outcome.kind === "won") element.dataset.testid = "winner";
      else if (wins && outcome.kind === "favoured") element.dataset.testid = "favoured";
      else delete element.dataset.testid;
      portrait.set(entry.portrait);
      setText(rank, model.layout === "rows" && entry.rank ? String(entry.rank) : "");
      sideMark.set(model.layout === "pk" ? entry.side : null);
      fitText(name, entry.name, 0.5);
      setShown(line, entry.line !== "");
      fitText(line, entry.line, 0.62);
      unit.set(say("votes", lang));
      setText(pct, model.figures === "shown" ? entry.share : "");
      if (entering) {
        votes.from(0);
        likes.from(0);
      }
      votes.set(entry.votes, atOnce && !entering);
      likes.set(entry.likes, atOnce && !entering);
      // Between two the word stands once, between their cards.
      setData(label.element, "kind", outcome.kind);
      const named = outcome.kind === "won" || outcome.kind === "favoured";
      label.set(wins && (named || model.layout === "rows") ? outcome.label : null);
    },
  };
}

/** @param {FrameLoop} loop */
export function resultScene(loop) {
  const ordinal = wordsElement("span.head-ordinal");
  const title = el("span.head-title");
  const heading = wordsElement("span.result-heading");
  const head = el("div.result-head.fx", {}, [
    groundElement("head-ground"),
    el("div.result-head-body", {}, [ordinal.element, title, heading.element]),
  ]);
  const cards = Array.from({ length: CARDS }, () => cardElement(loop));
  const bar = barElement(loop);
  const barRow = el("div.bar-row.fx", {}, [groundElement("bar-base"), bar.element]);
  const stamp = wordsElement("div.stamp");
  const reason = el("div.reason.fit");
  const turnout = wordsElement("span.turnout");
  const fine = wordsElement("span.fine", { testid: "fine" });
  const foot = el("div.result-foot.fx", {}, [reason, turnout.element, fine.element]);
  const papers = el("div.papers");
  const anchor = el("div.anchor", {}, [
    head,
    el("div.cards", {}, [...cards.map((card) => card.element), stamp.element]),
    barRow,
    foot,
    papers,
  ]);
  const element = el("section.scene.scene-result", { testid: "result" }, [anchor]);
  let cheered = "";

  /** @param {Model} model @param {boolean} entering */
  function cheer(model, entering) {
    const { kind, winners } = model.outcome;
    const what = kind === "won" ? `${model.key}.${winners.join()}` : "";
    if (what && what !== cheered) {
      const at = model.layout === "rows" ? 0.5 : model.entries[0].key === winners[0] ? 0.26 : 0.74;
      throwConfetti(papers, anchor.clientWidth * at, entering ? COUNTED_MS : 0);
    }
    cheered = what;
  }

  return {
    element,
    /** @param {Model} model @param {How & {entering?: boolean}} how */
    paint(model, how) {
      const { outcome, layout } = model;
      const entering = how.entering ?? false;
      setData(element, "layout", layout);
      setData(element, "outcome", outcome.kind);
      setData(element, "figures", model.figures);
      ordinal.set(model.round?.ordinal ?? null);
      setText(title, model.round?.title ?? "");
      // What is stamped across the cards need not stand over them as well.
      heading.set(outcome.kind === "none" || outcome.kind === "void" || outcome.kind === "pending" ? null : outcome.heading);
      const shown = shownOn(model);
      cards.forEach((card, at) => card.paint(shown[at], model, { ...how, entering }));
      setShown(barRow, layout !== "rows" && model.figures === "shown");
      if (entering) bar.set(0.5, true);
      bar.set(model.split, how.atOnce && !entering);
      stamp.set(stampWords(model));
      setShown(reason, outcome.reason !== "");
      fitText(reason, outcome.reason, 0.7);
      turnout.set(outcome.kind === "void" ? null : model.turnout);
      fine.set(model.fine);
      if (entering) cheered = "";
      cheer(model, entering);
    },
    tick() {},
  };
}

/** Whom the three cards show, from the left. @param {Model} model @returns {(Entry|null)[]} */
function shownOn({ layout, entries, podium }) {
  switch (layout) {
    case "pk":
      return [...entries, null];
    case "alone":
      return [entries[0], null, null];
    case "rows":
      return PODIUM.map((rank) => podium[rank] ?? null);
    default:
      throw new TypeError(`no such layout: ${layout}`);
  }
}

/** What stands across the cards where there is no winner. @param {Model} model */
function stampWords({ outcome, layout }) {
  switch (outcome.kind) {
    case "tie":
    case "count":
      return layout === "pk" ? outcome.label : null;
    case "void":
    case "pending":
      return outcome.heading;
    case "none":
    case "won":
    case "favoured":
      return null;
    default:
      throw new TypeError(`no such outcome: ${outcome.kind}`);
  }
}
