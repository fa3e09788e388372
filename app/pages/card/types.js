// @ts-check
// The shape of the profile card as the service sends it, as far as the page reads it.

/**
 * @typedef {object} Star
 * @property {string} key
 * @property {string} name
 * @property {string} name_en
 * @property {number} stars
 * @property {string} measure
 * @property {number} figure
 * @property {number[]} thresholds
 * @property {string} text
 * @property {string} text_en
 *
 * @typedef {object} Card
 * @property {{slug: string, name: string}} show
 * @property {string|null} season
 * @property {number} broadcasts
 * @property {number} polls
 * @property {number} likes
 * @property {string} likes_text
 * @property {number} votes
 * @property {string} votes_text
 * @property {{unique: number, unique_text: string, online_peak: number}} views
 * @property {{asked: number, scheduled: number, delivered: number, taught: number}} visits
 * @property {number|null} first_at_ms
 * @property {number|null} last_at_ms
 * @property {Star[]} stars
 */

export {};
