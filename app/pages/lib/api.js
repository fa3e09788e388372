// @ts-check
// Speaks HTTP to the service: JSON out, JSON in, a refusal as a `Problem`. Each try has a time limit. It tries again
// by itself only what may be repeated: GET, PUT and whatever the caller marks `repeatable`, after a lost connection,
// a 429 or a 503. It never keeps a credential: the caller hands over a function that gives the present one.

/** @import { ProblemFields, Timers, Api, ApiOptions, CallOptions, Answer } from "./types.js" */

/** @type {Timers} */
export const REAL_TIMERS = Object.freeze({
  now: () => Date.now(),
  setTimeout: (call, delay_ms) => globalThis.setTimeout(call, delay_ms),
  clearTimeout: (timer) => globalThis.clearTimeout(timer),
  random: () => Math.random(),
});

/** A refusal by the service, or none heard: then `status` is 0 and `code` is `unreachable` or `timeout`. */
export class Problem extends Error {
  /** @param {ProblemFields} fields */
  constructor(fields) {
    super(fields.detail || fields.title);
    this.name = "Problem";
    this.code = fields.code;
    this.status = fields.status;
    this.title = fields.title;
    /** Everything the service said. */
    this.fields = fields;
  }

  /** Whether the same request may well succeed later. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

const TIMEOUT_MS = 8000;
const RETRY_FIRST_MS = 400;
const RETRY_AFTER_MAX_MS = 15000;

/** @param {Response} response @returns {Promise<ProblemFields>} */
async function problemFields(response) {
  /** @type {any} */
  let said = null;
  try {
    said = await response.json();
  } catch {
    // A proxy's own page, or nothing: the status must do.
  }
  const seconds = Number.parseFloat(response.headers.get("retry-after") ?? "");
  return {
    ...(said && typeof said === "object" ? said : {}),
    code: typeof said?.code === "string" ? said.code : `http_${response.status}`,
    status: response.status,
    title: typeof said?.title === "string" ? said.title : response.statusText || `HTTP ${response.status}`,
    ...(Number.isFinite(seconds) ? { retry_after_ms: seconds * 1000 } : {}),
  };
}

/**
 * @param {ApiOptions} settings
 * @param {string} method
 * @param {string} path
 * @param {CallOptions} options
 * @returns {Promise<Answer>}
 */
async function tryOnce(settings, method, path, options) {
  const timers = settings.timers ?? REAL_TIMERS;
  const fetchFunction = settings.fetchFunction ?? ((input, init) => fetch(input, init));
  const abort = new AbortController();
  const timer = timers.setTimeout(() => abort.abort(), options.timeout_ms ?? TIMEOUT_MS);
  const token = settings.token?.() ?? null;
  const sent_ms = timers.now();
  try {
    const response = await fetchFunction(`${settings.base ?? ""}/api/v1${path}`, {
      method,
      headers: {
        accept: "application/json",
        ...(options.body === undefined ? {} : { "content-type": "application/json" }),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...options.headers,
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.keepalive ? { keepalive: true } : {}),
      signal: abort.signal,
      credentials: "omit",
    });
    const received_ms = timers.now();
    if (!response.ok && response.status !== 304) throw new Problem(await problemFields(response));
    const empty = response.status === 204 || response.status === 304;
    const body = empty ? null : await response.json();
    return { status: response.status, headers: response.headers, body, sent_ms, received_ms };
  } catch (error) {
    if (error instanceof Problem) throw error;
    const code = abort.signal.aborted ? "timeout" : "unreachable";
    throw new Problem({ code, status: 0, title: code, detail: String(error) });
  } finally {
    timers.clearTimeout(timer);
  }
}

/**
 * Make a client. Every call rejects with a `Problem` and nothing else.
 * @param {ApiOptions} [settings]
 * @returns {Api}
 */
export function createApi(settings = {}) {
  const timers = settings.timers ?? REAL_TIMERS;

  /** @type {Api["call"]} */
  async function call(method, path, options = {}) {
    const repeatable = options.repeatable ?? (method === "GET" || method === "PUT");
    const tries_max = repeatable ? (options.tries_max ?? 3) : 1;
    for (let tried = 1; ; tried += 1) {
      try {
        return await tryOnce(settings, method, path, options);
      } catch (error) {
        if (!(error instanceof Problem) || !error.passing || tried >= tries_max) throw error;
        const asked_ms = Math.min(error.fields.retry_after_ms ?? 0, RETRY_AFTER_MAX_MS);
        const spread_ms = RETRY_FIRST_MS * 2 ** (tried - 1) * (0.5 + timers.random());
        await new Promise((resolve) => timers.setTimeout(() => resolve(null), asked_ms + spread_ms));
      }
    }
  }

  return {
    call,
    get: async (path, options) => (await call("GET", path, options)).body,
    put: async (path, body, options) => (await call("PUT", path, { ...options, body })).body,
    post: async (path, body, options) => (await call("POST", path, { ...options, body })).body,
    patch: async (path, body, options) => (await call("PATCH", path, { ...options, body })).body,
    delete: async (path, options) => (await call("DELETE", path, options)).body,
  };
}

/** @param {string} code @returns {string} the API's path of a session */
export function sessionPath(code) {
  return `/sessions/${encodeURIComponent(code)}`;
}
