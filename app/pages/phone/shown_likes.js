// @ts-check
// Keeps the like counts on the screen: up with every tap, steady while answers are on their way, exact afterwards.
// It remembers what stood there; the rule itself is `shownCount` of lib/likes.js.

import { hasUnconfirmed, shownCount, unconfirmed } from "../lib/likes.js";

/** @import { Likes } from "../lib/likes.js" */
/** @import { TallyDocument } from "../lib/types.js" */

/** A tally this long after the last confirmation holds it, even where no newer one was made. */
const SETTLED_AFTER_MS = 3000;

export class ShownLikes {
  /** @type {Map<string, number>} */
  #shown = new Map();
  #of = "";
  #confirmed_ms = -Infinity;

  /** The service has confirmed likes. @param {number} now_ms the server's time */
  confirm(now_ms) {
    this.#confirmed_ms = now_ms;
  }

  /**
   * @param {{document: TallyDocument, likes: Likes, final: boolean, now_ms: number}} now
   * @returns {(key: string) => number} the count to show for a choice
   */
  read({ document, likes, final, now_ms }) {
    const of = `${document.epoch}/${document.round?.number}/${document.round?.run}`;
    if (of !== this.#of) this.#shown.clear();
    this.#of = of;
    const newer = document.server_time_ms >= this.#confirmed_ms || now_ms - this.#confirmed_ms > SETTLED_AFTER_MS;
    const settled = final || (newer && !hasUnconfirmed(likes));
    const counted = new Map(document.tally?.choices.map((choice) => [choice.key, choice.likes]));
    return (key) => {
      const count = shownCount(this.#shown.get(key) ?? 0, counted.get(key) ?? 0, unconfirmed(likes, key), settled);
      this.#shown.set(key, count);
      return count;
    };
  }
}
