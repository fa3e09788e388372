// @ts-check
// The shapes of a season, its standings and its entries as the service sends them, as far as the page reads them.

/**
 * @typedef {{key: string, name: string, title: string, organisation: string, sector: string, portrait_url: string, clip_url: string, slogan: string}} Person
 * @typedef {"nominated"|"preliminary"|"final"|"withdrawn"} Stage
 * @typedef {{code: string, number: number|null, title: string}} SessionNamed
 * @typedef {SessionNamed & {kind: string, status: string, stage: string|null, starts_at_ms: number|null, winner: string|null}} SeasonSession
 *
 * @typedef {object} Season
 * @property {{slug: string, name: string}} show
 * @property {string} season
 * @property {string} name
 * @property {Stage} public_stage
 * @property {{stage: Stage, name: string, entries: number}[]} stages
 * @property {SeasonSession[]} sessions
 *
 * @typedef {{id: number, person: Person, stage: Stage, unit: string}} Entry
 * @typedef {{rank: number, person: string, figure: number, text: string}} Place
 * @typedef {"votes"|"likes"|"wins"|"score"} BoardKey
 * @typedef {{session: SessionNamed, red: string|null, blue: string|null, winner: string|null, tie: boolean, holder: string|null, run: number, defended: boolean}} Bout
 *
 * @typedef {object} Standings
 * @property {"public"|"staff"} view
 * @property {string} formula_text
 * @property {number} sessions
 * @property {Record<string, Person>} people
 * @property {{votes: Place[], likes: Place[], wins: Place[], score: Place[]|null}} boards
 * @property {{holder: string|null, run: number, since: SessionNamed|null, longest: {person: string, run: number, from: SessionNamed, to: SessionNamed}|null, bouts: Bout[]}} arena
 * @property {string[]} most_voted
 * @property {string[]} most_liked
 * @property {{session: SessionNamed, votes: Record<string, number>, margin_votes: number, margin_text: string}[]} closest
 * @property {{session: string, contestant: string, name: string}[]} untied
 */

export {};
