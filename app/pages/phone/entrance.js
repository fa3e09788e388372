// @ts-check
// Lets the phone in: brings the ticket or the sign-in that the address had, goes to sign in by WeChat where that is
// needed, and says in a box what is wanting. The page is handed the service's answer, and what it means is the page's.

import { Problem, REAL_TIMERS } from "../lib/api.js";
import * as Likes from "../lib/likes.js";
import { keepIn } from "../lib/storage.js";
import * as Ballot from "./ballot.js";
import { byId, make } from "./dom.js";
import { acceptsToken, ENTRY_CODES, mayGoToSignIn, nextTicket, readRedeeming, safeStart, tabArea } from "./entry.js";
import { join, wantedChannel } from "./identity.js";

/** @import { Api, Joined, ProblemFields } from "../lib/types.js" */
/** @import { Page } from "./main.js" */
/** @import { Entry } from "./entry.js" */
/** @import { EntryView, Notice } from "./entry_view.js" */
/** @import { Keeper } from "../lib/storage.js" */

/** Mark the kept likes as another identity's: what that one brought is counted. @param {Keeper} keeper @param {string} key */
export function keepUnderNewIdentity(keeper, key) {
  const kept = /** @type {any} */ (keeper.get(key));
  if (kept) keeper.set(key, Likes.save(Likes.underNewIdentity(Likes.load(kept, kept))));
}

/**
 * Most phones never see the box, so its code comes when there is something to say. Some browsers remember an address
 * that did not come: a later try asks at another.
 * @param {number} failures @returns {Promise<typeof import("./entry_view.js")|null>}
 */
async function loadView(failures) {
  try {
    return await (failures ? import(`./entry_view.js?again=${failures}`) : import("./entry_view.js"));
  } catch {
    return null;
  }
}

/** The box about getting in, and a sentence with a way to try again in its place where it does not come. */
class EntryBox {
  #root = byId("entry");
  #page;
  #onTicket;
  /** @type {EntryView|null} */
  #view = null;
  /** @type {Notice|null} */
  #notice = null;
  #loading = false;
  #failures = 0;

  /** @param {{page: Page, onTicket: (ticket: string) => void}} settings */
  constructor({ page, onTicket }) {
    this.#page = page;
    this.#onTicket = onTicket;
  }

  /** @param {Notice|null} notice null takes the box away */
  draw(notice) {
    this.#notice = notice;
    if (this.#view) this.#view.draw(notice);
    else if (notice) void this.#load();
    else this.#root.hidden = true;
  }

  async #load() {
    if (this.#loading) return;
    this.#loading = true;
    const loaded = await loadView(this.#failures);
    this.#loading = false;
    if (loaded) {
      this.#view = new loaded.EntryView({ root: this.#root, language: this.#page.language, onTicket: this.#onTicket });
      this.#view.draw(this.#notice);
    } else {
      this.#failures += 1;
      this.#sayNotLoaded();
    }
  }

  #sayNotLoaded() {
    const { t } = this.#page;
    const again = make("button", { type: "button", class: "primary", "data-testid": "entry-again" }, t("again"));
    again.addEventListener("click", () => void this.#load());
    this.#root.hidden = this.#notice === null;
    this.#root.replaceChildren(make("p", { role: "alert", "data-testid": "entry-not-loaded" }, t("entry_not_loaded")), make("div", { class: "actions" }, again));
  }
}

export class Entrance {
  #page;
  #api;
  #forget;
  #again;
  #box;
  #tab = keepIn(tabArea());
  /** @type {Entry} */
  #entry;

  /** @param {{page: Page, api: Api, forget: () => void, again: () => void}} settings */
  constructor({ page, api, forget, again }) {
    this.#page = page;
    this.#api = api;
    this.#forget = forget;
    this.#again = again;
    this.#entry = page.entry;
    this.#box = new EntryBox({ page, onTicket: (ticket) => this.#bring(ticket) });
  }

  /** The token of a sign-in that just came back, where it may become this phone's. @param {boolean} hasIdentity */
  broughtToken(hasIdentity) {
    const accepted = acceptsToken(this.#entry, hasIdentity, this.#tab.get(this.#key("sign_in")) !== null);
    const { token } = this.#entry;
    this.#entry = { ...this.#entry, token: null };
    if (accepted) this.#tab.remove(this.#key("sign_in"));
    return accepted ? token : null;
  }

  /**
   * Join. Null where more is needed than the phone has; the box then says what.
   * @param {boolean} known the phone has an identity here
   * @returns {Promise<Joined|null>}
   */
  async enter(known) {
    const ticket = nextTicket(this.#entry.ticket, readRedeeming(this.#page.keeper.get(this.#key("ticket"))), () => Ballot.makeNonce(crypto));
    this.#entry = { ...this.#entry, ticket: null };
    // Before it is sent: the nonce must outlive the page, or a lost answer would lose the ticket.
    if (ticket) this.#page.keeper.set(this.#key("ticket"), ticket);
    try {
      const { joined } = await join({
        api: this.#api,
        code: this.#page.code,
        // An identity keeps its channel, and a ticket has one: only a new one asks for it.
        channel: known || ticket ? null : wantedChannel(location.search, navigator.userAgent),
        ticket,
        timers: REAL_TIMERS,
        forget: this.#forget,
        onWait: (problem) => this.#say(problem, known),
      });
      if (ticket) this.#page.keeper.remove(this.#key("ticket"));
      this.#box.draw(null);
      return joined;
    } catch (error) {
      if (!(error instanceof Problem) || !ENTRY_CODES.has(error.code)) throw error;
      return this.#refused(error.fields, known, ticket !== null);
    }
  }

  /** @param {ProblemFields} problem @param {boolean} known @param {boolean} byTicket */
  #refused(problem, known, byTicket) {
    if (byTicket) this.#page.keeper.remove(this.#key("ticket"));
    const start = safeStart(/** @type {any} */ (problem).start);
    if (start && !known && mayGoToSignIn(this.#tab, this.#key("sign_in"), Date.now())) {
      this.#tab.set(this.#key("sign_in"), Date.now());
      location.replace(start);
      return null;
    }
    this.#say(problem, known);
    return null;
  }

  /** @param {ProblemFields} problem @param {boolean} known */
  #say(problem, known) {
    this.#box.draw({ problem, start: safeStart(/** @type {any} */ (problem).start), goesOn: known && problem.code.startsWith("ticket_") });
  }

  /** A ticket was typed. @param {string} ticket */
  #bring(ticket) {
    this.#entry = { ...this.#entry, ticket };
    this.#again();
  }

  /** @param {string} name */
  #key(name) {
    return `arena/${this.#page.code}/${name}`;
  }
}
