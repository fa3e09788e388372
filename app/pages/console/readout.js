// @ts-check
// The read-out (口播稿): the present state as sentences the host can say on air. Pure; Chinese and English.
// It never speaks a figure the audience may not see yet, whatever the console itself shows, and names a winner only
// where the audience's votes decide.

/** @import { RoundDocument, SessionDocument, TallyBody } from "./types.js" */
import { isSealed, publicSees } from "./model.js";

/** How many choices of a result are named. */
const SAID_MAX = 3;
const REHEARSAL = { zh: "这是彩排，不算数。", en: "This is a rehearsal; nothing counts. " };

/**
 * @param {SessionDocument} session
 * @param {RoundDocument|null} round
 * @param {TallyBody|null} tally
 * @param {"zh"|"en"} language
 * @returns {string}
 */
export function readout(session, round, tally, language) {
  return (session.rehearsal ? REHEARSAL[language] : "") + said(session, round, tally, language);
}

/**
 * @param {SessionDocument} session
 * @param {RoundDocument|null} round
 * @param {TallyBody|null} tally
 * @param {"zh"|"en"} language
 */
function said(session, round, tally, language) {
  const say = language === "en" ? english : chinese;
  if (session.status === "ended") return say.ended(session);
  if (round === null) return say.empty(session);
  const name = round.title || say.round(round.number);
  switch (round.phase) {
    case "draft":
      return say.draft(session, name, round);
    case "open":
      return say.open(name, round, publicSees(round) ? tally : null, session.deciding);
    case "paused":
      return say.paused(name);
    case "closing":
      return say.closing(name);
    case "locked":
    case "revealed":
      return publicSees(round) && tally !== null ? say.result(name, tally, session.deciding) : say.locked(name, isSealed(round));
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

/** What the lead goes by, most first. @param {TallyBody} tally */
function ranked(tally) {
  const figure = tally.by === "score" ? "score" : "votes";
  return [...tally.choices].sort((a, b) => b[figure] - a[figure]);
}

/** @typedef {TallyBody["choices"][number]} ChoiceTally */

const chinese = {
  round: (/** @type {number} */ number) => `第${number}回合`,
  ended: (/** @type {SessionDocument} */ s) => `${s.title}到此结束，感谢大家的参与。`,
  empty: (/** @type {SessionDocument} */ s) => `欢迎收看${s.title}。`,
  draft(/** @type {SessionDocument} */ s, /** @type {string} */ name, /** @type {RoundDocument} */ round) {
    const names = list(round.choices.map((choice) => choice.name), "、", "和");
    const time = round.duration_ms === null ? "" : `，投票时间${spanChinese(round.duration_ms)}`;
    return `接下来是“${name}”，请为${names}投票${time}。扫屏幕上的二维码就能参与，短码 ${spell(s.code)} 。`;
  },
  open(/** @type {string} */ name, /** @type {RoundDocument} */ round, /** @type {TallyBody|null} */ tally, /** @type {boolean} */ deciding) {
    const ask = round.question === "" ? "" : `问题是：${round.question}`;
    const head = `“${name}”正在投票。${ask}${ask !== "" && !/[。？！]$/u.test(ask) ? "。" : ""}`;
    const [first, second] = tally === null ? [] : ranked(tally);
    if (tally === null || !first || !second || (tally.leader === null && !tally.tie)) return `${head}请大家拿起手机，点赞、投票。`;
    const scored = tally.by === "score";
    if (tally.tie) return `${head}目前${scored ? "得分" : "票数"}持平，请大家继续投票。`;
    const how = scored ? `加权得分${first.score_text}分，得票${first.votes}票` : `得票${first.votes}票，领先${first.votes - second.votes}票`;
    return `${head}目前${first.name}${deciding ? "" : "人气"}领先，${how}，点赞合计${tally.likes}次。`;
  },
  paused: (/** @type {string} */ name) => `“${name}”投票暂停，请稍候，已经投出的票都算数。`,
  closing: (/** @type {string} */ name) => `“${name}”投票通道正在关闭，我们等最后几秒的票到齐。`,
  locked: (/** @type {string} */ name, /** @type {boolean} */ sealed) =>
    `“${name}”投票已经截止，${sealed ? "本轮封存计票，监票员核票之后揭晓" : "结果马上揭晓"}。`,
  void: (/** @type {string} */ name) => `“${name}”本轮投票作废，我们将另行安排，请留意。`,
  result(/** @type {string} */ name, /** @type {TallyBody} */ tally, /** @type {boolean} */ deciding) {
    const sorted = ranked(tally);
    const first = sorted[0];
    if (tally.votes === 0 || first === undefined) return `“${name}”没有收到投票。`;
    const figures = (/** @type {ChoiceTally} */ choice) =>
      tally.by === "score" ? `加权得分${choice.score_text}分，得票${choice.votes}票` : `${choice.votes}票，占${choice.pct}%`;
    const counts = sorted.slice(0, SAID_MAX).map((choice) => choice.name + figures(choice)).join("；");
    const held = tally.held.ballots === 0 ? "" : `另有${tally.held.ballots}张选票待核，没有计入。`;
    const head = tally.corrections === 0 ? "结果揭晓" : "更正后的结果";
    return `“${name}”${head}：${counts}。共有${tally.turnout}人投票，点赞${tally.likes}次。${held}${this.end(first.name, tally, deciding)}`;
  },
  end(/** @type {string} */ first, /** @type {TallyBody} */ tally, /** @type {boolean} */ deciding) {
    const level = tally.by === "score" ? "得分相同" : "票数相同";
    const led = tally.leader !== null;
    if (deciding) return tally.tie ? `${level}，打成平手！` : led ? `观众投票决定胜负，${first}胜出！` : "";
    return `${tally.tie ? `${level}，不分高下。` : led ? `观众更支持${first}。` : ""}观众投票仅供参考，不决定胜负。`;
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
  open(/** @type {string} */ name, /** @type {RoundDocument} */ round, /** @type {TallyBody|null} */ tally, /** @type {boolean} */ deciding) {
    const ask = round.question === "" ? "" : ` The question: ${round.question}${/[.?!]$/u.test(round.question) ? "" : "."}`;
    const head = `“${name}” is open.${ask}`;
    const [first, second] = tally === null ? [] : ranked(tally);
    if (tally === null || !first || !second || (tally.leader === null && !tally.tie)) return `${head} Take your phones: like and vote.`;
    if (tally.tie) return `${head} It is level at the top. Keep voting.`;
    const votes = count(first.votes, "vote");
    const how = tally.by === "score" ? `by weighted score with ${first.score_text} points and ${votes}` : `with ${votes}, ${first.votes - second.votes} ahead`;
    return `${head} ${first.name} leads${deciding ? "" : " in popularity"} ${how}, with ${count(tally.likes, "like")} in all.`;
  },
  paused: (/** @type {string} */ name) => `Voting on “${name}” is paused. Votes already cast stand.`,
  closing: (/** @type {string} */ name) => `Voting on “${name}” is closing; the last votes are coming in.`,
  locked: (/** @type {string} */ name, /** @type {boolean} */ sealed) =>
    `Voting on “${name}” has closed. ${sealed ? "The count is sealed until the scrutineer has certified it" : "The result comes in a moment"}.`,
  void: (/** @type {string} */ name) => `This vote on “${name}” is void. We will tell you what comes next.`,
  result(/** @type {string} */ name, /** @type {TallyBody} */ tally, /** @type {boolean} */ deciding) {
    const sorted = ranked(tally);
    const first = sorted[0];
    if (tally.votes === 0 || first === undefined) return `Nobody voted on “${name}”.`;
    const figures = (/** @type {ChoiceTally} */ choice) => tally.by === "score"
      ? `${choice.score_text} points by weighted score, ${count(choice.votes, "vote")}` : `${count(choice.votes, "vote")}, ${choice.pct} per cent`;
    const counts = sorted.slice(0, SAID_MAX).map((choice) => `${choice.name} ${figures(choice)}`).join("; ");
    const held = tally.held.ballots === 0 ? "" : ` Held for review and not counted: ${count(tally.held.ballots, "ballot")}.`;
    const head = tally.corrections === 0 ? "The result" : "The corrected result";
    return `${head} of “${name}”: ${counts}. ${tally.turnout} took part, with ${count(tally.likes, "like")}.${held}${this.end(first.name, tally, deciding)}`;
  },
  end(/** @type {string} */ first, /** @type {TallyBody} */ tally, /** @type {boolean} */ deciding) {
    const led = tally.leader !== null;
    if (deciding) return tally.tie ? " It is a tie!" : led ? ` Audience votes decide: ${first} wins!` : "";
    return `${tally.tie ? " It is level." : led ? ` The audience favours ${first}.` : ""} Audience votes show popularity and do not decide.`;
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
