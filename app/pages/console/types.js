// @ts-check
// The shapes only the console and the report read, beside those of /pages/lib/types.js. Types only: nothing here runs.

/** @typedef {import("../lib/types.js").Phase} Phase */
/** @typedef {import("../lib/types.js").Scene} Scene */
/** @typedef {import("../lib/types.js").Visibility} Visibility */
/** @typedef {import("../lib/types.js").SessionDocument} SessionDocument */
/** @typedef {import("../lib/types.js").SessionRound} RoundDocument */
/** @typedef {import("../lib/types.js").TallyDocument} TallyDocument */
/** @typedef {import("../lib/types.js").Tally} TallyBody */
/** @typedef {import("../lib/types.js").OverlaySeen} OverlayBeat */
/** @typedef {import("../lib/format.js").Language} Language */

/** @typedef {import("../report/types.js").Correction} Correction */
/** @typedef {import("../report/types.js").Result} Result */

/**
 * @typedef {{id: number, kind: Correction["kind"], subject: string, reason: string, proposed_by: string, proposed_at_ms: number}} Proposal
 * @typedef {{corrections: Correction[], proposals: Proposal[], held: {rule: string, ballots: number}[]}} Corrections
 */

/**
 * @typedef {object} AutomationState how it went since the service started
 * @property {number} fired
 * @property {number} delivered
 * @property {number} failures
 * @property {number} dropped
 * @property {number} pending
 * @property {number|null} last_fired_at_ms
 * @property {number|null} last_delivered_at_ms
 * @property {number|null} last_status
 * @property {string} last_error empty where the last try went well
 * @property {string[]} missing
 * @property {number|null} paused_until_ms
 *
 * @typedef {object} Automation
 * @property {number} id
 * @property {string} name
 * @property {string} trigger
 * @property {number|null} every_ms
 * @property {number|null} milestone
 * @property {{kind: "http", method: string}|{kind: "osc"}} action
 * @property {boolean} enabled
 * @property {string} target host:port
 * @property {boolean} allowed
 * @property {AutomationState} state
 *
 * @typedef {{automations: Automation[], targets: string[]}} AutomationList
 * @typedef {{ok: boolean, status: number|null, error: string, took_ms: number, missing: string[]}} AutomationTested
 */

/**
 * @typedef {"open"|"pause"|"resume"|"lock"|"reveal"|"certify"|"void"|"rerun"} Command
 * @typedef {"producer"|"director"|"scrutineer"|"overlay"|"admin"} Role
 *
 * @typedef {object} Me
 * @property {"access"|"device"} kind
 * @property {Role} role
 * @property {string} name
 * @property {string[]} can
 * @property {string|null} session
 * @property {number|null} expires_at_ms
 *
 * @typedef {object} Problem
 * @property {string} code
 * @property {string} title
 * @property {string} detail
 * @property {number} status
 * @property {{revision: number, action: string, round: number, actor: string, role: string, at_ms: number}[]} [changes] what others did since, newest first
 *
 * @typedef {object} AuditEntry
 * @property {number} id
 * @property {number} at_ms
 * @property {string} actor
 * @property {string} role
 * @property {string} action
 * @property {number|null} round
 * @property {unknown} before
 * @property {unknown} after
 * @property {unknown} detail
 *
 * @typedef {object} TokenEntry
 * @property {string|number} id
 * @property {Role} role
 * @property {string} name
 * @property {string|null} [session]
 * @property {number|null} [expires_at_ms]
 * @property {number|null} [revoked_at_ms]
 */

export {};
