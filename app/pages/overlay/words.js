// @ts-check
// The fixed words of the overlay in Chinese and English, and how the three languages of ?lang= use them. Pure.

/** @typedef {import("./options.js").OverlayLanguage} OverlayLanguage */
/** What stands large, and small beneath it for ?lang=both. @typedef {{main: string, sub: string}} Words */
/** @typedef {readonly [zh: string, en: string]} Pair */

export const WORDS = Object.freeze({
  soon: /** @type {Pair} */ (["即将开始", "Coming up"]),
  open: /** @type {Pair} */ (["投票进行中", "Voting open"]),
  paused: /** @type {Pair} */ (["投票暂停", "Paused"]),
  closing: /** @type {Pair} */ (["正在收票", "Closing"]),
  locked: /** @type {Pair} */ (["投票截止", "Voting closed"]),
  revealed: /** @type {Pair} */ (["结果揭晓", "Result"]),
  void: /** @type {Pair} */ (["本轮作废", "Round void"]),
  views: /** @type {Pair} */ (["观点PK", "Views"]),
  results: /** @type {Pair} */ (["成效PK", "Results"]),
  holder: /** @type {Pair} */ (["擂主", "Holder"]),
  challenger: /** @type {Pair} */ (["攻擂", "Challenger"]),
  red: /** @type {Pair} */ (["红方", "Red"]),
  blue: /** @type {Pair} */ (["蓝方", "Blue"]),
  votes: /** @type {Pair} */ (["票", "votes"]),
  likes: /** @type {Pair} */ (["点赞", "Likes"]),
  hiddenUntilLock: /** @type {Pair} */ (["票数截止后公布", "Votes shown after closing"]),
  hiddenUntilReveal: /** @type {Pair} */ (["票数揭晓时公布", "Votes shown at the reveal"]),
  pending: /** @type {Pair} */ (["结果待揭晓", "Result to come"]),
  standing: /** @type {Pair} */ (["当前票数", "Votes so far"]),
  final: /** @type {Pair} */ (["最终票数", "Final votes"]),
  won: /** @type {Pair} */ (["胜出", "Winner"]),
  favourite: /** @type {Pair} */ (["人气领先", "Audience favourite"]),
  deciding: /** @type {Pair} */ (["观众投票决定胜负", "Audience votes decide"]),
  popularity: /** @type {Pair} */ (["观众投票仅供参考，不决定胜负", "Audience popularity, does not decide"]),
  byScore: /** @type {Pair} */ (["加权得分", "Weighted score"]),
  points: /** @type {Pair} */ (["分", "pts"]),
  sealed: /** @type {Pair} */ (["封存计票", "Sealed count"]),
  sealedUntil: /** @type {Pair} */ (["封存计票 · 核票后公布", "Sealed count: shown once certified"]),
  corrected: /** @type {Pair} */ (["更正后", "Corrected"]),
  tie: /** @type {Pair} */ (["平局", "Tie"]),
  level: /** @type {Pair} */ (["票数持平", "Level"]),
  noVotes: /** @type {Pair} */ (["暂无投票", "No votes"]),
  scan: /** @type {Pair} */ (["微信扫码", "Scan to take part"]),
  takePart: /** @type {Pair} */ (["点赞 · 投票", "Like · Vote"]),
  code: /** @type {Pair} */ (["场次", "Code"]),
});

/** @typedef {keyof typeof WORDS} WordKey */

const NUMERALS = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十"];

/** @param {Pair} pair @param {OverlayLanguage} lang @returns {Words} */
export function inLanguage(pair, lang) {
  switch (lang) {
    case "zh":
      return { main: pair[0], sub: "" };
    case "en":
      return { main: pair[1], sub: "" };
    case "both":
      return { main: pair[0], sub: pair[1] };
    default:
      throw new TypeError(`no such language: ${lang}`);
  }
}

/** @param {WordKey} key @param {OverlayLanguage} lang @returns {Words} */
export function say(key, lang) {
  return inLanguage(WORDS[key], lang);
}

/** @param {number} number @param {OverlayLanguage} lang @returns {Words} 第一回合, Round 1 */
export function roundWords(number, lang) {
  return inLanguage([`第${NUMERALS[number] ?? number}回合`, `Round ${number}`], lang);
}

/** @param {number} count @param {OverlayLanguage} lang @returns {Words} */
export function turnoutWords(count, lang) {
  const figure = grouped(count);
  return inLanguage([`${figure} 人已投票`, count === 1 ? "1 has voted" : `${figure} have voted`], lang);
}

/** @param {number} count @param {OverlayLanguage} lang @returns {Words} ballots in no other figure */
export function heldWords(count, lang) {
  const figure = grouped(count);
  return inLanguage([`另有 ${figure} 票待核`, `${figure} held for review`], lang);
}

/**
 * Several words in one line of small print.
 * @param {readonly Words[]} all
 * @returns {Words}
 */
export function joined(all) {
  const line = (/** @type {string[]} */ parts) => parts.filter(Boolean).join(" · ");
  return { main: line(all.map(({ main }) => main)), sub: line(all.map(({ sub }) => sub)) };
}

/**
 * The rows that did not fit.
 * @param {number} count
 * @param {number|null} votes null while they may not be seen
 * @param {number} pct
 * @param {OverlayLanguage} lang
 * @returns {Words}
 */
export function restWords(count, votes, pct, lang) {
  if (votes === null) return inLanguage([`其余 ${count} 位`, `${count} more`], lang);
  const figure = grouped(votes);
  return inLanguage(
    [`其余 ${count} 位 · 共 ${figure} 票 · ${pct}%`, `${count} more · ${figure} votes · ${pct}%`],
    lang,
  );
}

/**
 * Which page of a long board this is.
 * @param {number} page from 1 @param {number} pages @param {number} count of rows in all @param {OverlayLanguage} lang
 */
export function pageWords(page, pages, count, lang) {
  return inLanguage([`第 ${page}/${pages} 页 · 共 ${count} 位`, `Page ${page} of ${pages} · ${count} in all`], lang);
}

/** @param {number} count @returns {string} 1234567 → "1,234,567" */
export function grouped(count) {
  return String(Math.floor(count)).replace(/\B(?=(\d{3})+$)/g, ",");
}
