// @ts-check
// The scene `board`: the PK bar for two, the same for one alone on stage, ranked rows for more. Each is made on first need.

import { boardPkElement } from "./board_pk.js";
import { boardRowsElement } from "./board_rows.js";
import { el } from "./dom.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./board_pk.js").How} How */

/** @param {import("./frames.js").FrameLoop} loop */
export function boardScene(loop) {
  const anchor = el("div.anchor");
  const element = el("section.scene.scene-board", { testid: "board" }, [anchor]);
  /** @type {ReturnType<typeof boardPkElement>|ReturnType<typeof boardRowsElement>|null} */
  let board = null;
  let drawn = "";

  return {
    element,
    /** @param {Model} model @param {How} how */
    paint(model, how) {
      const layout = model.layout;
      const changed = `${layout}.${model.key}` !== drawn;
      if (!board || !drawn.startsWith(`${layout}.`)) {
        board = layout === "rows" ? boardRowsElement(loop) : boardPkElement(loop);
        anchor.replaceChildren(board.element);
        element.dataset.layout = layout;
      }
      drawn = `${layout}.${model.key}`;
      // Another run, other figures: they stand at once, for nothing was won or lost between the two.
      board.paint(model, changed ? { ...how, atOnce: true } : how);
    },
    /** @param {number} now_ms */
    tick(now_ms) {
      board?.tick(now_ms);
    },
  };
}
