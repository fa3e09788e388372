// @ts-check
// What stands in the "new session" and "edit" forms: the presets, the check of what was typed, and the request made of it.
// Pure: form state in, request or list of complaints out. Limits are the API's own, told before the server has to.

/** @import { RoundDocument, SessionDocument, Visibility } from "./types.js" */

export const PORTRAIT_CHARS_MAX = 120_000;
export const DURATION_MS_MAX = 24 * 3_600_000; // A poll of several days is locked by hand.
export const GRACE_MS_MAX = 60_000;

/**
 * @typedef {object} PersonDraft
 * @property {string} name
 * @property {string} title
 * @property {string} organisation
 * @property {string} sector
 * @property {string} role
 * @property {string} portrait_url
 * @property {string} slogan
 *
 * @typedef {object} RoundDraft
 * @property {string} title
 * @property {string} question
 * @property {string} dimension
 * @property {string} duration as typed: "", "90", "2:00"
 * @property {Visibility} visibility
 * @property {boolean} changeable
 * @property {string} grace seconds, as typed
 * @property {boolean} sealed
 * @property {boolean} too_soon hold ballots that came too soon
 * @property {boolean} unseen hold ballots of phones that never looked
 *
 * @typedef {object} SessionDraft
 * @property {string} title
 * @property {string} number
 * @property {string} topic
 * @property {boolean} deciding
 * @property {string} wechat_delay seconds that the picture in WeChat lags behind the studio, as typed
 * @property {"pk"|"gala"|"poll"} kind
 * @property {PersonDraft[]} contestants
 * @property {RoundDraft[]} rounds
 *
 * @typedef {{field: string, code: "needed"|"number"|"duration"|"grace"|"delay"|"portrait"|"too_few"|"no_round"}} Complaint
 */

/** The four topics the programme has used. */
export const TOPICS = Object.freeze(["社会治理", "富民强村", "精准服务：让群众有更多获得感", "基层民主"]);

/** @returns {PersonDraft} */
export function emptyPerson() {
  return { name: "", title: "", organisation: "", sector: "", role: "", portrait_url: "", slogan: "" };
}

/** @returns {RoundDraft} */
export function emptyRound() {
  return { title: "", question: "", dimension: "free", duration: "2:00", visibility: "live", changeable: false, grace: "0", sealed: false, too_soon: false, unseen: false };
}

/**
 * The usual bout: 观点PK seen live, 成效PK kept for the reveal.
 * @returns {RoundDraft[]}
 */
export function standardRounds() {
  return [
    { ...emptyRound(), title: "观点PK", dimension: "views", visibility: "live" },
    { ...emptyRound(), title: "成效PK", dimension: "results", visibility: "on_reveal" },
  ];
}

/**
 * A form that needs nothing but two names.
 * @param {{number: number|null}[]} known the sessions there are, for the next issue's number
 * @returns {SessionDraft}
 */
export function newDraft(known) {
  const number = known.reduce((most, session) => Math.max(most, session.number ?? 0), 0) + 1;
  return {
    title: `先锋擂台 第${number}期`, number: String(number), topic: "", kind: "pk", deciding: false, wechat_delay: "0",
    contestants: [{ ...emptyPerson(), role: "holder" }, { ...emptyPerson(), role: "challenger" }],
    rounds: standardRounds(),
  };
}

/**
 * The first bout, as an example to try things with.
 * @param {SessionDraft} draft
 * @returns {SessionDraft}
 */
export function withExample(draft) {
  const people = [
    { name: "王伟", title: "党委副书记", organisation: "澳洋医院", sector: "民营医院", role: "holder" },
    { name: "杨玭", title: "党支部书记、会长", organisation: "张家港市公益组织联合会", sector: "社会组织", role: "challenger" },
  ];
  return {
    ...draft, kind: "pk", topic: TOPICS[2] ?? "",
    contestants: people.map((person) => ({ ...emptyPerson(), ...person })),
  };
}

/**
 * Read a span as people type it: "90" seconds, "2:00", "1:30". Empty is null: no limit.
 * @param {string} text
 * @returns {number|null|undefined} milliseconds; undefined where it cannot be read or is out of bounds
 */
export function parseDuration(text) {
  const plain = text.trim().replace("：", ":");
  if (plain === "") return null;
  const match = /^(?:(\d{1,4}):)?(\d{1,5})$/u.exec(plain);
  if (match === null) return undefined;
  const minutes = Number(match[1] ?? "0");
  const seconds = Number(match[2]);
  if (match[1] !== undefined && seconds > 59) return undefined;
  const ms = (minutes * 60 + seconds) * 1000;
  return ms >= 1000 && ms <= DURATION_MS_MAX ? ms : undefined;
}

/**
 * @param {number|null} ms
 * @returns {string}
 */
export function durationText(ms) {
  if (ms === null) return "";
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/**
 * @param {string} text
 * @returns {number|undefined}
 */
export function parseGrace(text) {
  const plain = text.trim() === "" ? "0" : text.trim();
  if (!/^\d{1,2}(\.\d)?$/u.test(plain)) return undefined;
  const ms = Math.round(Number(plain) * 1000);
  return ms <= GRACE_MS_MAX ? ms : undefined;
}

/**
 * @param {RoundDraft} round
 * @param {number} index
 * @returns {{request: Record<string, unknown>, complaints: Complaint[]}}
 */
export function roundRequest(round, index) {
  /** @type {Complaint[]} */
  const complaints = [];
  const duration = parseDuration(round.duration);
  const grace = parseGrace(round.grace);
  if (round.title.trim() === "") complaints.push({ field: `round-${index}-title`, code: "needed" });
  if (duration === undefined) complaints.push({ field: `round-${index}-duration`, code: "duration" });
  if (grace === undefined) complaints.push({ field: `round-${index}-grace`, code: "grace" });
  const request = {
    title: round.title.trim(), question: round.question.trim(), dimension: round.dimension, duration_ms: duration ?? null,
    visibility: round.visibility, changeable: round.changeable, grace_ms: grace ?? 0,
    sealed: round.sealed, quarantine: /** @type {const} */ (["too_soon", "unseen"]).filter((rule) => round[rule]),
  };
  return { request, complaints };
}

/**
 * @param {PersonDraft[]} people
 * @param {"pk"|"gala"|"poll"} kind
 * @returns {{request: Record<string, unknown>[], complaints: Complaint[]}}
 */
export function peopleRequest(people, kind) {
  /** @type {Complaint[]} */
  const complaints = [];
  if (people.length < 2) complaints.push({ field: "person-0-name", code: "too_few" });
  people.forEach((person, index) => {
    if (person.name.trim() === "") complaints.push({ field: `person-${index}-name`, code: "needed" });
    if (!portraitFits(person.portrait_url)) complaints.push({ field: `person-${index}-portrait`, code: "portrait" });
  });
  const request = people.map((person) => ({
    name: person.name.trim(), title: person.title.trim(), organisation: person.organisation.trim(), sector: person.sector.trim(),
    role: kind === "pk" ? person.role : "", portrait_url: person.portrait_url.trim(), slogan: person.slogan.trim(),
  }));
  return { request, complaints };
}

/**
 * @param {SessionDraft} draft
 * @returns {{request: Record<string, unknown>, complaints: Complaint[]}}
 */
export function sessionRequest(draft) {
  const people = peopleRequest(draft.contestants, draft.kind);
  const rounds = draft.rounds.map(roundRequest);
  /** @type {Complaint[]} */
  const complaints = [];
  if (draft.title.trim() === "") complaints.push({ field: "title", code: "needed" });
  if (!/^[1-9]\d{0,4}$/u.test(draft.number.trim())) complaints.push({ field: "number", code: "number" });
  complaints.push(...people.complaints, ...rounds.flatMap((round) => round.complaints));
  const delay = parseGrace(draft.wechat_delay);
  if (delay === undefined) complaints.push({ field: "wechat-delay", code: "delay" });
  if (draft.rounds.length === 0) complaints.push({ field: "add-round", code: "no_round" });
  const request = {
    title: draft.title.trim(), number: Number(draft.number.trim()), topic: draft.topic.trim(), kind: draft.kind, deciding: draft.deciding,
    channels: [
      { key: "web", name: "网页", delay_ms: 0 }, { key: "wechat", name: "微信视频", delay_ms: delay ?? 0 }, { key: "radio", name: "电台", delay_ms: 0 },
    ],
    contestants: people.request, rounds: rounds.map((round) => round.request),
  };
  return { request, complaints };
}

/**
 * @param {string} url
 */
export function portraitFits(url) {
  const plain = url.trim();
  if (plain === "") return true;
  if (plain.length > PORTRAIT_CHARS_MAX) return false;
  // A picture sent before stands at an address of the service's own.
  if (/^\/api\/v1\/portraits\/[0-9a-f]{64}$/u.test(plain)) return true;
  return /^https?:\/\/\S{1,490}$/u.test(plain) || /^data:image\/(jpeg|png|webp);base64,[A-Za-z0-9+/=]+$/u.test(plain);
}

/**
 * @param {SessionDocument} session
 * @returns {SessionDraft}
 */
export function draftOf(session) {
  return {
    title: session.title, number: session.number === null ? "" : String(session.number), topic: session.topic, kind: session.kind, deciding: session.deciding, wechat_delay: "0",
    contestants: session.contestants.map(({ name, title, organisation, sector, role, portrait_url, slogan }) => ({
      name, title, organisation, sector, role, portrait_url, slogan,
    })),
    rounds: session.rounds.map(roundDraftOf),
  };
}

/**
 * @param {RoundDocument} round
 * @returns {RoundDraft}
 */
export function roundDraftOf(round) {
  return {
    title: round.title, question: round.question, dimension: round.dimension, duration: durationText(round.duration_ms),
    visibility: round.visibility, changeable: round.changeable, grace: String(round.grace_ms / 1000),
    sealed: round.sealed, too_soon: round.quarantine.includes("too_soon"), unseen: round.quarantine.includes("unseen"),
  };
}

/**
 * Fit a picture into a square box without enlarging it: the portrait's size in pixels.
 * @param {number} width
 * @param {number} height
 * @param {number} side
 * @returns {{width: number, height: number}}
 */
export function fitWithin(width, height, side) {
  const scale = Math.min(1, side / Math.max(width, height, 1));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
