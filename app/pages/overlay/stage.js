// @ts-check
// The 1920×1080 stage: fits it into whatever the source's size is, holds the scenes, moves them in and out, and
// paints the one on air. It knows nothing of sockets.

import { boardScene } from "./board.js";
import { el, setData } from "./dom.js";
import { frameLoop } from "./frames.js";
import { lowerThirdScene } from "./lower_third.js";
import { qrScene } from "./qr.js";
import { replayBadge } from "./replay_badge.js";
import { resultScene } from "./result.js";

/** @typedef {import("./model.js").Model} Model */
/** @typedef {import("./options.js").Options} Options */
/** @typedef {import("./scenes.js").SceneState} SceneState */
/** @typedef {import("../lib/types.js").Scene} Scene */
/** @typedef {import("./board_pk.js").How & {entering?: boolean}} How */
/** @typedef {{element: HTMLElement, paint: (model: Model, how: How) => void, tick: (now_ms: number) => void}} SceneView */

export const WIDTH_PX = 1920;
export const HEIGHT_PX = 1080;

/** Scale the stage to the source, whole and centred. @param {HTMLElement} stage */
function fitWindow(stage) {
  const fit = Math.min(innerWidth / WIDTH_PX, innerHeight / HEIGHT_PX) || 1;
  const left = (innerWidth - WIDTH_PX * fit) / 2;
  const top = (innerHeight - HEIGHT_PX * fit) / 2;
  stage.style.transform = `translate(${left.toFixed(2)}px, ${top.toFixed(2)}px) scale(${fit.toFixed(5)})`;
}

/** @param {HTMLElement} stage @param {Options} options */
function applyLook(stage, options) {
  setData(stage, "theme", options.theme);
  setData(stage, "lang", options.lang);
  stage.lang = options.lang === "en" ? "en" : "zh-CN";
  setData(stage, "keyed", options.key ? "yes" : "no");
  stage.style.setProperty("--size", String(options.scale));
  stage.style.setProperty("--margin-x", `${(WIDTH_PX * options.margin) / 100}px`);
  stage.style.setProperty("--margin-y", `${(HEIGHT_PX * options.margin) / 100}px`);
  if (options.key) document.body.style.backgroundColor = options.key;
}

function safeAreas() {
  return el("div.safe", {}, [el("div.safe-action"), el("div.safe-graphics"), el("div.safe-centre")]);
}

/**
 * @param {HTMLElement} root
 * @param {Options} options live: update() may change theme, language and who
 * @param {{base: () => string}} service
 */
export function makeStage(root, options, service) {
  const loop = frameLoop((callback) => requestAnimationFrame(callback));
  const qr = qrScene({ base: service.base, channel: options.channel });
  /** @type {Map<Scene, SceneView>} */
  const views = new Map([
    ["board", boardScene(loop)],
    ["lower_third", lowerThirdScene({ who: () => options.who })],
    ["result", resultScene(loop)],
    ["qr", qr],
  ]);
  const stage = el("div.stage", { testid: "stage", data: { scene: "blank", stage: "rest" } });
  for (const view of views.values()) {
    setData(view.element, "on", "off");
    stage.append(view.element);
  }
  if (options.safe) stage.append(safeAreas());
  const badge = replayBadge();
  stage.append(badge.element);
  // Over every scene, the empty one too: a cut to air must not miss it.
  stage.append(el("div.rehearsal", { testid: "rehearsal" }, [el("b", {}, ["彩排 REHEARSAL"])]));
  root.append(stage);

  /** @type {Model|null} */
  let model = null;
  /** @type {Scene} */
  let showing = "blank";

  /** @param {Scene} scene @param {Omit<How, "lang">} how */
  function paintScene(scene, how) {
    if (model) views.get(scene)?.paint(model, { ...how, lang: options.lang });
  }

  addEventListener("resize", () => fitWindow(stage));
  fitWindow(stage);
  applyLook(stage, options);

  return {
    element: stage,
    loop,
    applyLook: () => applyLook(stage, options),
    /** @param {Model} next @param {number} now_ms server's clock @param {boolean} atOnce without movement */
    paint(next, now_ms, atOnce) {
      model = next;
      qr.prepare(next.code);
      badge.paint(options.badge ? next.replay : null);
      paintScene(showing, { now_ms, atOnce });
      setData(stage, "version", String(next.version));
      setData(stage, "rehearsal", next.rehearsal ? "on" : "off");
      setData(stage, "epoch", String(next.epoch));
    },
    /** @param {SceneState} state @param {number} now_ms */
    show(state, now_ms) {
      const before = views.get(showing)?.element;
      const after = views.get(state.showing)?.element;
      if (state.showing !== showing) {
        if (before) setData(before, "on", "off");
        showing = state.showing;
        if (after) {
          // Laid out before its words are measured, and before its way in begins.
          setData(after, "on", "ready");
          paintScene(showing, { now_ms, atOnce: true, entering: true });
          void after.offsetWidth;
        }
      }
      if (after) setData(after, "on", state.stage);
      setData(stage, "scene", state.showing);
      setData(stage, "stage", state.stage);
    },
    /** @param {number} now_ms */
    tick(now_ms) {
      views.get(showing)?.tick(now_ms);
    },
  };
}
