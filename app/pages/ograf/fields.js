// @ts-check
// Reads the data of an OGraf graphic into settings, and makes a tally document of figures that came with it. Pure. The
// names are those of pioneer-arena.ograf.json; the figures' are also those of feeds/flat.json, so that the whole map
// may be handed over. What is not understood changes nothing and is named.

import { codeFrom, languageFrom, sceneFrom, serverFrom, themeFrom } from "../overlay/options.js";

/** @typedef {import("../lib/types.js").TallyDocument} TallyDocument */
/** @typedef {import("../lib/types.js").Phase} Phase */
/** @typedef {import("../lib/types.js").Scene} Scene */
/** @typedef {import("../overlay/options.js").OverlayLanguage} OverlayLanguage */
/** @typedef {import("../overlay/options.js").Theme} Theme */
/**
 * @typedef {{name: string, title: string, organisation: string, role: string, votes: number, likes: number, score: number,
 *   score_text: string}} Side
 */

/**
 * @typedef {object} Settings
 * @property {string} base origin of the arena
 * @property {string} code
 * @property {string} token
 * @property {boolean} hidden show what the public may not see yet
 * @property {OverlayLanguage} lang
 * @property {Scene|null} scene null: the director's cue
 * @property {Theme} theme
 * @property {readonly string[]} who
 * @property {string} show
 * @property {string} session_title
 * @property {string} round_title
 * @property {number} round_number
 * @property {Phase} phase
 * @property {boolean} deciding
 * @property {boolean} visible figures are there at all
 * @property {boolean} public the audience may see them
 * @property {"votes"|"score"} by what the lead goes by
 * @property {number|null} turnout null: as many as votes
 * @property {number} held
 * @property {number} corrections
 * @property {boolean} sealed
 * @property {number|null} certified_at_ms
 * @property {Side} red
 * @property {Side} blue
 */

const TEXT_MAX = 200;
const TOKEN_MAX = 512;
/** @type {readonly Phase[]} */
const PHASES = Object.freeze(["draft", "open", "paused", "closing", "locked", "revealed", "void"]);
/** @type {Readonly<Side>} */
const NOBODY = Object.freeze({ name: "", title: "", organisation: "", role: "", votes: 0, likes: 0, score: 0, score_text: "" });

/** @type {Readonly<Settings>} */
export const DEFAULTS = Object.freeze({
  base: "",
  code: "",
  token: "",
  hidden: false,
  lang: "zh",
  scene: null,
  theme: "red-blue",
  who: Object.freeze([]),
  show: "",
  session_title: "",
  round_title: "",
  round_number: 1,
  phase: "open",
  deciding: false,
  visible: true,
  public: true,
  by: "votes",
  turnout: null,
  held: 0,
  corrections: 0,
  sealed: false,
  certified_at_ms: null,
  red: NOBODY,
  blue: NOBODY,
});

/** @param {unknown} value @param {number} [longest] */
function text(value, longest = TEXT_MAX) {
  return typeof value === "string" && value.length <= longest ? value.trim() : undefined;
}

/** @param {unknown} value from a form it may come as text */
function count(value) {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** @param {unknown} value */
function flag(value) {
  return typeof value === "boolean" ? value : undefined;
}

/**
 * An empty text gives the default back; what `read` does not know is undefined.
 * @template T
 * @param {T} empty
 * @param {(value: string) => T|null|""} read
 */
function named(empty, read) {
  return (/** @type {unknown} */ value) => {
    const written = text(value);
    if (written === undefined) return undefined;
    return written === "" ? empty : read(written) || undefined;
  };
}

/** Each field with its reader. @type {ReadonlyMap<string, (value: unknown) => unknown>} */
const READERS = new Map(
  /** @type {[string, (value: unknown) => unknown][]} */ ([
    ["base", named("", serverFrom)],
    ["code", named("", codeFrom)],
    ["token", (value) => text(value, TOKEN_MAX)],
    ["hidden", named(false, (value) => (value === "show" ? true : null))],
    ["lang", named(DEFAULTS.lang, languageFrom)],
    ["scene", named(null, sceneFrom)],
    ["theme", named(DEFAULTS.theme, themeFrom)],
    ["who", (value) => text(value)?.split(",").map((key) => key.trim().toLowerCase()).filter(Boolean)],
    ["show", text],
    ["session_title", text],
    ["round_title", text],
    ["round_number", count],
    ["phase", named(DEFAULTS.phase, (value) => PHASES.find((phase) => phase === value) ?? null)],
    ["deciding", flag],
    ["visible", flag],
    ["public", flag],
    ["by", named(DEFAULTS.by, (value) => (value === "score" || value === "votes" ? value : null))],
    ["turnout", count],
    ["held", count],
    ["corrections", count],
    ["sealed", flag],
    ["certified_at_ms", (value) => (value === "" ? null : count(value))],
  ]),
);
/** @type {ReadonlyMap<string, (value: unknown) => unknown>} */
const SIDE_READERS = new Map(
  /** @type {[string, (value: unknown) => unknown][]} */ ([
    ["name", text],
    ["title", text],
    ["organisation", text],
    ["role", text],
    ["votes", count],
    ["likes", count],
    ["score", count],
    ["score_text", text],
  ]),
);

/**
 * Take data, maybe partial, into settings.
 * @param {Readonly<Settings>} settings
 * @param {unknown} data
 * @returns {{settings: Readonly<Settings>, ignored: string[]}} `ignored`: fields whose value was not understood
 */
export function settingsFrom(settings, data) {
  /** @type {Record<string, any>} */
  const next = { ...settings, red: { ...settings.red }, blue: { ...settings.blue } };
  /** @type {string[]} */
  const ignored = [];
  if (!data || typeof data !== "object") return { settings, ignored };
  for (const [key, value] of Object.entries(data)) {
    const side = /^(red|blue)_([a-z_]+)$/.exec(key);
    const read = side ? SIDE_READERS.get(side[2]) : READERS.get(key);
    if (!read) continue;
    const understood = key === "hidden" && value === "keep" ? false : read(value);
    if (understood === undefined) ignored.push(key);
    else if (side) next[side[1]][side[2]] = understood;
    else next[key] = understood;
  }
  return { settings: /** @type {Settings} */ (next), ignored };
}

/** @param {Readonly<Settings>} settings @returns {boolean} whether an arena is to be asked */
export function followsArena({ base, code }) {
  return base !== "" && code !== "";
}

/**
 * Whole percentages that sum to 100, by largest remainder; of two equal remainders the first is raised.
 * @param {number} red
 * @param {number} blue
 * @returns {[number, number]}
 */
export function sharesOf(red, blue) {
  const total = red + blue;
  if (total === 0) return [0, 0];
  const share = Math.floor((red * 100) / total);
  const over = (red * 100) % total;
  const raised = over * 2 >= total ? share + 1 : share;
  return [raised, 100 - raised];
}

/**
 * Make the document that the overlay's scenes draw, out of figures that were handed over.
 * @param {Readonly<Settings>} settings
 * @param {number} version
 * @returns {TallyDocument}
 */
export function documentFrom(settings, version) {
  const { red, blue, phase, by, sealed, held, certified_at_ms } = settings;
  const sides = /** @type {const} */ ([["red", red], ["blue", blue]]);
  const votes = red.votes + blue.votes;
  const likes = red.likes + blue.likes;
  const turnout = settings.turnout ?? votes;
  const shares = sharesOf(red.votes, blue.votes);
  const choices = sides.map(([key, side], at) => ({
    key, name: side.name, votes: side.votes, votes_text: String(side.votes), pct: shares[at], pct_text: `${shares[at]}%`,
    likes: side.likes, likes_text: String(side.likes), score: side.score, score_text: side.score_text,
  })); // prettier-ignore
  const lead = by === "score" ? red.score - blue.score : red.votes - blue.votes;
  const tally = {
    choices, votes, likes, turnout, by, channels: [], held: { ballots: held, votes: {} }, corrections: settings.corrections,
    leader: lead === 0 ? null : lead > 0 ? "red" : "blue", tie: votes > 0 && lead === 0,
  }; // prettier-ignore
  const shown = settings.visible && (settings.public || settings.hidden) && !(sealed && certified_at_ms === null);
  return {
    type: "tally", view: "public", epoch: 0, version, server_time_ms: 0,
    session: {
      code: "", number: null, title: settings.session_title, topic: "", kind: "pk", status: "live", show: settings.show,
      deciding: settings.deciding,
      // Fields that are typed in say nothing of it; the graphic that follows the arena has it from there.
      rehearsal: false,
    },
    contestants: sides.map(([key, { name, title, organisation, role }]) => ({
      key, name, title, organisation, role, sector: "", portrait_url: "", slogan: "",
    })),
    round: {
      number: settings.round_number, run: 1, title: settings.round_title, question: "", dimension: "free", phase,
      visibility: "live", opened_at_ms: null, closes_at_ms: null, locks_at_ms: null, locked_at_ms: null,
      revealed_at_ms: null, certified_at_ms, remaining_ms: null, sealed, held, choices_max: 1,
      changeable: false, votes_per_day: null, grace_ms: 0, duration_ms: null, void_reason: null, turnout,
      choices: sides.map(([key, { name }]) => ({ key, name })),
    },
    tally: shown ? tally : null,
    rounds: [], totals: { likes, votes }, audience: { online: 0, unique: 0 }, overlay: { scene: "board" },
  }; // prettier-ignore
}
