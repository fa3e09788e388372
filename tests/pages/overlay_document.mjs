// Makes tally documents for the overlay's tests, whole and by the contract of docs/api.md.

/** @param {string} key @param {string} name @param {Partial<import("../../app/pages/lib/types.js").Contestant>} [more] */
export function contestant(key, name, more = {}) {
  return { key, name, title: "", organisation: "", sector: "", role: "", portrait_url: "", slogan: "", ...more };
}

export const RED = contestant("red", "王伟", { title: "党委副书记", organisation: "澳洋医院", role: "holder" });
export const BLUE = contestant("blue", "杨玭", { title: "会长", organisation: "张家港市公益组织联合会", role: "challenger" });

/** @param {ReturnType<typeof contestant>[]} contestants @param {number[]} votes @param {number[]} [pct] */
export function tallyOf(contestants, votes, pct = votes.map(() => 0)) {
  const total = votes.reduce((sum, count) => sum + count, 0);
  const most = Math.max(...votes);
  const first = contestants.filter((_, at) => votes[at] === most && most > 0);
  return {
    choices: contestants.map(({ key, name }, at) => ({
      key, name, votes: votes[at], votes_text: String(votes[at]), pct: pct[at], pct_text: `${pct[at]}%`,
      likes: votes[at] * 10, likes_text: String(votes[at] * 10), score: 0, score_text: "",
    })),
    votes: total,
    likes: total * 10,
    turnout: total,
    leader: first.length === 1 ? first[0].key : null,
    tie: first.length > 1,
    by: "votes",
    channels: [],
    held: { ballots: 0, votes: Object.fromEntries(contestants.map(({ key }) => [key, 0])) },
    corrections: 0,
  };
}

/**
 * @param {{contestants?: ReturnType<typeof contestant>[], votes?: number[], pct?: number[], hidden?: boolean,
 *   round?: object|null, session?: object, scene?: string, tally?: object}} [wanted]
 * @returns {any}
 */
export function document_(wanted = {}) {
  const contestants = wanted.contestants ?? [RED, BLUE];
  const round = wanted.round === null ? null : {
    number: 1, run: 1, title: "观点PK", question: "", dimension: "views", phase: "open", visibility: "live",
    opened_at_ms: 1000, closes_at_ms: null, locks_at_ms: null, locked_at_ms: null, revealed_at_ms: null,
    remaining_ms: null, choices_max: 1, changeable: false, votes_per_day: null, grace_ms: 0, duration_ms: null,
    void_reason: null, turnout: 0, sealed: false, certified_at_ms: null, held: 0, ...wanted.round,
  };
  return {
    type: "tally", view: "public", epoch: 7, version: 42, server_time_ms: 1000,
    session: {
      code: "K7M2QP", number: 1, title: "先锋擂台 第1期", topic: "", kind: "pk", status: "live", show: "先锋擂台",
      deciding: true, ...wanted.session,
    },
    contestants,
    round,
    tally: wanted.hidden || !round ? null
      : { ...tallyOf(contestants, wanted.votes ?? contestants.map(() => 0), wanted.pct), ...wanted.tally },
    rounds: [],
    totals: { likes: 0, votes: 0 },
    audience: { online: 1, unique: 1 },
    overlay: { scene: wanted.scene ?? "board" },
  };
}

/** @param {number} count */
export function field(count) {
  return Array.from({ length: count }, (_, at) => contestant(`c${at + 1}`, `选手${at + 1}`));
}
