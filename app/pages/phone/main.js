// @ts-check
// The phone page's first moment: the words, the frame and the arena, from one plain reading of the tally, before
// anything else is loaded. Then taking_part.js takes over; taps made before that are kept for it.

import { pageLanguage, translate } from "../lib/language.js";
import { keepIn } from "../lib/storage.js";
import { INITIAL_STATE, reduce } from "../lib/store.js";
import { ArenaView } from "./arena_view.js";
import { byId } from "./dom.js";
import { takeEntry } from "./entry.js";
import { FrameView } from "./frame_view.js";
import { situationOf } from "./situation.js";
import { WORDS } from "./words.js";

/** @import { Tap } from "./arena_view.js" */

/** No longer than this is a slow first reading waited for. */
const FIRST_READING_MAX_MS = 1500;
const RELOAD_AFTER_MS = 5000;
/** What comes second, so that it is fetched at once and not import by import. */
const SECOND = [
  "phone/taking_part", "phone/ballot", "phone/panel", "phone/panel_view", "phone/hearts", "phone/identity", "phone/entrance",
  "phone/shown_likes", "phone/receipt_book",
  "lib/connection", "lib/socket", "lib/poller", "lib/reconnect", "lib/clock", "lib/api", "lib/likes",
];

const code = decodeURIComponent(location.pathname.split("/").filter(Boolean)[1] ?? "").toUpperCase();
const language = pageLanguage();
const t = translate(WORDS, language);

const page = {
  code,
  language,
  t,
  keeper: keepIn(),
  /** Taken at once: a secret shall not stand in the address for longer than it must. */
  entry: takeEntry(),
  state: INITIAL_STATE,
  frame: new FrameView({ t, language, code }),
  arena: new ArenaView({ root: byId("arena"), score: byId("score"), t, language, onTap: (tap) => page.onTap(tap) }),
  /** Taps before the second moment. @type {Tap[]} */
  taps: [],
  /** @param {Tap} tap */
  onTap(tap) {
    page.taps.push(tap);
  },
};
/** @typedef {typeof page} Page */

async function readOnce() {
  const kept = /** @type {any} */ (page.keeper.get(`arena/${code}/identity`));
  const headers = kept?.token ? { authorization: `Bearer ${kept.token}` } : undefined;
  const response = await fetch(`/api/v1/sessions/${encodeURIComponent(code)}/tally`, { headers });
  if (!response.ok) return; // The second moment finds out why, and says so.
  page.state = reduce(page.state, await response.json());
  const situation = situationOf(page.state, Number(kept?.delay_ms) || 0, Date.now());
  page.frame.draw({ state: page.state, situation, panel: null, receipts: [], nameOf: (key) => key });
  const document = page.state.tally;
  if (!document?.round) return;
  const { canLike, winner } = situation;
  const likesOf = (/** @type {string} */ key) => document.tally?.choices.find((choice) => choice.key === key)?.likes ?? 0;
  page.arena.draw({ document, likesOf, ownLikesOf: () => 0, picked: [], voted: [], canLike, choosing: false, winner });
}

async function start() {
  const patience = new Promise((resolve) => setTimeout(resolve, FIRST_READING_MAX_MS));
  await Promise.race([readOnce().catch(() => {}), patience]);
  for (const name of SECOND) {
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = `/pages/${name}.js`;
    document.head.append(link);
  }
  try {
    (await import("./taking_part.js")).takePart(page);
  } catch (error) {
    // Browsers remember a module that did not come: only a new page asks again.
    setTimeout(() => location.reload(), RELOAD_AFTER_MS * (1 + Math.random()));
    throw error;
  }
}

void start();
