// @ts-check
// Draws the choices: two halves, or a list of cards. Builds when the choices change and patches figures otherwise.
// It decides nothing and sends nothing: taps go to the functions it was given.

import { countText } from "../lib/format.js";
import { aloneOnStage } from "../lib/store.js";
import { make, setAttribute, setText, shape } from "./dom.js";
import { isSealed } from "./situation.js";

/** @import { TallyDocument, Contestant, Choice, ChoiceTally, Tally } from "../lib/types.js" */
/** @import { Language } from "../lib/format.js" */
/** @typedef {(key: keyof typeof import("./words.js").WORDS, values?: Record<string, string|number>) => string} Translate */
/** What a thumb did, and where in the window. @typedef {{kind: "like"|"pick", key: string, x: number, y: number, side: string}} Tap */
/** @typedef {{like: HTMLElement, likes: HTMLElement, own: HTMLElement, votes: HTMLElement, vote: HTMLElement, card: HTMLElement, bar: HTMLElement|null}} Parts */
/**
 * @typedef {object} ArenaModel
 * @property {TallyDocument} document
 * @property {(key: string) => number} likesOf the count to show
 * @property {(key: string) => number} ownLikesOf what this phone gave
 * @property {readonly string[]} picked
 * @property {readonly string[]} voted
 * @property {boolean} canLike
 * @property {boolean} choosing vote buttons are offered
 * @property {string|null} winner
 */

/** The two sides' shapes, so that colour is not the only difference. */
const SIDES = ["red", "blue"];
/** From so many choices on each is a line of a list that is looked through, not a card. */
const MANY = 12;
/** A click this soon after a pointer came down is the same tap. */
const SAME_TAP_MS = 1000;

/** @param {string} address @returns {boolean} whether a portrait may be fetched from there */
function isPicture(address) {
  return /^(https?:\/\/|data:image\/|\/(?!\/))/i.test(address);
}

/** @param {Contestant|undefined} contestant @param {Choice} choice */
function portrait(contestant, choice) {
  const letter = make("span", { class: "letter", "aria-hidden": "true" }, [...choice.name][0] ?? "?");
  const frame = make("span", { class: "portrait" }, letter);
  if (contestant && isPicture(contestant.portrait_url)) {
    const picture = /** @type {HTMLImageElement} */ (make("img", { alt: "", decoding: "async", loading: "lazy" }));
    picture.referrerPolicy = "no-referrer";
    picture.onerror = () => picture.remove(); // The letter stays.
    picture.src = contestant.portrait_url;
    frame.append(picture);
  }
  return frame;
}

/**
 * Tell taps apart. On the two big halves every finger counts in the moment it comes down; in a list, where a finger may be
 * about to scroll, a whole click counts. Keyboards and screen readers click without a pointer: once each.
 * @param {HTMLElement} button
 * @param {boolean} atOnce count when the finger comes down
 * @param {(x: number, y: number) => void} onTap where it was, in the window
 */
function onPress(button, atOnce, onTap) {
  let down_ms = -Infinity;
  if (atOnce) {
    button.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      down_ms = event.timeStamp;
      onTap(event.clientX, event.clientY);
    });
  }
  button.addEventListener("click", (event) => {
    // A keyboard's click has no detail; a screen reader's may have one, with or without a pointer before it.
    if (event.detail > 0 && event.timeStamp - down_ms < SAME_TAP_MS) return;
    const box = button.getBoundingClientRect();
    const placed = event.clientX || event.clientY;
    onTap(placed ? event.clientX : box.left + box.width / 2, placed ? event.clientY : box.top + box.height / 2);
  });
}

/** The share that a bar shows: what the lead goes by. @param {ChoiceTally} choice @param {Tally|null} tally */
function shareOf({ pct, score }, tally) {
  return tally?.by === "score" ? score / 10_000 : pct / 100;
}

export class ArenaView {
  #root;
  #score;
  #t;
  #language;
  #onTap;
  #built = "";
  /** What looks through a long list, once it is loaded. @type {import("./long_list.js").LongList|null} */
  #long = null;
  /** @type {Map<string, Parts>} */
  #parts = new Map();

  /**
   * @param {{root: HTMLElement, score: HTMLElement, t: Translate, language: Language, onTap: (tap: Tap) => void}} settings
   */
  constructor({ root, score, t, language, onTap }) {
    this.#root = root;
    this.#score = score;
    this.#t = t;
    this.#language = language;
    this.#onTap = onTap;
  }

  /** How a choice is called in sentences: "红方 王伟". @param {TallyDocument} document @param {string} key */
  fullName(document, key) {
    const name = document.round?.choices.find((choice) => choice.key === key)?.name ?? key;
    const alone = aloneOnStage(document);
    if (alone !== null && alone !== key) return `“${name}”`;
    return key === "red" || key === "blue" ? `${this.#t(key)} ${name}` : name;
  }

  /** @param {ArenaModel} model */
  draw(model) {
    const { document } = model;
    const choices = document.round?.choices ?? [];
    const several = (document.round?.choices_max ?? 1) > 1;
    const built = JSON.stringify([choices, document.contestants, several, document.session.deciding]);
    if (built !== this.#built) this.#build(document, choices, several);
    this.#built = built;
    const figures = new Map(document.tally?.choices.map((each) => [each.key, each]) ?? []);
    for (const choice of choices) this.#patch(choice, model, figures.get(choice.key) ?? null);
    this.#drawScore(model);
    this.#long?.draw(document);
  }

  /** @param {TallyDocument} document @param {Choice[]} choices @param {boolean} several */
  #build(document, choices, several) {
    const two = choices.length === 2;
    const alone = aloneOnStage(document);
    this.#parts.clear();
    setAttribute(this.#root, "data-layout", alone ? "alone" : two ? "halves" : "list");
    setAttribute(this.#root, "data-many", choices.length > MANY ? "" : null);
    const cards = choices.map((choice, index) => {
      const contestant = document.contestants.find(({ key }) => key === choice.key);
      const card = this.#card(document, choice, contestant, index, two, several);
      // Not to vote for the one on stage is a button, and nobody to like.
      card.hidden = alone !== null && alone !== choice.key;
      return card;
    });
    this.#root.replaceChildren(...cards, ...(two && !alone ? [make("span", { class: "versus", "aria-hidden": "true" }, "PK")] : []));
    this.#long?.close();
    this.#long = null;
    if (choices.length > MANY) void this.#lookThrough(document, choices, cards);
  }

  /**
   * Most rounds have two choices: what helps with many is loaded when there are. Without it the list is whole.
   * @param {TallyDocument} document @param {Choice[]} choices @param {HTMLElement[]} cards
   */
  async #lookThrough(document, choices, cards) {
    const loaded = await import("./long_list.js").catch(() => null);
    if (loaded === null || !cards[0]?.isConnected) return; // Or another round has come meanwhile.
    const { LongList } = loaded;
    this.#long = new LongList({ root: this.#root, cards, choices, language: this.#language });
    this.#long.draw(document);
  }

  /**
   * @param {TallyDocument} document @param {Choice} choice @param {Contestant|undefined} contestant
   * @param {number} index @param {boolean} two @param {boolean} several
   */
  #card(document, choice, contestant, index, two, several) {
    const t = this.#t;
    const side = two ? (SIDES[index] ?? "") : "other";
    const named = this.fullName(document, choice.key);
    const role = contestant?.role === "holder" || contestant?.role === "challenger" ? t(contestant.role) : "";
    const sideName = choice.key === "red" || choice.key === "blue" ? t(choice.key) : "";
    const label = [sideName, role].filter(Boolean).join(" · ");
    const likes = make("b", { "data-testid": `likes-${choice.key}` }, "0");
    const own = make("span", { class: "own" });
    const votes = make("span", { class: "votes", "data-testid": `votes-${choice.key}` });
    // The button lies over what it is about: its name stays still while the figures beneath it run.
    const like = make("button", {
      type: "button",
      class: "like",
      "data-testid": `like-${choice.key}`,
      "aria-label": t("like_name", { name: named }),
    });
    const box = make(
      "div",
      { class: "likebox" },
      like,
      two ? this.#who(choice, contestant, label, side) : null,
      make("span", { class: "likes" }, shape("heart"), likes, own),
    );
    const verb = several ? "pick" : "vote";
    const vote = make(
      "button",
      {
        type: "button",
        class: "vote",
        "data-testid": `vote-${choice.key}`,
        // What is read out begins with what is seen on the button.
        "aria-label": several ? t("pick_name", { name: named }) : two ? t("vote_for", { name: named }) : `${t("vote")} ${named}`,
      },
      shape(two ? side : "tick"),
      ...this.#voteWords(choice, { two, several, sideName, verb, alone: aloneOnStage(document) }).map((word) => make("span", {}, word)),
    );
    vote.addEventListener("click", () => this.#onTap({ kind: "pick", key: choice.key, x: 0, y: 0, side }));
    onPress(like, two, (x, y) => this.#onTap({ kind: "like", key: choice.key, x, y, side }));
    const bar = two ? null : make("i", { class: "bar" });
    const number = two ? null : make("span", { class: "number", "aria-hidden": "true" }, String(index + 1));
    const card = make(
      "article",
      { class: "card", "data-side": side, "data-choice": choice.key, "aria-label": named },
      number,
      two ? null : this.#who(choice, contestant, label, side),
      bar && make("span", { class: "track" }, bar),
      two ? null : votes,
      make("span", { class: "crown", "data-testid": `first-${choice.key}` }, ...(document.session.deciding ? [shape("star"), t("won")] : [t("favoured")])),
      box,
      two ? null : vote,
    );
    this.#parts.set(choice.key, { like, likes, own, votes, vote, card, bar });
    return card;
  }

  /**
   * What a vote's button says.
   * @param {Choice} choice
   * @param {{two: boolean, several: boolean, sideName: string, verb: "vote"|"pick", alone: string|null}} how
   */
  #voteWords(choice, { two, several, sideName, verb, alone }) {
    if (!two || several) return [this.#t(verb)];
    if (alone !== null && alone !== choice.key) return [choice.name];
    return [this.#t("vote_for", { name: sideName }).trim(), choice.name];
  }

  /** @param {Choice} choice @param {Contestant|undefined} contestant @param {string} label @param {string} side */
  #who(choice, contestant, label, side) {
    const about = [contestant?.organisation, contestant?.title].filter(Boolean);
    return make(
      "span",
      { class: "who" },
      portrait(contestant, choice),
      label ? make("span", { class: "label" }, side === "other" ? null : shape(side), label) : null,
      make("span", { class: "name" }, choice.name),
      ...about.map((line) => make("span", { class: "about" }, line ?? "")),
    );
  }

  /** @param {Choice} choice @param {ArenaModel} model @param {ChoiceTally|null} figures */
  #patch({ key }, model, figures) {
    const parts = this.#parts.get(key);
    if (!parts) return;
    const given = model.ownLikesOf(key);
    const count = figures ? model.likesOf(key) : given;
    setText(parts.likes, countText(count, this.#language));
    setAttribute(parts.likes, "data-count", String(count));
    const yours = this.#t(figures ? "my_likes" : "my_likes_only", { count: countText(given, this.#language) });
    setText(parts.own, given ? yours : model.canLike ? this.#t("like_hint") : "");
    setAttribute(parts.like, "aria-disabled", model.canLike ? null : "true");
    setAttribute(parts.vote, "hidden", model.choosing ? null : "");
    setAttribute(parts.vote, "aria-pressed", (model.document.round?.choices_max ?? 1) > 1 ? String(model.picked.includes(key)) : null);
    setAttribute(parts.card, "data-picked", model.picked.includes(key) ? "" : null);
    setAttribute(parts.card, "data-voted", model.voted.includes(key) ? "" : null);
    setAttribute(parts.card, "data-winner", model.winner === key ? "" : null);
    const beaten = model.document.session.deciding && model.winner !== null && model.winner !== key;
    setAttribute(parts.card, "data-beaten", beaten ? "" : null);
    setText(parts.votes, figures ? this.#standing(figures, model.document.tally) : "");
    if (parts.bar) parts.bar.style.transform = `scaleX(${figures ? shareOf(figures, model.document.tally) : 0})`;
  }

  /** "55% · 12 票", or "53.20 分 · 12 票" where the channels have weights. @param {ChoiceTally} choice @param {Tally|null} tally */
  #standing({ votes, pct, score_text }, tally) {
    const count = countText(votes, this.#language);
    if (tally?.by === "score") return this.#t("score_votes", { score: score_text, count });
    return `${pct}% · ${this.#t("votes", { count })}`;
  }

  /** What stands apart from the figures: a correction, ballots held for review. @param {TallyDocument} document */
  #aside({ round, tally }) {
    const parts = tally?.corrections ? [this.#t("corrected")] : [];
    if (round?.held && (tally || round.locked_at_ms !== null)) {
      const held = (tally?.choices ?? []).filter(({ key }) => tally?.held.votes[key]);
      const list = held.map(({ key, name }) => `${name} ${tally?.held.votes[key]}`).join(this.#language === "zh" ? "，" : ", ");
      parts.push(this.#t("held", { count: round.held }) + (list ? this.#t("held_of", { list }) : ""));
    }
    return parts.join(" · ");
  }

  /** The row beneath two halves: who has how much, or why it is not to be seen. @param {ArenaModel} model */
  #drawScore({ document, choosing }) {
    const { round, tally } = document;
    const two = round?.choices.length === 2;
    if (this.#score.childElementCount === 0) {
      this.#score.append(
        make("div", { class: "split", "aria-hidden": "true" }, make("i")),
        make("p", { class: "figures" }, make("span"), make("span"), make("span")),
        make("p", { class: "aside", "data-testid": "aside" }),
        make("div", { class: "ballots" }),
      );
    }
    const [split, figures, aside, ballots] = [...this.#score.children];
    if (!split || !figures || !aside || !ballots) return;
    setText(aside, this.#aside(document));
    const t = this.#t;
    const shown = two ? (tally?.choices ?? []) : [];
    const [left, middle, right] = [...figures.children];
    const alone = aloneOnStage(document) !== null;
    const words = shown.map((each) => (alone ? `${each.name} ` : "") + this.#standing(each, tally));
    const why = t(round && isSealed(round) ? "sealed" : round?.visibility === "after_vote" ? "after_vote" : "hidden");
    if (left) setText(left, words[0] ?? (tally ? "" : why));
    if (right) setText(right, words[1] ?? "");
    if (middle) setText(middle, round ? t("turnout", { count: countText(tally?.turnout ?? round.turnout, this.#language) }) : "");
    setAttribute(figures, "data-by", tally?.by ?? null);
    setAttribute(split, "data-empty", shown.length && tally?.votes ? null : "");
    const bar = /** @type {HTMLElement|null} */ (split.firstElementChild);
    if (bar) bar.style.transform = `scaleX(${tally?.votes && shown[0] ? shareOf(shown[0], tally) : 0.5})`;
    const wanted = two ? (round?.choices ?? []).map(({ key }) => this.#parts.get(key)?.vote) : [];
    const held = [...ballots.children];
    if (wanted.length !== held.length || wanted.some((each, index) => each !== held[index])) {
      ballots.replaceChildren(.../** @type {HTMLElement[]} */ (wanted.filter(Boolean)));
    }
    setAttribute(ballots, "hidden", two && choosing ? null : "");
  }
}
