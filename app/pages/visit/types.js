// @ts-check
// The shapes of visits as the service sends them, as far as the pages read them.

/**
 * @typedef {"asked"|"accepted"|"scheduled"|"delivered"|"declined"|"withdrawn"|"lapsed"} State
 *
 * @typedef {object} OwnVisit
 * @property {string|null} receipt
 * @property {State} state
 * @property {string} session
 * @property {string} session_title
 * @property {{key: string, name: string}} contestant
 * @property {string} organisation
 * @property {string} topic
 * @property {number} asked_at_ms
 * @property {string} reason
 * @property {number|null} starts_at_ms
 * @property {number|null} duration_min
 * @property {string} place
 * @property {number|null} delivered_at_ms
 * @property {number} purge_at_ms
 * @property {string[]} allowed
 *
 * @typedef {object} Visit
 * @property {number} id
 * @property {string} session
 * @property {string} session_title
 * @property {number|null} session_number
 * @property {{key: string, name: string, person: string|null}} contestant
 * @property {State} state
 * @property {string[]} allowed
 * @property {string} organisation
 * @property {string} district
 * @property {string} topic
 * @property {string} wanted
 * @property {number|null} people
 * @property {string} name
 * @property {string} phone
 * @property {string} message
 * @property {number} asked_at_ms
 * @property {string} reason
 * @property {number|null} starts_at_ms
 * @property {number|null} duration_min
 * @property {string} place
 * @property {string} note
 * @property {number|null} taught
 * @property {number} purge_at_ms
 * @property {number|null} purged_at_ms
 *
 * @typedef {Record<State|"taught", number>} Totals
 */

export {};
