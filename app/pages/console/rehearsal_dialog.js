// @ts-check
// The dialog of a session's rehearsal: makes it, leads to its console, starts and stops its crowd, purges it whole after
// a second press. It decides nothing: what is there comes from the service.

/** @import { Context } from "./context.js" */
/** @import { Problem, SessionDocument } from "./types.js" */
import { wordFor } from "./context.js";
import { button, h, setText } from "./dom.js";
import { choiceField, textField } from "./fields.js";
import { problemSentence } from "./problems.js";

/** @typedef {{voters: number, race: string, bursts: string, seconds: number, state: "playing"|"ended"|"failed"}} Crowd */
/** @typedef {{session: SessionDocument, crowd: Crowd|null}} Rehearsal */

const ARMED_MS = 3000;
const LOOK_MS = 2000;

class RehearsalDialog {
  #context;
  #code;
  #path;
  #wanted = { voters: "100", seconds: "120", race: "even", bursts: "steady" };
  #said = h("p", { class: "note", role: "status", testid: "rehearsal-said" });
  #complaint = h("p", { class: "complaint", role: "alert", testid: "rehearsal-problem" });
  #place = h("div", { class: "form-part" });
  #crowdSaid = h("p", { class: "note", role: "status", testid: "crowd-said" });
  #drawn = "";
  #armed_at_ms = 0;

  /** @param {Context} context @param {string} code of the session, or of its rehearsal */
  constructor(context, code) {
    const { t } = context;
    this.#context = context;
    this.#code = code;
    this.#path = `/sessions/${code}/rehearsal`;
    this.root = h("dialog", { class: "panel corrections-dialog", "aria-labelledby": "rehearsal-title", testid: "rehearsal-dialog" },
      h("h2", { id: "rehearsal-title", text: t("rehearsal_title") }), h("p", { class: "note", text: t("rehearsal_rule") }),
      this.#said, this.#complaint, this.#place,
      h("div", { class: "row end" }, button({ class: "quiet", testid: "rehearsal-close", text: t("close") }, () => this.root.close())));
    const timer = setInterval(() => void this.look(), LOOK_MS);
    this.root.addEventListener("close", () => {
      clearInterval(timer);
      this.root.remove();
    });
  }

  async look() {
    const answer = await this.#context.caller.read(this.#path);
    if (answer.ok) this.#draw(answer.body);
    else if (answer.problem.code === "rehearsal_not_found") this.#draw(null);
    else this.#complain(answer.problem);
  }

  /** @param {Problem|null} problem */
  #complain(problem) {
    setText(this.#complaint, problem === null ? "" : problemSentence(problem, this.#context.language));
  }

  /** @param {import("./caller.js").Answer} answer */
  #take(answer) {
    this.#complain(answer.ok ? null : answer.problem);
    if (answer.ok) this.#draw(answer.body);
  }

  /** What somebody is typing is redrawn only where what is there has changed. @param {Rehearsal|null} found */
  #draw(found) {
    const { t } = this.#context;
    if (found?.crowd) setText(this.#crowdSaid, t(`crowd_${found.crowd.state}`, { n: found.crowd.voters }));
    const key = found === null ? "none" : `${found.session.code}/${String(found.crowd?.state === "playing")}`;
    if (key === this.#drawn) return;
    this.#drawn = key;
    if (found === null) {
      this.#place.replaceChildren(h("div", { class: "row" }, button({ class: "primary", testid: "rehearsal-make", text: t("rehearsal_make") },
        async () => this.#take(await this.#context.caller.command(this.#path)))));
      return;
    }
    this.#place.replaceChildren(this.#there(found.session), this.#crowd(found.crowd), this.#purge(found.session));
  }

  /** @param {SessionDocument} session */
  #there(session) {
    const { t } = this.#context;
    const here = session.code === this.#code;
    const target = (here ? session.rehearsal_of : session.code) ?? this.#code;
    return h("div", { class: "row" }, h("strong", { testid: "rehearsal-code", text: t("rehearsal_there", { code: session.code }) }),
      button({ class: here ? "quiet" : "primary", testid: "rehearsal-go", text: here ? t("rehearsal_real", { code: target }) : t("rehearsal_go") }, () => this.#leave(target)));
  }

  /** @param {Crowd|null} crowd */
  #crowd(crowd) {
    const { t, caller } = this.#context;
    const wanted = this.#wanted;
    const title = h("h3", { text: t("crowd_title") });
    if (crowd?.state === "playing") {
      const stop = button({ class: "danger", testid: "crowd-stop", text: t("crowd_stop") }, async () => this.#take(await caller.send("DELETE", `${this.#path}/crowd`)));
      return h("section", {}, title, this.#crowdSaid, h("div", { class: "row" }, stop));
    }
    const voters = textField({ label: t("crowd_voters"), name: "crowd-voters", value: wanted.voters, inputmode: "numeric", max: 4 }, (value) => { wanted.voters = value; });
    const seconds = textField({ label: t("crowd_seconds"), name: "crowd-seconds", value: wanted.seconds, inputmode: "numeric", max: 4 }, (value) => { wanted.seconds = value; });
    const race = choiceField({ label: t("crowd_race"), name: "crowd-race", value: wanted.race, options: ["even", "lopsided", "tied"].map((each) => [each, wordFor(t, `race_${each}`)]) }, (value) => { wanted.race = value; });
    const bursts = choiceField({ label: t("crowd_bursts"), name: "crowd-bursts", value: wanted.bursts, options: ["steady", "waves", "spike"].map((each) => [each, wordFor(t, `bursts_${each}`)]) }, (value) => { wanted.bursts = value; });
    const start = button({ class: "primary", testid: "crowd-start", text: t("crowd_start") }, async () => {
      const body = { voters: Number(wanted.voters), seconds: Number(wanted.seconds), race: wanted.race, bursts: wanted.bursts };
      this.#take(await caller.command(`${this.#path}/crowd`, body));
    });
    return h("section", {}, title, this.#crowdSaid, h("div", { class: "grid wide" }, voters.root, seconds.root, race.root, bursts.root), h("div", { class: "row" }, start));
  }

  /** @param {SessionDocument} session */
  #purge(session) {
    const { t, caller } = this.#context;
    const press = button({ class: "danger", testid: "rehearsal-purge", text: t("rehearsal_purge") }, async () => {
      if (Date.now() - this.#armed_at_ms > ARMED_MS) {
        this.#armed_at_ms = Date.now();
        setText(press, t("rehearsal_purge_again"));
        setTimeout(() => setText(press, t("rehearsal_purge")), ARMED_MS);
        return;
      }
      this.#armed_at_ms = 0;
      const answer = await caller.send("DELETE", this.#path);
      this.#complain(answer.ok ? null : answer.problem);
      if (!answer.ok) return;
      if (session.code === this.#code) {
        this.#leave(session.rehearsal_of);
        return;
      }
      this.#draw(null);
      setText(this.#said, t("rehearsal_purged"));
    });
    return h("div", { class: "row end" }, press);
  }

  /** @param {string|null} code */
  #leave(code) {
    this.root.close();
    this.#context.go(code);
  }
}

/** @param {Context} context @param {string} code */
export function openRehearsalDialog(context, code) {
  const dialog = new RehearsalDialog(context, code);
  document.body.append(dialog.root);
  dialog.root.showModal();
  void dialog.look();
}
