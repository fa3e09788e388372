// @ts-check
// Draws what a season adds up to: the holder of the arena, the facts beside, the boards with shared ranks, the sessions.

/** @import { Language } from "../lib/format.js" */
/** @import { BoardKey, Season, SeasonSession, Standings } from "./types.js" */
/** @import { Row } from "./model.js" */
import { h } from "../console/dom.js";
import { linkTo, sessionText } from "./common.js";
import { boutsOf, cutBoard, namesOf, personOf, rowsOf, standingOf } from "./model.js";
import { WORDS } from "./words.js";

/** @typedef {(key: keyof typeof WORDS & string, values?: Record<string, string|number>) => string} Words */
/** @typedef {{t: Words, language: Language, season: Season, standings: Standings, search: string}} Context */

const FIRST_MAX = 10;

/** @param {string} term @param {string} testid @param {string} main @param {string} more */
function fact(term, testid, main, more) {
  return h("div", { class: "fact", testid }, h("dt", { text: term }), h("dd", {}, main, more === "" ? null : h("span", { text: more })));
}

/** @param {Context} context */
export function arenaSection(context) {
  const { t, language, standings } = context;
  const { arena, boards, closest } = standings;
  const holder = arena.holder === null ? null : personOf(standings, arena.holder);
  const { longest } = arena;
  const closeOne = closest[0];
  const facts = [
    longest === null ? null : fact(t("longest"), "longest", namesOf(standings, [longest.person], language),
      t("longest_n", { n: longest.run, from: sessionText(longest.from, language), to: sessionText(longest.to, language) })),
    standings.most_voted.length === 0 ? null : fact(t("most_voted"), "most-voted", namesOf(standings, standings.most_voted, language), t("figure_votes", { n: (boards.votes[0]?.figure ?? 0).toLocaleString("en-US") })),
    standings.most_liked.length === 0 ? null : fact(t("most_liked"), "most-liked", namesOf(standings, standings.most_liked, language), t("figure_likes", { n: (boards.likes[0]?.figure ?? 0).toLocaleString("en-US") })),
    closeOne === undefined ? null : fact(t("closest"), "closest", sessionText(closeOne.session, language), closeText(context, closeOne)),
  ];
  return h("section", { "aria-label": t("arena") },
    holder === null ? h("p", { class: "fine", testid: "holder", text: t("no_holder") }) : h("div", { class: "holder", testid: "holder" },
      h("p", { class: "over", text: t("arena") }), h("p", { class: "name", text: holder.name }), h("p", { class: "fine", text: standingOf(holder) }),
      h("p", { class: "run", testid: "run", text: arena.run === 1 ? t("run_1") : t("run_n", { n: arena.run }) }),
      arena.since === null ? null : h("p", { class: "fine", text: t("since", { session: sessionText(arena.since, language) }) })),
    h("dl", { class: "facts" }, ...facts));
}

/** @param {Context} context @param {Standings["closest"][number]} bout */
function closeText({ t, standings }, { session, votes, margin_votes, margin_text }) {
  const bout = boutsOf(standings).get(session.code);
  /** @param {"red"|"blue"} side */
  const name = (side) => personOf(standings, bout?.[side] ?? "")?.name ?? t(side);
  return t("closest_by", { red: name("red"), x: votes["red"] ?? 0, blue: name("blue"), y: votes["blue"] ?? 0, n: margin_votes, share: margin_text });
}

/** @param {Context} context */
export function boardsSection(context) {
  const { t, language, standings } = context;
  /** @type {BoardKey[]} */
  const keys = standings.boards.score === null ? ["votes", "likes", "wins"] : ["score", "votes", "likes", "wins"];
  const drawn = keys.map((key) => board(context, key));
  const names = standings.untied.map(({ name }) => name);
  return h("section", { "aria-labelledby": "boards" }, h("h2", { id: "boards", text: t("boards") }),
    h("div", { class: "boards" }, ...drawn),
    names.length ? h("p", { class: "notice", testid: "untied", text: t("untied", { names: [...new Set(names)].join(language === "zh" ? "、" : ", ") }) }) : null);
}

/** @param {Context} context @param {BoardKey} key */
function board(context, key) {
  const { t, standings } = context;
  const { first, rest } = cutBoard(rowsOf(standings.boards[key] ?? []), FIRST_MAX);
  /** @param {Row} row */
  const draw = (row) => place(context, key, row);
  return h("section", { class: "board", testid: `board-${key}` }, h("h3", { text: t(`board_${key}`) }),
    first.length ? h("ol", {}, ...first.map(draw)) : h("p", { class: "fine", text: t("empty") }),
    rest.length ? h("details", {}, h("summary", { text: t("rest", { n: rest.length }) }), h("ol", {}, ...rest.map(draw))) : null);
}

/** @param {Context} context @param {BoardKey} key @param {Row} row */
function place({ t, standings }, key, row) {
  const person = personOf(standings, row.person);
  const bar = h("i");
  bar.style.width = `${row.width_pct}%`;
  return h("li", { class: row.rank === 1 ? "place first" : "place", testid: "place" },
    h("span", { class: "rank" }, h("span", { class: "unseen", text: t("rank", { n: row.rank }) }), h("span", { "aria-hidden": "true", text: String(row.rank) }), row.shared ? h("small", { text: t("shared") }) : null),
    h("span", { class: "name" }, person?.name ?? row.person, person === null ? null : h("span", { class: "org", text: standingOf(person) })),
    h("span", { class: "figure", text: t(`figure_${key}`, { n: row.text }) }),
    h("span", { class: "bar", "aria-hidden": "true" }, bar));
}

/** @param {Context} context */
export function sessionsSection(context) {
  const { t, season } = context;
  const bouts = boutsOf(context.standings);
  return h("section", { "aria-labelledby": "sessions" }, h("h2", { id: "sessions", text: t("sessions") }),
    season.sessions.length === 0 ? h("p", { class: "fine", text: t("no_sessions") })
      : h("ol", { class: "sessions", testid: "sessions" }, ...season.sessions.map((session) => sessionRow(context, session, bouts.get(session.code) ?? null))));
}

/** @param {Context} context @param {SeasonSession} session @param {import("./types.js").Bout|null} bout */
function sessionRow({ t, language, standings, search }, session, bout) {
  /** @param {string} prefix @param {string} value */
  const word = (prefix, value) => (Object.hasOwn(WORDS, `${prefix}_${value}`) ? t(/** @type {keyof typeof WORDS} */ (`${prefix}_${value}`)) : value);
  /** @param {"red"|"blue"} side */
  const name = (side) => personOf(standings, bout?.[side] ?? "")?.name ?? t(side);
  const winner = session.winner === "red" || session.winner === "blue" ? name(session.winner) : null;
  const said = bout?.tie || session.winner === "tie" ? t("tie") : winner === null ? null : t("won", { name: winner });
  /** @param {string} path @param {"take_part"|"desk"} key @param {string} [hash] */
  const link = (path, key, hash = "") =>
    h("a", { href: linkTo(path, search) + hash, "aria-label": `${t(key)} ${sessionText(session, language)}`, testid: `${key}-${session.code}`, text: t(key) });
  const arena = bout === null || bout.winner === null || bout.tie ? null : t(bout.defended ? "defended" : "taken");
  return h("li", { testid: `session-${session.code}` },
    h("span", { class: "title", text: sessionText(session, language) }),
    h("span", { class: "fine" }, [word("kind", session.kind), word("status", bout === null ? session.status : "ended"), bout === null ? "" : t("versus", { red: name("red"), blue: name("blue") })].filter(Boolean).join(" · ")),
    // Votes that do not decide name nobody: then the crew says it, or nobody does.
    said === null && session.kind === "pk" && session.status === "ended" ? h("span", { class: "fine", text: t("undecided") }) : null,
    said === null ? null : h("span", { class: "row" }, h("span", { class: "tag won", text: said }), arena === null ? null : h("span", { class: "fine", text: arena })),
    h("span", { class: "links" },
      session.status === "draft" || session.status === "ended" ? null : link(`/v/${session.code}`, "take_part"),
      standings.view === "staff" ? link(`/console`, "desk", `#session=${session.code}`) : null,
      h("a", { href: linkTo(`/report/${session.code}`, search), "aria-label": `${t("report")} ${sessionText(session, language)}`, text: t("report") }),
      session.status === "draft" ? null : h("a", { href: linkTo(`/visit/${session.code}`, search), "aria-label": `${t("ask")} ${sessionText(session, language)}`, text: t("ask") })));
}
