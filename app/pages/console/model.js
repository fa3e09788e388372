// @ts-check
// What the console shows, decided from the session document, the staff's tally and the verbs of `can`.
// Pure: no DOM, no clock of its own, no network. Times are Unix milliseconds of the server's clock.

/** @import { Command, OverlayBeat, Phase, RoundDocument, Scene, SessionDocument, TallyDocument } from "./types.js" */

/** @type {readonly Scene[]} */
export const SCENES = ["board", "lower_third", "result", "qr", "blank"];

/** @type {readonly Command[]} */
export const COMMANDS = ["open", "pause", "resume", "lock", "reveal", "certify", "void", "rerun"];

/** A shape beside each phase's colour, for those who cannot tell the colours apart. */
export const PHASE_MARKS = Object.freeze({
  draft: "○", open: "●", paused: "‖", closing: "…", locked: "■", revealed: "★", void: "×",
});

/** An overlay beats every few seconds; one that is silent longer than this is shown as not answering. */
export const OVERLAY_SILENT_MS = 10_000;

/** These cannot be taken back on the same run, so they want a second press. A void asks for its reason instead. */
const CONFIRMED = new Set(/** @type {Command[]} */ (["lock", "reveal", "certify", "rerun"]));

/** Who does what, for the line "waiting for the director" on a console that may not. */
const DONE_BY = new Map(
  /** @type {[Command, "producer"|"director"|"scrutineer"][]} */ ([
    ["open", "producer"], ["pause", "producer"], ["resume", "producer"], ["lock", "producer"],
    ["reveal", "director"], ["certify", "scrutineer"], ["void", "scrutineer"], ["rerun", "scrutineer"],
  ]),
);

/**
 * @typedef {object} NextStep
 * @property {Command|null} command null where there is nothing to press
 * @property {number|null} round
 * @property {boolean} mine whether this token may do it
 * @property {"producer"|"director"|"scrutineer"|null} by who else may, where it is not mine
 * @property {boolean} confirm
 * @property {"ready"|"closing"|"finished"|"ended"|"empty"|"not_mine"} state
 */

/** @param {Command} command */
export function needsConfirm(command) {
  return CONFIRMED.has(command);
}

/**
 * The round on air or last on air.
 * @param {SessionDocument} session
 * @returns {RoundDocument|null}
 */
export function presentRound(session) {
  return session.rounds.find((round) => round.number === session.current_round) ?? session.rounds[0] ?? null;
}

/**
 * Decide what the one big button does. It always names its command and round, never "next": a press that arrives twice
 * then finds the command already true, where a second "next" would go one step too far.
 * @param {SessionDocument} session
 * @param {ReadonlySet<string>} can
 * @returns {NextStep}
 */
export function nextStep(session, can) {
  const present = presentRound(session);
  const none = { command: null, round: null, mine: false, by: null, confirm: false };
  if (session.status === "ended") return { ...none, state: "ended" };
  if (present === null) return { ...none, state: "empty" };
  if (present.phase === "closing") return { ...none, round: present.number, state: "closing" };
  const signs = can.has("certify") && !can.has("open");
  if (signs && present.allowed.includes("certify")) return step("certify", present.number, can);
  if (session.next === null && present.allowed.includes("rerun") && present.phase === "void") return step("rerun", present.number, can);
  if (session.next === null) return { ...none, state: "finished" };
  return step(/** @type {Command} */ (session.next.command), session.next.round, can);
}

/**
 * @param {Command} command
 * @param {number} round
 * @param {ReadonlySet<string>} can
 * @returns {NextStep}
 */
function step(command, round, can) {
  const mine = can.has(command);
  return {
    command, round, mine, by: mine ? null : DONE_BY.get(command) ?? null,
    confirm: needsConfirm(command), state: mine ? "ready" : "not_mine",
  };
}

/**
 * The other commands at hand for the present round: those the role has, enabled where the round allows them.
 * @param {RoundDocument|null} round
 * @param {ReadonlySet<string>} can
 * @returns {{command: Command, shown: boolean, enabled: boolean, confirm: boolean}[]}
 */
export function commandsAtHand(round, can) {
  return COMMANDS.map((command) => {
    const allowed = round !== null && round.allowed.includes(command);
    // One place for pause and resume: whichever the round allows, pause where neither.
    const twin = command === "resume" ? allowed : command === "pause" ? !round?.allowed.includes("resume") : true;
    return { command, shown: can.has(command) && command !== "open" && twin, enabled: allowed, confirm: needsConfirm(command) };
  });
}

/**
 * Say whether the count is still under its seal: nobody sees more than the turnout.
 * @param {Pick<RoundDocument, "sealed"|"certified_at_ms">} round
 */
export function isSealed(round) {
  return round.sealed && round.certified_at_ms === null;
}

/**
 * Say whether someone in the audience who has not voted may see the figures of this round now.
 * @param {Pick<RoundDocument, "visibility"|"phase"|"sealed"|"certified_at_ms">} round
 */
export function publicSees(round) {
  if (isSealed(round)) return false;
  if (round.phase === "revealed") return true;
  if (round.phase === "void") return false;
  switch (round.visibility) {
    case "live":
      return true;
    case "after_vote":
    case "on_lock":
      return round.phase === "locked";
    case "on_reveal":
      return false;
    default:
      throw new Error(`unknown visibility ${String(round.visibility)}`);
  }
}

/**
 * @typedef {object} Figure
 * @property {string} key
 * @property {string} name
 * @property {string} organisation
 * @property {string} portrait
 * @property {number|null} votes
 * @property {number|null} likes
 * @property {number|null} pct
 * @property {string} score after the channels' weights, "" where votes alone count
 * @property {boolean} leads
 * @property {boolean} level shares the first place
 */

/**
 * The live figures of the present round, one row a choice, null where this view may not know.
 * @param {SessionDocument} session
 * @param {TallyDocument|null} tally
 * @returns {{rows: Figure[], votes: number|null, likes: number|null, turnout: number|null, held: number, hidden: boolean, sealed: boolean, scored: boolean, corrected: boolean}}
 */
export function figures(session, tally) {
  const round = presentRound(session);
  const same = tally !== null && round !== null && tally.round !== null
    && tally.round.number === round.number && tally.round.run === round.run;
  const body = same ? tally.tally : null;
  const counts = new Map((body?.choices ?? []).map((choice) => [choice.key, choice]));
  const people = new Map(session.contestants.map((person) => [person.key, person]));
  const choices = round?.choices ?? session.contestants.map(({ key, name }) => ({ key, name }));
  const scored = body?.by === "score";
  const weightOf = (/** @type {{votes: number, score: number}|undefined} */ choice) => (scored ? choice?.score : choice?.votes) ?? 0;
  const most = Math.max(0, ...(body?.choices ?? []).map(weightOf));
  const rows = choices.map(({ key, name }) => {
    const count = counts.get(key);
    const person = people.get(key);
    return {
      key, name, organisation: person?.organisation ?? "", portrait: person?.portrait_url ?? "",
      votes: count?.votes ?? null, likes: count?.likes ?? null, pct: count?.pct ?? null,
      score: scored ? count?.score_text ?? "" : "",
      leads: body !== null && body.leader === key, level: body !== null && body.tie && weightOf(count) === most,
    };
  });
  const begun = round !== null && round.phase !== "draft";
  return {
    rows, votes: body?.votes ?? null, likes: body?.likes ?? null,
    turnout: body?.turnout ?? (same ? tally.round?.turnout ?? null : null),
    held: same ? tally.round?.held ?? 0 : 0,
    hidden: begun && !publicSees(round), sealed: begun && isSealed(round) && round.phase !== "void",
    scored, corrected: (body?.corrections ?? 0) > 0,
  };
}

/**
 * The scene that fits what is happening, for the preview to stand ready with.
 * @param {SessionDocument} session
 * @returns {Scene}
 */
export function fittingScene(session) {
  const round = presentRound(session);
  if (session.status === "ended" || round === null) return "blank";
  switch (round.phase) {
    case "draft":
      return round.number === 1 && round.run === 1 ? "qr" : "lower_third";
    case "open":
    case "paused":
    case "closing":
      return "board";
    case "locked":
    case "revealed":
      return "result";
    case "void":
      return "blank";
    default:
      throw new Error(`unknown phase ${String(round.phase)}`);
  }
}

/**
 * What the clock beside the round counts.
 * @param {RoundDocument|null} round
 * @param {number} nowMs
 * @returns {{kind: "none"|"left"|"elapsed"|"settling"|"held", ms: number}}
 */
export function roundClock(round, nowMs) {
  if (round === null) return { kind: "none", ms: 0 };
  switch (round.phase) {
    case "open":
      if (round.closes_at_ms !== null) return { kind: "left", ms: Math.max(0, round.closes_at_ms - nowMs) };
      return { kind: "elapsed", ms: Math.max(0, nowMs - (round.opened_at_ms ?? nowMs)) };
    case "paused":
      return round.remaining_ms === null ? { kind: "none", ms: 0 } : { kind: "held", ms: round.remaining_ms };
    case "closing":
      return { kind: "settling", ms: Math.max(0, (round.locks_at_ms ?? nowMs) - nowMs) };
    case "draft":
      return round.duration_ms === null ? { kind: "none", ms: 0 } : { kind: "held", ms: round.duration_ms };
    case "locked":
    case "revealed":
    case "void":
      return { kind: "none", ms: 0 };
    default:
      throw new Error(`unknown phase ${String(round.phase)}`);
  }
}

/**
 * Say whether the tally shows something the session document does not know yet, so that it must be read again.
 * @param {SessionDocument} session
 * @param {TallyDocument} tally
 */
export function sessionIsStale(session, tally) {
  const known = new Map(session.rounds.map((round) => [round.number, round]));
  if (tally.rounds.length !== session.rounds.length) return true;
  if (tally.rounds.some((round) => known.get(round.number)?.phase !== round.phase)) return true;
  const { scene, panic = false, preview = null } = tally.overlay;
  const known_overlay = session.overlay;
  if (scene !== known_overlay.scene || panic !== (known_overlay.panic ?? false)) return true;
  if (preview !== null && preview !== known_overlay.preview) return true;
  const current = tally.round === null ? undefined : known.get(tally.round.number);
  if (tally.round === null || current === undefined) return false;
  const closes = tally.round.closes_at_ms ?? null;
  if (current.certified_at_ms !== tally.round.certified_at_ms) return true;
  return tally.round.number !== session.current_round || current.run !== tally.round.run || current.closes_at_ms !== closes;
}

/**
 * @param {TallyDocument|null} tally
 * @param {number} nowMs
 * @returns {(OverlayBeat & {answers: boolean, silent_s: number})[]}
 */
export function overlayBeats(tally, nowMs) {
  return (tally?.staff?.overlays ?? []).map((beat) => {
    const silentMs = Math.max(0, nowMs - beat.seen_at_ms);
    return { ...beat, answers: silentMs <= OVERLAY_SILENT_MS, silent_s: Math.floor(silentMs / 1000) };
  });
}

/**
 * Which arrangement of the screen serves this token best.
 * @param {ReadonlySet<string>} can
 * @returns {"producer"|"director"|"scrutineer"|"watcher"}
 */
export function layoutFor(can) {
  if (can.has("open")) return "producer";
  if (can.has("reveal") || can.has("overlay")) return "director";
  if (can.has("certify") || can.has("void")) return "scrutineer";
  return "watcher";
}

/** @param {Phase} phase */
export function isOnAir(phase) {
  return phase === "open" || phase === "paused" || phase === "closing";
}

/**
 * @param {SessionDocument} session
 * @returns {boolean} whether contestants and channels may still be changed
 */
export function contestantsEditable(session) {
  return session.rounds.every((round) => round.run === 1 && round.opened_at_ms === null);
}
