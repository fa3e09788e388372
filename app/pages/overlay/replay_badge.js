// @ts-check
// The mark of a replay in the corner of every scene, so that nobody takes what was for what is. Words and a striped
// edge, not colour alone; in both languages whatever the page's own is.

import { el, setData, setShown, setText } from "./dom.js";

/** @typedef {import("../lib/types.js").Replay} Replay */

/** @param {Replay} replay @returns {string} "×8", with two bars while it stands still */
export function paceText({ speed, paused }) {
  return `×${Number(speed.toFixed(2))}${paused ? " ❚❚" : ""}`;
}

export function replayBadge() {
  const pace = el("span.pace");
  const element = el("div.replay", { testid: "replay" }, [el("span", {}, ["重播 REPLAY"]), pace]);
  setShown(element, false);
  return {
    element,
    /** @param {Replay|null} replay */
    paint(replay) {
      setShown(element, replay !== null);
      if (!replay) return;
      setText(pace, paceText(replay));
      setData(element, "paused", replay.paused ? "yes" : "no");
    },
  };
}
