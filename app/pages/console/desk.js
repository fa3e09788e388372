// @ts-check
// One session at the desk: holds what is known of it, keeps it fresh, sends the commands, and redraws the parts.
// The parts decide nothing; what to show comes from model.js, whether a press counts from confirm.js.

/** @import { Context } from "./context.js" */
/** @import { Action } from "./hotkeys.js" */
/** @import { Command, Scene, SessionDocument } from "./types.js" */
import { connect } from "../lib/connection.js";
import { INITIAL_STATE, reduce, serverNow } from "../lib/store.js";
import { airPanel } from "./air.js";
import { expire, meanNow, newGuard, press } from "./confirm.js";
import { deskHead } from "./desk_head.js";
import { button, h, setText, show } from "./dom.js";
import { editPanel } from "./edit.js";
import { hallScreen } from "./hall.js";
import { BACK_MS, backSentence, commandProblem, cutOffSentence, guardFor, SILENT_MS } from "./handover.js";
import { actionFor, isTyping } from "./hotkeys.js";
import { layoutFor, needsConfirm, nextStep, presentRound, sessionIsStale } from "./model.js";
import { problemSentence } from "./problems.js";
import { NO_RATE, observe } from "./rate.js";
import { sharePanel } from "./share.js";
import { openVoidDialog } from "./void_dialog.js";

const TICK_MS = 200;
/** Nothing is missed without it; it mends what an unseen fault may have left. */
const REREAD_MS = 10_000;
const RETRY_LINE_MS = 3000;

/** @typedef {"air"|"edit"|"share"} Tab */

/**
 * What the parts draw from.
 * @typedef {object} View
 * @property {SessionDocument} session
 * @property {import("../lib/store.js").State} live
 * @property {number} now_ms the server's clock
 * @property {boolean} away no line to the service: nothing can be sent
 * @property {string|null} sending the command under way
 * @property {import("./confirm.js").Guard} guard
 * @property {number} local_ms
 * @property {import("./rate.js").Rate} rate
 * @property {boolean} hotkeys
 */

/**
 * What the parts may ask for.
 * @typedef {object} Actions
 * @property {(command: Command, round: number, big?: boolean) => void} command
 * @property {(scene: Scene) => void} scene
 * @property {(scene: Scene) => void} preview
 * @property {() => void} take
 * @property {() => void} clear
 * @property {() => void} panic
 * @property {() => void} release
 * @property {() => void} hall
 * @property {(session: SessionDocument) => void} adopt a session document that an edit brought back
 * @property {() => Promise<void>} reread
 * @property {(on: boolean) => void} setHotkeys
 */

class Desk {
  #context;
  #code;
  #live = INITIAL_STATE;
  /** @type {SessionDocument|null} */
  #session = null;
  #guard = newGuard();
  #rate = NO_RATE;
  #hotkeys = true;
  /** @type {string|null} */
  #sending = null;
  /** @type {Tab} */
  #tab = "air";
  #reading = false;
  #readAgain = false;
  /** Grows with each command's answer: a reading begun before it is older and is dropped. */
  #answers = 0;
  #readAt = 0;
  #nudgedAt = 0;
  #heardAt = Date.now();
  /** When the line was lost; until the state has been read again. @type {number|null} */
  #cutAt = null;
  /** @type {{sentence: string, until_ms: number}|null} */
  #back = null;
  #ends = new AbortController();
  #line;
  #head;
  /** @type {{root: HTMLElement, update: (view: View) => void, close: () => void}|null} */
  #panel = null;
  #bannerText = h("span");

  /** @param {Context} context @param {string} code @param {HTMLElement} identity */
  constructor(context, code, identity) {
    this.#context = context;
    this.#code = code;
    this.root = h("main", { class: "desk" }, h("p", { class: "plain", role: "status", text: context.t("loading") }));
    this.banner = h("div", { class: "away", role: "alert", testid: "away", hidden: true }, this.#bannerText,
      button({ testid: "sign-in-again" }, context.signOut, context.t("sign_in_again")));
    this.#head = deskHead(context, code, identity, {
      tab: (tab) => this.#open(tab), hall: () => this.actions.hall(), hotkeys: (on) => this.actions.setHotkeys(on),
    });
    document.body.dataset["layout"] = layoutFor(context.can);
    /** @type {Actions} */
    this.actions = {
      command: (command, round, big = false) => this.#press(command, round, big),
      scene: (scene) => void this.#send(`scene/${scene}`, `/overlay/${scene}`),
      preview: (scene) => void this.#send(`preview/${scene}`, `/preview/${scene}`),
      take: () => void this.#send("take", "/take"),
      clear: () => void this.#send("clear", "/clear"),
      panic: () => void this.#panic(),
      release: () => void this.#send("release", "/panic/release"),
      hall: () => this.#session !== null && hallScreen(context, this.#session),
      adopt: (session) => this.#adopt(session),
      reread: () => this.#read(),
      setHotkeys: (on) => { this.#hotkeys = on; this.#draw(); },
    };
    this.#line = connect({
      code, token: context.caller.token,
      onMessage: (message) => { this.#heardAt = Date.now(); this.#hear(message); },
      onState: (state) => this.#hear({ type: "connection", ...state }),
    });
    const { signal } = this.#ends;
    const timer = setInterval(() => this.#tick(), TICK_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    for (const name of /** @type {const} */ (["keydown", "keyup"])) {
      document.addEventListener(name, (event) => this.#key(event), { signal });
    }
    for (const name of ["online", "offline"]) window.addEventListener(name, () => this.#draw(), { signal });
    void this.#read();
  }

  get head() {
    return this.#head.root;
  }

  close() {
    this.#ends.abort();
    this.#line.close();
    this.#panel?.close();
    for (const dialog of document.querySelectorAll("dialog")) dialog.remove();
  }

  // What comes in.

  /** @param {import("../lib/store.js").Message} message */
  #hear(message) {
    const before = this.#live;
    this.#live = reduce(before, message);
    if (this.#live === before) return;
    const { tally } = this.#live;
    if (message.type === "tally" && tally !== null) {
      if (tally.tally !== null && tally.round !== null) {
        const run = `${tally.round.number}/${tally.round.run}`;
        this.#rate = observe(this.#rate, { run, at_ms: tally.server_time_ms, likes: tally.tally.likes });
      }
      if (this.#session !== null && sessionIsStale(this.#session, tally)) void this.#read();
    }
    if (message.type === "connection" && message.status === "live") void this.#read();
    this.#draw();
  }

  /** Read the session document; one reading at a time, and once more where something changed meanwhile. */
  async #read() {
    if (this.#reading) {
      this.#readAgain = true;
      return;
    }
    this.#reading = true;
    this.#readAt = Date.now();
    const answers = this.#answers;
    const answer = await this.#context.caller.read(`/sessions/${this.#code}`);
    this.#reading = false;
    if (this.#ends.signal.aborted) return;
    if (answer.ok && answers === this.#answers) {
      this.#returned();
      this.#adopt(answer.body);
    }
    else if (!answer.ok && this.#session === null) this.#fail(problemSentence(answer.problem, this.#context.language));
    if (this.#readAgain || (answer.ok && answers !== this.#answers)) {
      this.#readAgain = false;
      await new Promise((resolve) => setTimeout(resolve, 150));
      if (!this.#ends.signal.aborted) await this.#read();
    }
  }

  /** The state was read: where the line is there again, the desk may be used again. */
  #returned() {
    if (this.#cutAt === null || this.#lineIsAway()) return;
    const now = Date.now();
    this.#back = { sentence: backSentence(this.#cutAt, now, this.#context.t), until_ms: now + BACK_MS };
    this.#cutAt = null;
  }

  /** @param {string} sentence */
  #fail(sentence) {
    this.root.replaceChildren(
      h("p", { class: "plain", role: "alert", testid: "problem", text: sentence }),
      button({ class: "quiet", text: this.#context.t("back_to_list") }, () => this.#context.go(null)));
  }

  /** @param {SessionDocument} session */
  #adopt(session) {
    const first = this.#session === null;
    this.#session = session;
    this.#live = reduce(this.#live, { type: "session", session });
    const step = nextStep(session, this.#context.can);
    const run = session.rounds.find((round) => round.number === step.round)?.run ?? 0;
    const meaning = step.command === null ? null : `${step.command}/${step.round}/${run}`;
    this.#guard = meanNow(this.#guard, meaning, Date.now());
    if (first) {
      document.title = `${session.title || session.code} · ${this.#context.t("console")}`;
      this.#open(this.#tab);
    }
    this.#draw();
  }

  // What goes out.

  /** @param {Command} command @param {number} round @param {boolean} big */
  #press(command, round, big) {
    const found = this.#session?.rounds.find((each) => each.number === round);
    if (this.#session === null || found === undefined || !found.allowed.includes(command) || this.#blocked()) return;
    if (!this.#context.can.has(command)) return;
    if (command === "void") {
      openVoidDialog(this.#context, round, (reason) => void this.#send("void", `/rounds/${round}/void`, { reason }));
      return;
    }
    const key = `${command}/${round}/${found.run}`;
    const { guard, act } = press(this.#guard, { key, confirm: needsConfirm(command), big }, Date.now());
    this.#guard = guard;
    if (act === "send") void this.#send(command, `/rounds/${round}/${command}`);
    this.#draw();
  }

  #blocked() {
    return this.#away() || this.#sending !== null;
  }

  /** @param {string} name @param {string} path @param {unknown} [body] */
  async #send(name, path, body) {
    if (this.#session === null || this.#sending !== null) return;
    if (this.#away()) {
      // A dialog was open when the line was lost: what is confirmed there is not kept for later either.
      this.#context.say(commandProblem({ code: "unreachable", status: 0, title: "", detail: "" }, this.#context.t, this.#context.language));
      return;
    }
    this.#sending = name;
    this.#back = null;
    this.#draw();
    const guard = guardFor(this.#session, this.#live, Date.now());
    const answer = await this.#context.caller.command(`/sessions/${this.#code}${path}`, body, guard);
    this.#sending = null;
    this.#answers += 1;
    if (this.#ends.signal.aborted) return;
    this.#context.say(answer.ok ? null : commandProblem(answer.problem, this.#context.t, this.#context.language));
    if (answer.ok) this.#adopt(answer.body);
    else if (answer.problem.status === 401) this.#line.close(); // Revoked or run out: an open socket may not know it yet.
    else {
      // Nobody answered, or the clocks were set: ask the line for a sign of life, which measures the clock anew.
      if (answer.problem.status === 0 || answer.problem.code === "command_late") this.#line.resync();
      void this.#read();
    }
    this.#draw();
  }

  /** Waits for nothing: not for a command under way, nor for a line that seems to be lost. */
  async #panic() {
    if (!this.#context.can.has("panic")) return;
    const answer = await this.#context.caller.command(`/sessions/${this.#code}/panic`);
    this.#answers += 1;
    if (this.#ends.signal.aborted) return;
    this.#context.say(answer.ok ? null : answer.problem);
    if (answer.ok) this.#adopt(answer.body);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = /** @type {HTMLElement|null} */ (event.target instanceof HTMLElement ? event.target : null);
    const action = actionFor({
      key: event.key, code: event.code, repeat: false, shift: event.shiftKey, modified: event.ctrlKey || event.altKey || event.metaKey,
      composing: event.isComposing, typing: isTyping(target), dialog: document.querySelector("dialog[open]") !== null,
    });
    if (action?.kind === "panic") {
      // On every tab, and where the other keys are switched off.
      event.preventDefault();
      if (event.type === "keydown" && !event.repeat) this.actions.panic();
      return;
    }
    if (action === null || !this.#hotkeys || this.#tab !== "air" || target?.tagName === "SUMMARY") return;
    // Space would also press the button that has the focus, on release; the next step is what it stands for here.
    event.preventDefault();
    if (event.type === "keydown" && !event.repeat) this.#act(action);
  }

  /** @param {Action} action */
  #act(action) {
    if (this.#session === null) return;
    const round = presentRound(this.#session);
    switch (action.kind) {
      case "next": {
        const step = nextStep(this.#session, this.#context.can);
        if (step.mine && step.command !== null && step.round !== null) this.#press(step.command, step.round, true);
        break;
      }
      case "pause_or_resume":
        if (round !== null) this.#press(round.allowed.includes("resume") ? "resume" : "pause", round.number, false);
        break;
      case "command":
        if (round !== null) this.#press(action.command, round.number, false);
        break;
      case "scene":
        if (this.#context.can.has("overlay")) this.actions.scene(action.scene);
        break;
      case "preview":
        if (this.#context.can.has("overlay")) this.actions.preview(action.scene);
        break;
      case "take":
      case "clear":
        if (this.#context.can.has("overlay")) this.actions[action.kind]();
        break;
      case "panic":
        break; // Done before, whatever the desk shows.
      case "hall":
        this.actions.hall();
        break;
      default:
        throw new Error(`no such action: ${JSON.stringify(action)}`);
    }
  }

  // What is shown.

  #away() {
    return this.#lineIsAway() || this.#cutAt !== null;
  }

  #lineIsAway() {
    const { status } = this.#live.connection;
    return status === "waiting" || status === "connecting" || status === "stopped" || navigator.onLine === false;
  }

  #tick() {
    const now = Date.now();
    this.#guard = expire(this.#guard, now);
    const { status } = this.#live.connection;
    // The shared line waits longer and longer, for the sake of thousands of phones; a desk is one, and wants it back.
    if (status === "waiting" && now - this.#nudgedAt > RETRY_LINE_MS) {
      this.#nudgedAt = now;
      this.#line.resync();
    }
    if (status === "live" && !document.hidden && now - this.#heardAt > SILENT_MS && now - this.#nudgedAt > SILENT_MS) {
      this.#nudgedAt = now;
      this.#line.resync();
    }
    if (!this.#lineIsAway()) {
      if (this.#cutAt !== null && !this.#reading) void this.#read();
    } else if (this.#session !== null && status !== "connecting") this.#cutAt ??= now;
    if (now - this.#readAt > REREAD_MS && !document.hidden) void this.#read();
    this.#draw();
  }

  /** @param {Tab} tab */
  #open(tab) {
    this.#tab = tab;
    if (this.#session === null) return;
    this.#panel?.close();
    switch (tab) {
      case "air":
        this.#panel = airPanel(this.#context, this.#session, this.actions);
        break;
      case "edit":
        this.#panel = editPanel(this.#context, this.#session, this.actions);
        break;
      case "share":
        this.#panel = sharePanel(this.#context, this.#session, this.actions);
        break;
      default:
        throw new Error(`no such tab: ${String(tab)}`);
    }
    this.root.replaceChildren(this.#panel.root);
    this.#draw();
  }

  #draw() {
    const away = this.#away();
    const stopped = this.#live.connection.status === "stopped";
    const begun = this.#session !== null || stopped;
    const local = Date.now();
    const back = !away && this.#back !== null && local < this.#back.until_ms ? this.#back.sentence : null;
    const { t, language } = this.#context;
    show(this.banner, back !== null || (away && begun && this.#live.connection.status !== "connecting"));
    this.banner.classList.toggle("back", back !== null);
    setText(this.#bannerText, back ?? (stopped ? t("stopped") : cutOffSentence(this.#cutAt ?? local, this.#live, t, language)));
    show(/** @type {HTMLElement} */ (this.banner.lastElementChild), stopped);
    if (this.#session === null) return;
    /** @type {View} */
    const view = {
      session: this.#session, live: this.#live, now_ms: serverNow(this.#live, local), local_ms: local, away,
      sending: this.#sending, guard: this.#guard, rate: this.#rate, hotkeys: this.#hotkeys,
    };
    this.#head.update(view, this.#tab);
    this.#panel?.update(view);
  }
}

/**
 * @param {Context} context
 * @param {string} code
 * @param {HTMLElement} identity who is signed in, for the head
 */
export function openDesk(context, code, identity) {
  const desk = new Desk(context, code, identity);
  return { root: desk.root, head: desk.head, banner: desk.banner, close: () => desk.close() };
}
