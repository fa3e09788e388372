// @ts-check
// Keeps every receipt of this phone in one session, so that a voter can find the ballots in the ledger later. It only
// adds; the newest two hundred stay.

import { sessionPath } from "../lib/api.js";

/** @import { Ballot } from "./ballot.js" */
/** @import { Keeper } from "../lib/storage.js" */
/** @import { Api, OwnBallot } from "../lib/types.js" */
/** @typedef {OwnBallot & {round: number, run: number}} KeptReceipt */

const RECEIPTS_MAX = 200;

export class ReceiptBook {
  #keeper;
  #key;
  /** @type {KeptReceipt[]} */
  list;

  /** @param {Keeper} keeper @param {string} key */
  constructor(keeper, key) {
    this.#keeper = keeper;
    this.#key = key;
    const kept = keeper.get(key);
    this.list = Array.isArray(kept) ? kept : [];
  }

  /** @param {OwnBallot[]} ballots @param {{round: number|null, run: number|null}} of */
  add(ballots, { round, run }) {
    if (round === null || run === null || !ballots.length) return;
    const held = new Map(this.list.map((each) => [each.receipt, each]));
    for (const { receipt, choices, revision, accepted_at_ms } of ballots) {
      held.set(receipt, { receipt, choices, revision, accepted_at_ms, round, run });
    }
    this.list = [...held.values()].slice(-RECEIPTS_MAX);
    this.#keeper.set(this.#key, this.list);
  }

  /**
   * Ask once more for the receipt of a vote that its round was left with. Says whether it came.
   * @param {Api} api @param {string} code @param {Ballot} left
   */
  async settle(api, code, { round, run, pending }) {
    const { choices = [], nonce = "" } = pending ?? {};
    try {
      const receipt = await api.put(`${sessionPath(code)}/rounds/${round}/vote`, { choices, nonce, run }, { tries_max: 6 });
      this.add([receipt], receipt);
      return true;
    } catch {
      return false;
    }
  }
}
