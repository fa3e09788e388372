// @ts-check
// The shapes of GET /sessions/{code}/report and …/result. Types only: nothing here runs.

/** @typedef {import("../lib/types.js").Tally} Tally */
/** @typedef {import("../lib/types.js").Contestant} Contestant */
/** @typedef {import("../lib/types.js").Phase} Phase */

/**
 * @typedef {object} ReportRound
 * @property {number} number
 * @property {number} run
 * @property {string} title
 * @property {string} [dimension]
 * @property {Phase} phase
 * @property {number|null} opened_at_ms
 * @property {number|null} locked_at_ms
 * @property {number|null} [revealed_at_ms]
 * @property {Tally|null} tally null while this reader may not see it
 * @property {Record<string, {votes: number, likes: number, turnout: number}>|null} channels
 *
 * @typedef {object} Peaks
 * @property {number} online
 * @property {number|null} online_at_ms
 * @property {number} likes_per_second
 * @property {number|null} likes_at_ms
 * @property {number} [votes_per_second]
 * @property {number|null} [votes_at_ms]
 *
 * @typedef {object} ReportSession
 * @property {string} code
 * @property {number|null} number
 * @property {string} title
 * @property {string} topic
 * @property {string} kind
 * @property {"draft"|"live"|"ended"} status
 * @property {boolean} deciding
 * @property {{slug: string, name: string}} show
 *
 * @typedef {object} Report
 * @property {ReportSession} session
 * @property {Contestant[]} contestants
 * @property {ReportRound[]} rounds
 * @property {{at_ms: number, round?: number, likes: Record<string, number>, votes: number}[]} timeline
 * @property {{at_ms: number, online: number, unique: number}[]} [audience]
 * @property {Peaks} peaks
 * @property {Record<string, number>} totals
 *
 * @typedef {object} Result
 * @property {number} round
 * @property {number} run
 * @property {number} ballots
 * @property {string} digest
 * @property {string} [chain_head]
 * @property {number|null} [certified_at_ms]
 * @property {{run: number, phase: string, locked_at_ms: number|null, void_reason: string|null, tally: Tally|null}[]} history
 */

export {};
