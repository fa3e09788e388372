// @ts-check
// Two people at two consoles, and a console that is cut off. A command says what its sender saw and until when it is
// meant: one that the network held back is refused by the service, so that nothing pressed in the dark fires later.

/** @import { State } from "../lib/store.js" */
/** @import { Words } from "./context.js" */
/** @import { Language, Problem, SessionDocument } from "./types.js" */
import { clockText } from "../lib/format.js";
import { serverNow } from "../lib/store.js";
import { auditLine } from "./audit.js";
import { BUDGET_MS } from "./caller.js";

/** A line that has said nothing for so long is asked for a sign of life: a pulled cable brings no event. */
export const SILENT_MS = 4000;
/** So long the desk says that it is back. */
export const BACK_MS = 6000;

/**
 * What a command carries. Without a measured clock it names no time: a guess could have it refused.
 * @param {SessionDocument} session what its sender sees
 * @param {State} live
 * @param {number} local_ms
 * @returns {{revision: number, until_ms?: number}}
 */
export function guardFor(session, live, local_ms) {
  const guard = { revision: session.revision };
  return live.round_trip_ms === null ? guard : { ...guard, until_ms: Math.round(serverNow(live, local_ms)) + BUDGET_MS };
}

/**
 * @param {number} cut_ms local time of the loss
 * @param {State} live
 * @param {Words} t
 * @param {Language} language
 */
export function cutOffSentence(cut_ms, live, t, language) {
  return t("away", { at: clockText(serverNow(live, cut_ms), language, "Asia/Shanghai") });
}

/** @param {number} cut_ms @param {number} back_ms @param {Words} t */
export function backSentence(cut_ms, back_ms, t) {
  return t("back", { s: Math.max(0, Math.round((back_ms - cut_ms) / 1000)) });
}

/**
 * A problem as the desk says it: what somebody else did, in the page's language; and of a command that nobody answered,
 * that it will not be carried out later.
 * @param {Problem} problem
 * @param {Words} t
 * @param {Language} language
 * @returns {Problem}
 */
export function commandProblem(problem, t, language) {
  if (problem.status === 0) return { ...problem, detail: t("never_later") };
  if (problem.code === "command_late") return { ...problem, detail: t("came_late") };
  const change = problem.changes?.[0];
  if (problem.code !== "revision_stale" || change === undefined) return problem;
  const { who, what } = auditLine({ id: 0, before: null, after: null, detail: "", ...change }, language);
  return { ...problem, detail: t("seen_too_late", { who, what, at: clockText(change.at_ms, language, "Asia/Shanghai") }) };
}
