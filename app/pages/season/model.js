// @ts-check
// What the season's page shows, worked out of the service's documents: shared ranks, lengths of bars, who is public,
// which names match. Pure. It ranks nothing itself: the order and the ranks are the service's.

/** @import { Bout, Entry, Person, Place, Season, Stage, Standings } from "./types.js" */

/** Shown at once: a phone draws them in one breath. */
export const NAMES_AT_ONCE = 60;
/** So few have their portraits shown; of six hundred nobody sees more than names. */
export const PORTRAITS_MAX = 24;

/** @type {readonly Stage[]} */
const ORDER = ["nominated", "preliminary", "final"];

/**
 * @typedef {Place & {shared: boolean, width_pct: number}} Row
 * @param {readonly Place[]} places
 * @returns {Row[]} each with whether its rank is shared, and how long its bar is
 */
export function rowsOf(places) {
  /** @type {Map<number, number>} */
  const held = new Map();
  for (const { rank } of places) held.set(rank, (held.get(rank) ?? 0) + 1);
  const most = Math.max(1, ...places.map(({ figure }) => figure));
  return places.map((place) => ({ ...place, shared: (held.get(place.rank) ?? 0) > 1, width_pct: Math.max(0, Math.min(100, (place.figure * 100) / most)) }));
}

/**
 * The first of a board, and who is folded away; a shared rank is never cut in two.
 * @param {readonly Row[]} rows @param {number} first_max
 * @returns {{first: Row[], rest: Row[]}}
 */
export function cutBoard(rows, first_max) {
  let cut = Math.min(first_max, rows.length);
  while (cut > 0 && cut < rows.length && rows[cut]?.rank === rows[cut - 1]?.rank) cut += 1;
  return { first: rows.slice(0, cut), rest: rows.slice(cut) };
}

/** @param {Standings} standings @param {string} key @returns {Person|null} */
export function personOf({ people }, key) {
  return Object.hasOwn(people, key) ? people[key] ?? null : null;
}

/** The names of some, as a sentence lists them. @param {Standings} standings @param {readonly string[]} keys @param {"zh"|"en"} language */
export function namesOf(standings, keys, language) {
  return keys.map((key) => personOf(standings, key)?.name ?? key).join(language === "zh" ? "、" : ", ");
}

/** @param {Standings} standings @returns {Map<string, Bout>} by the session's code */
export function boutsOf({ arena }) {
  return new Map(arena.bouts.map((bout) => [bout.session.code, bout]));
}

/** Whether the names of a stage may be read by this reader. @param {Season} season @param {Stage} stage @param {boolean} staff */
export function isPublic({ public_stage }, stage, staff) {
  return staff || (stage !== "withdrawn" && ORDER.indexOf(stage) >= ORDER.indexOf(public_stage));
}

/** The stage to begin with: the furthest that has names to show, which is the shortest list. @param {Season} season @param {boolean} staff @returns {Stage|null} */
export function firstStage(season, staff) {
  const shown = [...ORDER].reverse().filter((stage) => isPublic(season, stage, staff));
  return shown.find((stage) => season.stages.some((each) => each.stage === stage && each.entries > 0)) ?? shown[0] ?? null;
}

/** @param {readonly Entry[]} entries @param {string} asked @returns {Entry[]} whose name, organisation or unit has every piece */
export function matching(entries, asked) {
  const pieces = asked.trim().toLowerCase().split(/\s+/u).filter(Boolean);
  if (pieces.length === 0) return [...entries];
  return entries.filter(({ person, unit }) => {
    const text = [person.name, person.organisation, person.title, unit].join(" ").toLowerCase();
    return pieces.every((piece) => text.includes(piece));
  });
}

/** @param {Person} person */
export function standingOf({ title, organisation }) {
  return [organisation, title].filter((part) => part !== "").join(" · ");
}
