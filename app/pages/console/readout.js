// @ts-check
// The read-out (口播稿): the present state as sentences the host can say on air. Pure; Chinese and English.
// It never speaks a figure the audience may not see yet, whatever the console itself shows.

/** @import { RoundDocument, SessionDocument, TallyBody } from "./types.js" */
import { publicSees } from "./model.js";

/**
 * @param {SessionDocument} session
 * @param {RoundDocument|null} round
 * @param {TallyBody|null} tally
 * @param {"zh"|"en"} language
 * @returns {string}
 */
export function readout(session, round, tally, language) {
  const say = language === "en" ? english : chinese;
  if (session.status === "ended") return say.ended(session);
  if (round === null) return say.empty(session);
  const name = round.title || say.round(round.number);
  switch (round.phase) {
    case "draft":
      return say.draft(session, name, round);
    case "open":
      return say.open(name, round, publicSees(round) ? tally : null);
    case "paused":
      return say.paused(name);
    case "closing":
      return say.closing(name);
    case "locked":
      return publicSees(round) && tally !== null ? say.result(name, tally) : say.locked(name);
    case "revealed":
      return tally === null ? say.locked(name) : say.result(name, tally);
    case "void":
      return say.void(name);
    default:
      throw new Error(`unknown phase ${String(round.phase)}`);
  }
}

/** @param {string[]} names @param {string} comma @param {string} last */
function list(names, comma, last) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(comma)}${last}${names[names.length - 1]}`;
}

/** @param {number} ms */
function spanChinese(ms) {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const rest = seconds % 60;
  if (minutes === 0) return `${rest}秒`;
  return rest === 0 ? `${minutes}分钟` : `${minutes}分${rest}秒`;
}

/** @param {number} ms */
function spanEnglish(ms) {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const rest = seconds % 60;
  const part = (/** @type {number} */ n, /** @type {string} */ unit) => (n === 0 ? "" : `${n} ${unit}${n === 1 ? "" : "s"}`);
  return [part(minutes, "minute"), part(rest, "second")].filter((text) => text !== "").join(" ") || "0 seconds";
}

/** @param {TallyBody} tally */
function byVotes(tally) {
  return [...tally.choices].sort((a, b) => b.votes - a.votes);
}

const chinese = {
  round: (/** @type {number} */ number) => `第${number}回合`,
  ended: (/** @type {SessionDocument} */ s) => `${s.title}到此结束，感谢大家的参与。`,
  empty: (/** @type {SessionDocument} */ s) => `欢迎收看${s.title}。`,
  draft(/** @type {SessionDocument} */ s, /** @type {string} */ name, /** @type {RoundDocument} */ round) {
    const names = list(round.choices.map((choice) => choice.name), "、", "和");
    const time = round.duration_ms === null ? "" : `，投票时间${spanChinese(round.duration_ms)}`;
    return `接下来是“${name}”，请为${names}投票${time}。扫屏幕上的二维码就能参与，短码 ${spell(s.code)} 。`;
  },
  open(/** @type {string} */ name, /** @type {RoundDocument} */ round, /** @type {TallyBody|null} */ tally) {
    const ask = round.question === "" ? "" : `问题是：${round.question}`;
    const head = `“${name}”正在投票。${ask}${ask !== "" && !/[。？！]$/u.test(ask) ? "。" : ""}`;
    if (tally === null || tally.votes === 0) return `${head}请大家拿起手机，点赞、投票。`;
    const [first, second] = byVotes(tally);
    if (tally.tie || tally.leader === null || first === undefined) return `${head}目前票数持平，请大家继续投票。`;
    const lead = second === undefined ? first.votes : first.votes - second.votes;
    return `${head}目前${first.name}领先，得票${first.votes}票，领先${lead}票，点赞合计${tally.likes}次。`;
  },
  paused: (/** @type {string} */ name) => `“${name}”投票暂停，请稍候，已经投出的票都算数。`,
  closing: (/** @type {string} */ name) => `“${name}”投票通道正在关闭，我们等最后几秒的票到齐。`,
  locked: (/** @type {string} */ name) => `“${name}”投票已经截止，结果马上揭晓。`,
  void: (/** @type {string} */ name) => `“${name}”本轮投票作废，我们将另行安排，请留意。`,
  result(/** @type {string} */ name, /** @type {TallyBody} */ tally) {
    const sorted = byVotes(tally);
    const first = sorted[0];
    if (tally.votes === 0 || first === undefined) return `“${name}”没有收到投票。`;
    const counts = sorted.slice(0, 3).map((choice) => `${choice.name}${choice.votes}票，占${choice.pct}%`).join("；");
    const end = tally.tie || tally.leader === null ? "票数相同，打成平手" : `${first.name}胜出`;
    return `“${name}”结果揭晓：${counts}。共有${tally.turnout}人投票，点赞${tally.likes}次。${end}！`;
  },
};

const english = {
  round: (/** @type {number} */ number) => `Round ${number}`,
  ended: (/** @type {SessionDocument} */ s) => `That was ${s.title}. Thank you for taking part.`,
  empty: (/** @type {SessionDocument} */ s) => `Welcome to ${s.title}.`,
  draft(/** @type {SessionDocument} */ s, /** @type {string} */ name, /** @type {RoundDocument} */ round) {
    const names = list(round.choices.map((choice) => choice.name), ", ", " or ");
    const time = round.duration_ms === null ? "" : ` You have ${spanEnglish(round.duration_ms)}.`;
    return `Next comes “${name}”: vote for ${names}.${time} Scan the code on the screen; the short code is ${spell(s.code)}.`;
  },
  open(/** @type {string} */ name, /** @type {RoundDocument} */ round, /** @type {TallyBody|null} */ tally) {
    const ask = round.question === "" ? "" : ` The question: ${round.question}${/[.?!]$/u.test(round.question) ? "" : "."}`;
    const head = `“${name}” is open.${ask}`;
    if (tally === null || tally.votes === 0) return `${head} Take your phones: like and vote.`;
    const [first, second] = byVotes(tally);
    if (tally.tie || tally.leader === null || first === undefined) return `${head} It is level at the top. Keep voting.`;
    const lead = second === undefined ? first.votes : first.votes - second.votes;
    return `${head} ${first.name} leads with ${count(first.votes, "vote")}, ${lead} ahead, with ${count(tally.likes, "like")} in all.`;
  },
  paused: (/** @type {string} */ name) => `Voting on “${name}” is paused. Votes already cast stand.`,
  closing: (/** @type {string} */ name) => `Voting on “${name}” is closing; the last votes are coming in.`,
  locked: (/** @type {string} */ name) => `Voting on “${name}” has closed. The result comes in a moment.`,
  void: (/** @type {string} */ name) => `This vote on “${name}” is void. We will tell you what comes next.`,
  result(/** @type {string} */ name, /** @type {TallyBody} */ tally) {
    const sorted = byVotes(tally);
    const first = sorted[0];
    if (tally.votes === 0 || first === undefined) return `Nobody voted on “${name}”.`;
    const counts = sorted.slice(0, 3).map((choice) => `${choice.name} ${count(choice.votes, "vote")}, ${choice.pct} per cent`).join("; ");
    const end = tally.tie || tally.leader === null ? "It is a tie" : `${first.name} wins`;
    return `The result of “${name}”: ${counts}. ${tally.turnout} took part, with ${count(tally.likes, "like")}. ${end}!`;
  },
};

/** @param {number} n @param {string} noun */
function count(n, noun) {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/**
 * A code is read out letter by letter.
 * @param {string} code
 */
function spell(code) {
  return code.split("").join(" ");
}
