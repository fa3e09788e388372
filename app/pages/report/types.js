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
 * @property {boolean} [sealed]
 * @property {number|null} [certified_at_ms]
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
 * @property {boolean} rehearsal
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
 * A correction that two people made: what was announced stays, and this stands beside it.
 * @typedef {object} Correction
 * @property {number} number
 * @property {"void_channel"|"release_held"} kind
 * @property {string} subject a channel's key, or the rule that held the ballots
 * @property {string} reason
 * @property {string} proposed_by
 * @property {number} proposed_at_ms
 * @property {string} confirmed_by
 * @property {number} confirmed_at_ms
 * @property {string} digest
 *
 * A count that was made elsewhere and brought in with its evidence; it is in none of our own figures.
 * @typedef {object} ExternalTally
 * @property {number|string} id
 * @property {string} source
 * @property {string} name
 * @property {number|null} round
 * @property {number} taken_at_ms
 * @property {number} imported_at_ms
 * @property {Record<string, number>} figures
 * @property {string} unit
 * @property {{text: string, sha256: string, url: string}} evidence
 *
 * @typedef {object} Result
 * @property {number} round
 * @property {number} run
 * @property {number} ballots
 * @property {string} digest
 * @property {string} [chain_head]
 * @property {number|null} [certified_at_ms]
 * @property {Tally} tally as it stands
 * @property {Tally|null} [at_lock] the figures as the lock announced them, null where no correction stands
 * @property {Correction[]} [corrections]
 * @property {string} [signature] of the digest, by `key`
 * @property {string} [key]
 * @property {{run: number, phase: string, locked_at_ms: number|null, void_reason: string|null, tally: Tally|null}[]} history
 */

/**
 * @typedef {{number: number, at_ms: number, kind: string, actor: string, overlay: string, name: string, scene: string, epoch: number|null,
 *   version: number|null, fps: number|null, visible: boolean|null, stale_ms: number|null, behind_ms: number|null}} AirEntry
 */

export {};
