// @ts-check
// The OGraf graphic: a custom element with the methods that EBU OGraf v1 asks of one. It keeps the step and the data;
// what is drawn is air.js's. Nothing is painted before load(), and nothing shows before the first playAction().

import { Air } from "./air.js";
import { DEFAULTS, followsArena, settingsFrom } from "./fields.js";

/** @typedef {{statusCode: number, statusMessage?: string}} Answer */

/** As stepCount in pioneer-arena.ograf.json: on air, then off. */
const STEPS = 1;
/** An arena that does not answer must not hold the renderer up; the graphic goes on trying. */
const FIRST_TALLY_MS = 3000;
const SHEETS = ["stage", "figure", "board", "rows", "scenes", "result", "alone", "themes"];

/** @type {Promise<CSSStyleSheet[]>|null} */
let sheets = null;

/** @param {string} address @returns {Promise<CSSStyleSheet>} */
async function readSheet(address) {
  const answer = await fetch(new URL(address, import.meta.url));
  if (!answer.ok) throw new Error(`${address} could not be read (${answer.status}).`);
  return new CSSStyleSheet().replace(await answer.text());
}

/** Read once, used by all graphics of a renderer. */
function readSheets() {
  sheets ??= Promise.all([...SHEETS.map((name) => readSheet(`../overlay/${name}.css`)), readSheet("./graphic.css")]);
  sheets.catch(() => {
    sheets = null;
  });
  return sheets;
}

/** @param {string[]} ignored @returns {Answer} */
function done(ignored) {
  return ignored.length
    ? { statusCode: 200, statusMessage: `Not understood and left as it was: ${ignored.join(", ")}.` }
    : { statusCode: 200 };
}

/** @type {Answer} */
const NOT_LOADED = Object.freeze({ statusCode: 409, statusMessage: "Call load() first." });

export default class PioneerArenaGraphic extends HTMLElement {
  /** @type {Air|null} */
  #air = null;
  #settings = DEFAULTS;
  /** -1 off air, 0 on air. */
  #step = -1;

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
  }

  /** @param {{data?: unknown, renderType?: string}} [params] @returns {Promise<Answer>} */
  async load({ data, renderType } = {}) {
    if (renderType === "non-realtime") return { statusCode: 400, statusMessage: "Only real time is supported." };
    await this.dispose();
    const shadow = /** @type {ShadowRoot} */ (this.shadowRoot);
    try {
      shadow.adoptedStyleSheets = await readSheets();
    } catch (error) {
      return { statusCode: 500, statusMessage: `The style sheets are missing: ${/** @type {Error} */ (error).message}` };
    }
    const frame = document.createElement("div");
    frame.className = "frame";
    shadow.replaceChildren(frame);
    const air = new Air(this, frame);
    this.#air = air;
    const ignored = this.#take(air, data);
    const patience = performance.now() + FIRST_TALLY_MS;
    while (followsArena(this.#settings) && !air.ready && this.#air === air && performance.now() < patience) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return air.ready ? done(ignored) : { statusCode: 200, statusMessage: "The arena has not answered yet; trying on." };
  }

  /** @returns {Promise<Answer>} */
  async dispose() {
    this.#air?.end();
    this.#air = null;
    this.#settings = DEFAULTS;
    this.#step = -1;
    this.shadowRoot?.replaceChildren();
    return { statusCode: 200 };
  }

  /**
   * @param {{delta?: number, goto?: number, skipAnimation?: boolean}} [params]
   * @returns {Promise<Answer & {currentStep: number|undefined}>} no step once it has gone to the end
   */
  async playAction({ delta, goto, skipAnimation = false } = {}) {
    if (!this.#air) return { ...NOT_LOADED, currentStep: undefined };
    const target = goto ?? this.#step + (delta ?? 1);
    const onAir = target >= 0 && target < STEPS;
    this.#step = onAir ? target : -1;
    await this.#air.call(onAir ? "play" : "stop", skipAnimation);
    return { statusCode: 200, currentStep: onAir ? target : undefined };
  }

  /** @param {{skipAnimation?: boolean}} [params] @returns {Promise<Answer>} */
  async stopAction({ skipAnimation = false } = {}) {
    if (!this.#air) return NOT_LOADED;
    this.#step = -1;
    await this.#air.call("stop", skipAnimation);
    return { statusCode: 200 };
  }

  /** @param {{data?: unknown, skipAnimation?: boolean}} [params] data may be partial @returns {Promise<Answer>} */
  async updateAction({ data, skipAnimation = false } = {}) {
    if (!this.#air) return NOT_LOADED;
    const ignored = this.#take(this.#air, data);
    await this.#air.settled(skipAnimation);
    return done(ignored);
  }

  /** @param {{id?: string, payload?: unknown, skipAnimation?: boolean}} [params] @returns {Promise<Answer>} */
  async customAction({ id, skipAnimation = false } = {}) {
    if (!this.#air) return NOT_LOADED;
    if (id !== "next") return { statusCode: 400, statusMessage: `No such action: ${id}. There is: next.` };
    this.#step = 0;
    await this.#air.call("next", skipAnimation);
    return { statusCode: 200 };
  }

  /** @param {Air} air @param {unknown} data @returns {string[]} fields that were not understood */
  #take(air, data) {
    const { settings, ignored } = settingsFrom(this.#settings, data);
    this.#settings = settings;
    air.take(settings);
    return ignored;
  }
}
