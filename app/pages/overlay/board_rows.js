// @ts-check
// The board of more than two: rows ranked by votes, which change places by transform; those that are not on this page in one line.

import { el, icon, portraitElement, setData, setShown, setText, wordsElement } from "./dom.js";
import { figureElement } from "./figure.js";
import { fitText } from "./fit.js";
import { headElement } from "./head.js";
import { springAt, springRests, stepSpring } from "./motion.js";
import { say } from "./words.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./model.js").Entry} Entry */
/** @typedef {import("./frames.js").FrameLoop} FrameLoop */
/** @typedef {import("./board_pk.js").How} How */

/** Height of a row with its gap, as in rows.css. */
const PITCH_PX = 66;

/** @param {FrameLoop} loop */
function rowElement(loop) {
  const rank = el("span.rank");
  const portrait = portraitElement("div.portrait");
  const name = el("div.name.fit");
  const line = el("div.line.fit");
  const votes = figureElement(loop);
  const unit = wordsElement("span.unit");
  const pct = el("span.pct");
  const fill = el("div.row-fill");
  const likes = figureElement(loop);
  const element = el("div.row", {}, [
    el("div.row-ground"),
    el("div.row-skew", {}, [fill]),
    rank,
    portrait.element,
    el("div.who", {}, [name, line]),
    el("div.row-likes", {}, [icon("heart"), likes.element]),
    el("div.votes", {}, [votes.element, unit.element]),
    pct,
  ]);
  let place = springAt(0);
  let width = springAt(0);

  /** @param {number} passed_s */
  function move(passed_s) {
    place = stepSpring(place, passed_s, 0.002);
    width = stepSpring(width, passed_s, 0.0005);
    draw();
    return !springRests(place) || !springRests(width);
  }

  function draw() {
    element.style.transform = `translateY(${(place.at * PITCH_PX).toFixed(2)}px)`;
    fill.style.transform = `scaleX(${Math.max(0, width.at).toFixed(4)})`;
  }

  return {
    element,
    /** @param {Entry} entry @param {number} at @param {number} share of the widest @param {Model} model @param {How} how */
    paint(entry, at, share, model, { atOnce, lang }) {
      const shown = model.figures === "shown";
      setData(element, "rank", shown && entry.rank ? String(entry.rank) : "");
      setData(element, "figures", model.figures);
      setData(element, "key", entry.key);
      setData(element, "won", model.outcome.kind !== "favoured" && model.outcome.winners.includes(entry.key) ? "yes" : "no");
      setText(rank, shown && entry.rank ? String(entry.rank) : String(entry.index + 1));
      portrait.set(entry.portrait);
      fitText(name, entry.name, 0.62);
      setShown(line, entry.line !== "");
      fitText(line, entry.line, 0.8);
      votes.set(entry.votes, atOnce);
      likes.set(entry.likes, atOnce);
      unit.set(say("votes", lang));
      setText(pct, shown ? entry.share : "");
      if (atOnce) {
        place = springAt(at);
        width = springAt(shown ? share : 0);
        return draw();
      }
      place = { ...place, target: at };
      width = { ...width, target: shown ? share : 0 };
      if (!springRests(place) || !springRests(width)) loop.move(move);
    },
  };
}

/** @param {FrameLoop} loop */
export function boardRowsElement(loop) {
  const head = headElement();
  const list = el("div.rows-list.fx");
  const rest = wordsElement("div.rows-rest", { testid: "rest" });
  const notice = wordsElement("div.notice", { testid: "notice" });
  notice.element.prepend(icon("lock"));
  const turnout = wordsElement("div.turnout", { testid: "turnout" });
  const fine = wordsElement("div.fine", { testid: "fine" });
  const foot = el("div.rows-foot.fx", {}, [notice.element, rest.element, turnout.element, fine.element]);
  const element = el("div.rows", {}, [head.element, list, foot]);
  /** @type {Map<string, ReturnType<typeof rowElement>>} */
  const rows = new Map();

  return {
    element,
    tick: head.tick,
    /** @param {Model} model @param {How} how */
    paint(model, how) {
      setData(element, "phase", model.phase);
      setData(element, "figures", model.figures);
      head.paint(model, how.now_ms);
      notice.set(model.notice);
      rest.set(model.rest);
      turnout.set(model.turnout);
      fine.set(model.fine);
      const most = Math.max(1, ...model.entries.map((entry) => entry.part));
      const keys = new Set(model.rows.map((entry) => entry.key));
      for (const [key, row] of rows) {
        if (keys.has(key)) continue;
        row.element.remove();
        rows.delete(key);
      }
      model.rows.forEach((entry, at) => {
        let row = rows.get(entry.key);
        const fresh = !row;
        if (!row) {
          row = rowElement(loop);
          rows.set(entry.key, row);
          list.append(row.element);
        }
        row.paint(entry, at, entry.part / most, model, fresh ? { ...how, atOnce: true } : how);
      });
      setData(element, "count", String(model.rows.length));
      setData(element, "page", String(model.page));
      list.style.height = `${model.places * PITCH_PX}px`;
    },
  };
}
