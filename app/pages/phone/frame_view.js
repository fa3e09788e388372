// @ts-check
// Draws what stands around the arena: title, question, phase, countdown, connection, receipts, and the one polite
// live region in which a screen reader hears what has changed.

import { clockText, countdownText, DAY_MS, endText } from "../lib/format.js";
import { byId, make, setAttribute, setText } from "./dom.js";

/** @import { State } from "../lib/store.js" */
/** @import { OwnBallot, TallyDocument } from "../lib/types.js" */
/** @import { Language } from "../lib/format.js" */
/** @import { Translate } from "./arena_view.js" */
/** @import { Panel } from "./panel.js" */
/** @import { Situation } from "./situation.js" */
/**
 * @typedef {object} Frame
 * @property {State} state
 * @property {Situation} situation
 * @property {Panel|null} panel null before anything can be voted
 * @property {(key: string) => string} nameOf
 * @property {(OwnBallot & {round: number, run: number})[]} receipts
 */

/** Under this much time left the countdown is marked. */
const HURRY_BELOW_MS = 10000;

/**
 * Where a receipt is looked up. It travels behind the `#`, so that it stands in no server's log.
 * @param {string} code @param {string} receipt @param {Language} language
 */
export function receiptAddress(code, receipt, language) {
  return `/receipt/${encodeURIComponent(code)}${language === "en" ? "?lang=en" : ""}#r=${encodeURIComponent(receipt)}`;
}

export class FrameView {
  #t;
  #language;
  #code;
  #announced = "";
  #drawnReceipts = "";
  #ledOn = false;

  /** @param {{t: Translate, language: Language, code: string}} settings */
  constructor({ t, language, code }) {
    this.#t = t;
    this.#language = language;
    this.#code = code;
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    setText(byId("privacy"), t("privacy"));
    setText(byId("receipts-title"), t("receipts"));
    setText(byId("report"), t("report"));
    setAttribute(byId("report"), "href", `/report/${encodeURIComponent(code)}${language === "en" ? "?lang=en" : ""}`);
    setText(byId("privacy-link"), t("privacy_more"));
    const lang = language === "en" ? "&lang=en" : "";
    setAttribute(byId("privacy-link"), "href", `/privacy?session=${encodeURIComponent(code)}${lang}`);
    setText(byId("other-language"), t("other_language"));
    const address = new URL(location.href);
    address.searchParams.set("lang", language === "zh" ? "en" : "zh");
    setAttribute(byId("other-language"), "href", address.search);
    setAttribute(byId("other-language"), "lang", language === "zh" ? "en" : "zh-CN");
  }

  /** Say something to a screen reader. @param {string} text */
  announce(text) {
    setText(byId("announce"), text);
  }

  /** The ICP filing number, where the service has one. @param {string} icp */
  showFiling(icp) {
    setText(byId("icp"), icp);
    byId("icp").hidden = !icp;
  }

  /** Answer a tap that cannot count now: the phase is shown again, and said. */
  announceStage() {
    const phase = byId("phase");
    phase.animate?.([{ transform: "none" }, { transform: "scale(1.06)" }, { transform: "none" }], 250);
    this.announce("");
    this.announce(phase.textContent ?? "");
  }

  /** @param {Frame} frame */
  draw(frame) {
    const { state, situation } = frame;
    const { tally: shown, connection } = state;
    const t = this.#t;
    document.body.dataset.stage = situation.stage;
    setText(byId("phase-text"), this.#phaseText(frame));
    setAttribute(byId("phase"), "data-stage", situation.stage);
    const link = byId("connection");
    setAttribute(link, "data-status", connection.status);
    setText(link, t(connection.status));
    const countdown = byId("countdown");
    setAttribute(countdown, "hidden", situation.left_ms === null ? "" : null);
    setAttribute(countdown, "data-hurry", (situation.left_ms ?? Infinity) < HURRY_BELOW_MS ? "" : null);
    // Hours that are counted in hundreds tell nobody when to come back: a day and a time do.
    const ends_at_ms = (situation.left_ms ?? 0) >= DAY_MS ? situation.ends_at_ms : null;
    setAttribute(countdown, "data-days", ends_at_ms === null ? null : "");
    setText(byId("countdown-word"), t(ends_at_ms === null ? "left" : "until"));
    if (ends_at_ms !== null) setText(byId("countdown-time"), endText(ends_at_ms, this.#language));
    else if (situation.left_ms !== null) setText(byId("countdown-time"), countdownText(situation.left_ms, this.#language));
    if (shown) this.#drawTitle(shown);
    const replayed = Boolean(shown?.session.replay);
    setAttribute(byId("replay"), "hidden", replayed ? null : "");
    if (replayed) setText(byId("replay"), t("replay"));
    const final = situation.stage === "over" || situation.stage === "revealed";
    setAttribute(byId("report"), "hidden", final && !replayed ? null : "");
    if (!replayed && (situation.stage === "revealed" || shown?.session.status === "ended")) this.#leadOn();
    this.#drawReceipts(frame);
    this.#announceNews(frame);
  }

  #leadOn() {
    if (this.#ledOn) return;
    this.#ledOn = true;
    const place = { nav: byId("ways"), code: this.#code, language: this.#language };
    import("./leading_on.js").then(({ leadOn }) => leadOn(place), () => {}); // The page is whole without.
  }

  /** @param {TallyDocument} shown */
  #drawTitle({ session, round, tally }) {
    const t = this.#t;
    const title = `${session.rehearsal ? "彩排 · " : ""}${session.title || session.show || t("brand")}`;
    byId("rehearsal").hidden = !session.rehearsal;
    setText(byId("rehearsal"), session.rehearsal ? t("rehearsal") : "");
    if (document.title !== title) document.title = title;
    setText(byId("title"), title);
    setText(byId("topic"), session.topic);
    setText(byId("round-line"), round ? `${t("round", { number: round.number })} ${this.#roundTitle(round)}` : "");
    setText(byId("question"), round?.question ?? "");
    const standing = t(session.deciding ? "deciding" : "popularity");
    setText(byId("standing"), tally?.by === "score" ? `${standing} · ${t("by_score")}` : standing);
  }

  /** @param {import("../lib/types.js").TallyRound} round */
  #roundTitle({ title, dimension }) {
    if (title) return `· ${title}`;
    return dimension === "views" || dimension === "results" ? `· ${this.#t(dimension)}` : "";
  }

  /** @param {Frame} frame */
  #phaseText({ state, situation, nameOf }) {
    const t = this.#t;
    if (situation.stage !== "revealed" || !state.tally?.tally) return t(situation.stage);
    // Where the audience's votes do not decide, nobody is said to have won.
    const { deciding } = state.tally.session;
    if (situation.tie) return `${t("revealed")} · ${t(deciding ? "tie" : "level")}`;
    if (situation.winner === null) return state.tally.tally.votes ? t("revealed") : `${t("revealed")} · ${t("nobody")}`;
    return t(deciding ? "winner" : "favourite", { name: nameOf(situation.winner) });
  }

  /** @param {Frame} frame */
  #drawReceipts({ receipts, state, nameOf }) {
    const box = byId("receipts");
    const drawn = JSON.stringify([receipts, state.tally?.round?.choices]);
    if (drawn === this.#drawnReceipts) return;
    this.#drawnReceipts = drawn;
    setAttribute(box, "hidden", receipts.length ? null : "");
    const rows = receipts.map((each) =>
      make(
        "li",
        {},
        `${this.#t("round", { number: each.round })} · ${each.choices.map(nameOf).join("、")} · `,
        make("a", { href: receiptAddress(this.#code, each.receipt, this.#language) }, make("code", {}, each.receipt)),
        ` · ${clockText(each.accepted_at_ms, this.#language)}`,
      ),
    );
    byId("receipts-list").replaceChildren(...rows);
  }

  /** Speak when the phase, the vote or the line has changed; figures would never let a listener go. @param {Frame} frame */
  #announceNews({ state, situation, panel, nameOf }) {
    const t = this.#t;
    const words = [byId("phase-text").textContent ?? ""];
    const { status } = state.connection;
    if (status === "waiting") words.push(t("waiting"));
    if (panel?.kind === "sending") words.push(t("sending"));
    if (panel?.kind === "refused") words.push(t("refused"));
    if (panel?.kind === "voted") words.push(`${t("voted")} ${panel.choices.map(nameOf).join("、")}`);
    if (situation.hidden && situation.stage === "open") words.push(t(situation.sealed ? "sealed" : "hidden"));
    const said = words.join("。");
    if (said === this.#announced) return;
    this.#announced = said;
    this.announce(said);
  }
}
