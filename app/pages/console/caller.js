// @ts-check
// Sends the console's requests with its token, by the shared client. A command is repeated by itself only within three
// seconds and only because every command is idempotent; after that the producer decides. Nothing is queued for later.

/** @import { ApiOptions, CallOptions, Timers } from "../lib/types.js" */
/** @import { Problem } from "./types.js" */
import { createApi, Problem as Refusal, REAL_TIMERS } from "../lib/api.js";
import { problemFrom } from "./problems.js";

export const BUDGET_MS = 3000;
const PAUSE_MS = 300;

/** @typedef {{ok: true, status: number, body: any} | {ok: false, problem: Problem}} Answer */

export class Caller {
  #token;
  #api;
  /** @type {Timers} */
  #timers;

  /** @param {string} token @param {ApiOptions} [options] a test's own fetch and timers */
  constructor(token, options = {}) {
    this.#token = token;
    this.#timers = options.timers ?? REAL_TIMERS;
    this.#api = createApi({ ...options, token: () => token });
  }

  get token() {
    return this.#token;
  }

  /** @param {string} path under /api/v1 @returns {Promise<Answer>} */
  read(path) {
    return this.#once("GET", path, { tries_max: 1 });
  }

  /**
   * Send something that is not a command: once, and never again by itself.
   * @param {"POST"|"PATCH"|"DELETE"} method
   * @param {string} path
   * @param {unknown} [body]
   * @returns {Promise<Answer>}
   */
  send(method, path, body) {
    return this.#once(method, path, { body });
  }

  /**
   * Send an idempotent command, again where the network swallowed it, for at most `BUDGET_MS` in all.
   * @param {string} path
   * @param {unknown} [body]
   * @param {{revision?: number, until_ms?: number}} [guard] what was seen, and until when it is meant
   * @returns {Promise<Answer>}
   */
  async command(path, body, guard = {}) {
    const until = this.#timers.now() + BUDGET_MS;
    const query = Object.entries(guard).map(([key, value]) => `${key}=${value}`).join("&");
    const address = query === "" ? path : `${path}?${query}`;
    for (;;) {
      const answer = await this.#once("POST", address, { body, timeout_ms: Math.max(1, until - this.#timers.now()) });
      if (answer.ok || !isPassing(answer.problem) || this.#timers.now() + PAUSE_MS >= until) return answer;
      await new Promise((resolve) => this.#timers.setTimeout(() => resolve(null), PAUSE_MS));
    }
  }

  /** @param {string} method @param {string} path @param {CallOptions} options @returns {Promise<Answer>} */
  async #once(method, path, options) {
    try {
      const { status, body } = await this.#api.call(method, path, options);
      return { ok: true, status, body };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { ok: false, problem: problemFrom(error.fields) };
    }
  }
}

/**
 * Say whether the same request may well succeed a moment later.
 * @param {Problem} problem
 */
export function isPassing(problem) {
  return problem.status === 0 || problem.status === 502 || problem.status === 503 || problem.status === 504;
}
