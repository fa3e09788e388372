// @ts-check
// The phone page from its second moment on: wires the connection, the pure modules and the views that main.js made.
// It decides nothing that they could decide. What was tapped is kept before it is sent, and kept until the service
// has confirmed it.

import { createApi, Problem, sessionPath } from "../lib/api.js";
import { connect } from "../lib/connection.js";
import * as Likes from "../lib/likes.js";
import { isStale, reduce, serverNow } from "../lib/store.js";
import * as Ballot from "./ballot.js";
import { byId } from "./dom.js";
import { Entrance, keepUnderNewIdentity } from "./entrance.js";
import { heartsIn } from "./hearts.js";
import { deviceOf, readIdentity } from "./identity.js";
import { NO_INTENT, panelOf, pick } from "./panel.js";
import { PanelView } from "./panel_view.js";
import { ReceiptBook } from "./receipt_book.js";
import { ShownLikes } from "./shown_likes.js";
import { lineFor, situationOf } from "./situation.js";

/** @import { Message, State } from "../lib/store.js" @import { ProblemMessage } from "../lib/types.js" */
/** @import { Page } from "./main.js" @import { PanelAction } from "./panel_view.js" */

const LIKES_ID = "likes";
const PUMP_INTERVAL_MS = 100;
const REDRAW_INTERVAL_MS = 500;
const TOKEN_CODES = new Set(["token_missing", "token_invalid", "token_expired", "wrong_session"]);
const NO_RUN = Object.freeze({ round: 0, run: 0 });

class PhonePage {
  #page;
  #t;
  /** @type {State} */
  #state;
  #identity;
  #joining = false;
  #likes = Likes.startLikes(NO_RUN);
  #ballot = Ballot.startBallot(NO_RUN);
  #intent = NO_INTENT;
  #shown = new ShownLikes();
  #receipts;
  /** A round whose vote was left behind without a receipt. @type {number|null} */
  #unanswered = null;
  #hearts = heartsIn(byId("hearts"));
  #api;
  #panel;
  #entrance;
  #line;
  #drawDue = false;
  /** @type {any} */
  #pumpTimer = null;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    this.#t = page.t;
    this.#state = page.state;
    this.#identity = readIdentity(page.keeper.get(this.#key("identity")));
    this.#receipts = new ReceiptBook(page.keeper, this.#key("receipts"));
    this.#api = createApi({ token: () => this.#identity?.token ?? null });
    const { t, language, code } = page;
    this.#panel = new PanelView({ root: byId("panel"), t, language, code, onAction: (action) => this.#act(action) });
    this.#entrance = new Entrance({ page, api: this.#api, forget: () => this.#forgetIdentity(), again: () => void this.#join() });
    this.#line = connect({
      code: page.code,
      ...lineFor(page.state.tally),
      token: this.#identity?.token ?? null,
      onMessage: (message) => this.#take(message),
      onState: (connection) => this.#take({ type: "connection", ...connection }),
    });
    this.#enterRun();
    for (const early of page.taps) this.#onTap(early);
    page.onTap = (tap) => this.#onTap(tap);
    addEventListener("storage", (event) => this.#onOtherTab(event.key));
    addEventListener("pagehide", () => this.#flush());
    setInterval(() => this.#scheduleDraw(), REDRAW_INTERVAL_MS);
    const about = () => this.#api.get("/about").then(({ icp }) => page.frame.showFiling(icp), () => {}); // It works without.
    void this.#join().then(about);
    this.#draw();
  }

  /** @param {string} name */
  #key(name) {
    return `arena/${this.#page.code}/${name}`;
  }

  #now() {
    return serverNow(this.#state, Date.now());
  }

  #situation() {
    return situationOf(this.#state, this.#identity?.delay_ms ?? 0, this.#now());
  }

  // What comes in.

  /** @param {Message} message */
  #take(message) {
    const before = this.#state;
    this.#state = reduce(before, message);
    switch (message.type) {
      case "tally":
        if (this.#state !== before) this.#enterRun();
        break;
      case "receipt":
        this.#ballot = Ballot.received(this.#ballot, message);
        this.#intent = NO_INTENT;
        this.#receipts.add([message], message);
        this.#saveBallot();
        if (this.#state.tally?.session.kind === "poll") this.#line.resync(); // The figures with this vote in them.
        break;
      case "liked":
        this.#likes = Likes.acked(this.#likes, message, Date.now());
        this.#shown.confirm(this.#now());
        this.#saveLikes();
        break;
      case "problem":
        this.#takeProblem(message);
        break;
      case "connection":
        if (message.status === "stopped" && message.reason === "token") void this.#join();
        break;
      default:
        break; // Nothing beyond the store.
    }
    if (!this.#canSend(before) && this.#canSend(this.#state)) this.#ballot = Ballot.lineBack(this.#ballot);
    this.#pump();
    this.#scheduleDraw();
  }

  /** @param {ProblemMessage} problem */
  #takeProblem(problem) {
    if (TOKEN_CODES.has(problem.code)) void this.#join();
    if (problem.id === LIKES_ID) {
      this.#likes =
        problem.code === "likes_shrank" && problem.totals
          ? Likes.shrank(this.#likes, problem.totals)
          : Likes.failed(this.#likes, Date.now() + (problem.retry_after_ms ?? 1000));
      this.#saveLikes();
      return;
    }
    const ended = this.#ballot.pending;
    this.#ballot = Ballot.refused(this.#ballot, problem, Date.now());
    if (!ended || this.#ballot.pending) return;
    this.#intent = NO_INTENT;
    this.#saveBallot();
    void this.#askOwnState(); // It may have been counted after all, its answer lost.
  }

  /** Take up what this phone has done in the run that the tally now shows. */
  #enterRun() {
    const round = this.#state.tally?.round;
    if (!round) return;
    const key = { round: round.number, run: round.run };
    if (this.#ballot.round === key.round && this.#ballot.run === key.run) return;
    const old = this.#ballot;
    const kept = this.#page.keeper.get(this.#key("ballot"));
    // On the first tally the kept ballot may be of a run that is over meanwhile.
    const left = old.round ? old : Ballot.loadBallot(kept, /** @type {any} */ (kept) ?? NO_RUN);
    this.#ballot = Ballot.loadBallot(kept, key);
    const likes = Likes.load(this.#page.keeper.get(this.#key("likes")), key);
    this.#likes = this.#identity ? likes : Likes.underNewIdentity(likes);
    this.#intent = NO_INTENT;
    if (left.pending && (left.round !== key.round || left.run !== key.run)) this.#settle(left, key);
    this.#saveBallot();
    this.#saveLikes();
  }

  /**
   * A vote was on its way when its run was left. Another run must never get it; the service still knows whether it came.
   * @param {import("./ballot.js").Ballot} left
   * @param {{round: number, run: number}} key
   */
  #settle(left, key) {
    if (left.round === key.round) this.#ballot = { ...this.#ballot, refusal: "rerun" };
    else void this.#receipts.settle(this.#api, this.#page.code, left).then((settled) => {
      if (!settled) this.#unanswered = left.round;
    });
  }

  async #join() {
    if (this.#joining) return;
    this.#joining = true;
    const token = this.#entrance.broughtToken(this.#identity !== null);
    if (token) this.#become({ token, channel: "", delay_ms: 0 });
    const returning = this.#identity !== null;
    try {
      const joined = await this.#entrance.enter(returning);
      if (!joined) return;
      this.#become({ token: joined.token, channel: joined.channel, delay_ms: joined.delay_ms });
      this.#line.setToken(joined.token);
      if (returning || joined.identity !== "device") await this.#askOwnState();
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // Else the line says what is wrong.
    } finally {
      this.#joining = false;
      this.#pump();
      this.#scheduleDraw();
    }
  }

  /** Take an identity on. What another one did is not this one's. @param {import("./identity.js").Identity} identity */
  #become(identity) {
    const before = this.#identity;
    if (before && deviceOf(before) !== deviceOf(identity)) {
      this.#forgetIdentity();
      this.#ballot = Ballot.startBallot(this.#ballot);
      this.#saveBallot();
    }
    this.#identity = identity;
    this.#page.keeper.set(this.#key("identity"), identity);
  }

  /** What the old identity brought is counted; the kept likes must know it too, the run may not have been entered yet. */
  #forgetIdentity() {
    this.#identity = null;
    this.#likes = Likes.underNewIdentity(this.#likes);
    keepUnderNewIdentity(this.#page.keeper, this.#key("likes"));
  }

  async #askOwnState() {
    try {
      const own = await this.#api.get(`${sessionPath(this.#page.code)}/me`);
      this.#ballot = Ballot.adopt(this.#ballot, own);
      if (own.round !== null) {
        this.#likes = Likes.acked(this.#likes, { round: own.round, run: own.run, totals: own.likes, clipped: false }, Date.now());
        this.#receipts.add(own.ballots, own);
      }
      this.#saveBallot();
      this.#scheduleDraw();
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // What this phone has kept must do.
    }
  }

  /** @param {string|null} key */
  #onOtherTab(key) {
    // Nothing is written here, or two tabs would wake each other for ever.
    const kept = key && this.#page.keeper.get(key);
    if (key === this.#key("likes")) this.#likes = Likes.merge(this.#likes, Likes.load(kept, this.#likes));
    if (key === this.#key("ballot")) this.#ballot = Ballot.merge(this.#ballot, Ballot.loadBallot(kept, this.#ballot));
    this.#scheduleDraw();
  }

  // What the thumb does.

  /** @param {import("./arena_view.js").Tap} tap */
  #onTap(tap) {
    if (tap.kind === "like") this.#like(tap);
    else {
      this.#intent = pick(this.#intent, tap.key, this.#state.tally?.round?.choices_max ?? 1);
      this.#panel.attend();
      this.#scheduleDraw();
    }
  }

  /** @param {import("./arena_view.js").Tap} tap */
  #like({ key, x, y, side }) {
    if (!this.#situation().canLike) {
      this.#page.frame.announceStage();
      return;
    }
    this.#likes = Likes.tap(this.#likes, key);
    this.#hearts(x, y, side);
    this.#scheduleDraw();
    this.#saveLikes(); // Before it is sent: what the service has counted, this phone must know of.
    this.#pump();
  }

  /** @param {PanelAction} action */
  #act(action) {
    this.#panel.attend();
    switch (action) {
      case "confirm":
        this.#ballot = Ballot.cast(this.#ballot, [...this.#intent.picked], Ballot.makeNonce(crypto));
        this.#intent = NO_INTENT;
        this.#saveBallot(); // Before the first sending: the nonce must outlive the page.
        this.#pump();
        break;
      case "cancel":
        // Back to the choices; from there back to the receipt, where there is one.
        this.#intent = { ...NO_INTENT, acting: this.#intent.acting && this.#intent.picked.length > 0 };
        break;
      case "act":
        this.#intent = { ...NO_INTENT, acting: true };
        break;
      case "dismiss":
        this.#ballot = Ballot.dismissed(this.#ballot);
        this.#saveBallot();
        break;
      default:
        throw new TypeError(`no such action: ${action}`);
    }
    this.#draw();
  }

  // What goes out.

  /** @param {State} state */
  #canSend(state) {
    if (!this.#identity) return false;
    return state.connection.status === "polling" || (state.connection.status === "live" && state.welcome?.kind === "device");
  }

  #pump() {
    clearTimeout(this.#pumpTimer);
    this.#pumpTimer = null;
    const { stage, canLike } = this.#situation();
    const likesWait = canLike && Likes.hasUnconfirmed(this.#likes);
    const now_ms = Date.now();
    if (this.#canSend(this.#state)) {
      const totals = likesWait ? Likes.due(this.#likes, now_ms) : null;
      const { round, run } = this.#likes;
      if (totals && this.#line.send({ type: "like", id: LIKES_ID, round, run, totals })) {
        this.#likes = Likes.sent(this.#likes, now_ms);
      }
      const vote = stage === "paused" || stage === "draft" ? null : Ballot.dueVote(this.#ballot, now_ms);
      if (vote && this.#sendVote(vote)) this.#ballot = Ballot.voteSent(this.#ballot, now_ms);
    }
    if (likesWait || this.#ballot.pending) this.#pumpTimer = setTimeout(() => this.#pump(), PUMP_INTERVAL_MS);
  }

  /** @param {import("./ballot.js").Pending} vote */
  #sendVote({ choices, nonce }) {
    const { round, run } = this.#ballot;
    return this.#line.send({ type: "vote", id: nonce, round, run, choices, nonce });
  }

  /** The page is going: what has not been confirmed goes once more, outliving it. */
  #flush() {
    this.#saveLikes();
    if (!this.#identity || !this.#situation().canLike || !Likes.hasUnconfirmed(this.#likes)) return;
    const { round, run, own } = this.#likes;
    const body = { totals: Object.fromEntries(own), run };
    const path = `${sessionPath(this.#page.code)}/rounds/${round}/likes`;
    this.#api.put(path, body, { keepalive: true, tries_max: 1 }).catch(() => {}); // Kept, and sent on return.
  }

  #saveLikes() {
    if (this.#likes.round) this.#page.keeper.set(this.#key("likes"), Likes.save(this.#likes));
  }

  #saveBallot() {
    if (this.#ballot.round) this.#page.keeper.set(this.#key("ballot"), Ballot.saveBallot(this.#ballot));
  }

  // What is seen.

  #scheduleDraw() {
    if (this.#drawDue) return;
    this.#drawDue = true;
    requestAnimationFrame(() => {
      this.#drawDue = false;
      this.#draw();
    });
  }

  #notes(/** @type {boolean} */ final) {
    const waiting = [...this.#likes.own.keys()].reduce((sum, key) => sum + Likes.unconfirmed(this.#likes, key), 0);
    const notes = this.#state.tally?.session.status === "ended" ? [this.#t("over")] : [];
    if (this.#state.tally && isStale(this.#state.tally, this.#now())) notes.push(this.#t("stale"));
    if (this.#unanswered !== null) notes.push(this.#t("unanswered", { number: this.#unanswered }));
    if (waiting && final) notes.push(this.#t("likes_lost", { count: waiting }));
    else if (waiting && this.#state.connection.status === "waiting") notes.push(this.#t("offline_kept"));
    return notes;
  }

  #draw() {
    const document = this.#state.tally;
    const situation = this.#situation();
    const round = document?.round ?? null;
    const nameOf = (/** @type {string} */ key) => (document ? this.#page.arena.fullName(document, key) : key);
    const panel = round
      ? panelOf({ situation, ballot: this.#ballot, round, intent: this.#intent, now_ms: this.#now() })
      : panelOf({ situation, ballot: Ballot.startBallot(NO_RUN), round: EMPTY_ROUND, intent: NO_INTENT, now_ms: 0 });
    this.#page.frame.draw({ state: this.#state, situation, panel, nameOf, receipts: this.#receipts.list });
    this.#panel.draw({ panel, situation, round, nameOf, notes: this.#notes(situation.final) });
    if (!document || !round) return;
    const several = round.choices.length > 2 || round.choices_max > 1;
    this.#page.arena.draw({
      document,
      likesOf: this.#shown.read({ document, likes: this.#likes, final: situation.final, now_ms: this.#now() }),
      ownLikesOf: (key) => this.#likes.own.get(key) ?? 0,
      picked: this.#intent.picked,
      voted: panel.kind === "voted" ? panel.choices : [],
      canLike: situation.canLike,
      choosing: panel.kind === "choose" || (panel.kind === "confirm" && several),
      winner: situation.winner,
    });
  }
}

/** Stands in where a session has no round. @type {any} */
const EMPTY_ROUND = Object.freeze({ choices: [], choices_max: 1, changeable: false, votes_per_day: null });

/** Take the page over from main.js, with what it has seen and what was tapped meanwhile. @param {Page} page */
export function takePart(page) {
  new PhonePage(page);
}
