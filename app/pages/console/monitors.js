// @ts-check
// Preview beside programme: two overlays in frames scaled to fit, and the buttons that choose the scene of each.
// What is next stands in the service, the same at every desk; it touches nothing on air before "take".

/** @import { Context } from "./context.js" */
/** @import { Actions, View } from "./desk.js" */
/** @import { Scene, SessionDocument } from "./types.js" */
import { keepIn } from "../lib/storage.js";
import { button, h, setAttribute, setOff, setText, show } from "./dom.js";
import { CAPS } from "./hotkeys.js";
import { fittingScene, SCENES } from "./model.js";

const OVERLAY_WIDTH = 1920;
const OVERLAY_HEIGHT = 1080;
const OFF_KEY = "arena.console.monitors_off";

/**
 * @param {Context} context
 * @param {SessionDocument} session
 * @param {Actions} actions
 */
export function monitorsPanel(context, session, actions) {
  const { t, can, language } = context;
  const kept = keepIn();
  const path = `${session.links.overlay}?lang=${language}&monitor=1`;
  // A desk looks at what the public would be shown; the token stays behind the #.
  const next = `${path}&bus=preview&hidden=keep#token=${encodeURIComponent(context.caller.token)}`;
  const preview = monitor("preview", t("preview"));
  const programme = monitor("programme", t("programme"));
  const live = sceneRow(t("scenes"), t("programme_short"), "scene", t, (scene) => actions.scene(scene));
  const ready = sceneRow(t("preview_scene"), t("preview_short"), "preview", t, (scene) => can.has("overlay") && actions.preview(scene));
  const take = button({ class: "take", testid: "take" }, () => blocked || actions.take(), h("span", { text: t("take") }), h("kbd", { text: CAPS.take }));
  const clear = button({ class: "take", testid: "clear" }, () => blocked || actions.clear(), h("span", { text: t("clear") }), h("kbd", { text: CAPS.clear }));
  const panic = button({ class: "panic", testid: "panic" }, () => actions.panic(), h("span", { text: t("panic") }), h("kbd", { text: CAPS.panic }));
  const release = button({ class: "release", testid: "release" }, () => actions.release(), h("span", { text: t("panic_release") }));
  const held = h("div", { class: "panic-held", role: "alert", testid: "panic-held", hidden: true }, h("strong", { text: t("panic_held") }), release);
  const cuts = h("div", { class: "cuts" }, take, clear);
  const toggle = button({ class: "quiet small", testid: "monitors" }, () => {
    dark = !dark;
    kept.set(OFF_KEY, dark);
  });
  const screens = h("div", { class: "screens" }, preview.root, programme.root);
  const root = h("section", { class: "panel monitors", "aria-label": `${t("preview")} · ${t("programme")}` }, screens,
    h("div", { class: "scene-rows" }, h("div", { class: "both-rows" }, ready.root, live.root), cuts), held, panic,
    h("p", { class: "panic-note", text: t("panic_note") }));
  const stopFitting = fit(root, [preview, programme]);
  let dark = kept.get(OFF_KEY) === true;
  let blocked = true;

  return {
    root, toggle,
    close: stopFitting,
    /** @param {View} view */
    update(view) {
      const overlay = view.live.tally?.overlay;
      const standing = view.session.overlay.preview ?? overlay?.preview ?? "board";
      blocked = view.away || view.sending !== null;
      const { scene, panic: inPanic = false } = view.session.overlay;
      live.update(scene, blocked);
      ready.update(standing, blocked || !can.has("overlay"), fittingScene(view.session));
      preview.update(dark ? null : next, t("preview_title", { scene: t(`scene_${standing}`) }), t(`scene_${standing}`));
      programme.update(dark ? null : path, t("programme_title"), t(`scene_${scene}`));
      setText(toggle, t(dark ? "monitors_on" : "monitors_off"));
      show(live.root, can.has("overlay"));
      show(cuts, can.has("overlay"));
      show(panic, can.has("panic") && !inPanic);
      show(held, inPanic);
      show(release, can.has("overlay"));
      setOff(clear, blocked || scene === "blank");
      root.classList.toggle("in-panic", inPanic);
      setOff(take, blocked || inPanic || standing === scene);
      root.classList.toggle("dark", dark);
    },
  };
}

/**
 * @param {string} name
 * @param {string} label
 */
function monitor(name, label) {
  const screen = h("div", { class: "screen" });
  const caption = h("span", { class: "scene-name" });
  const root = h("figure", { class: `monitor ${name}`, testid: name },
    h("figcaption", {}, h("span", { class: "tally-light", "aria-hidden": "true" }), h("span", { text: label }), caption), screen);
  /** @type {HTMLIFrameElement|null} */
  let frame = null;
  let visible = false;
  let shown = "";
  return {
    root, screen,
    /** @param {boolean} now */
    setVisible(now) { visible ||= now; },
    /** @param {string|null} address null: no frame at all @param {string} title @param {string} scene */
    update(address, title, scene) {
      setText(caption, scene);
      if (address === null) {
        frame?.remove();
        frame = null;
        return;
      }
      if (!visible) return;
      if (frame === null) {
        frame = h("iframe", { title, src: address, loading: "lazy", tabindex: "-1", width: OVERLAY_WIDTH, height: OVERLAY_HEIGHT });
        screen.append(frame);
      } else if (shown !== address) {
        // Replaced rather than set: each new `src` would be one more step of the browser's Back button.
        frame.contentWindow?.location.replace(address);
      }
      shown = address;
      setAttribute(frame, "title", title);
    },
  };
}

/**
 * Scale 1920×1080 into whatever width a screen has, and load the frames only once they are in sight.
 * @param {HTMLElement} root
 * @param {{screen: HTMLElement, setVisible: (now: boolean) => void}[]} monitors
 * @returns {() => void}
 */
function fit(root, monitors) {
  const sizes = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries) {
      /** @type {HTMLElement} */ (target).style.setProperty("--scale", String(contentRect.width / OVERLAY_WIDTH));
    }
  });
  const sight = new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) for (const each of monitors) each.setVisible(true);
  });
  for (const { screen } of monitors) sizes.observe(screen);
  sight.observe(root);
  return () => {
    sizes.disconnect();
    sight.disconnect();
  };
}

/**
 * @param {string} label for assistive tools
 * @param {string} name shown
 * @param {"scene"|"preview"} kind
 * @param {Context["t"]} t
 * @param {(scene: Scene) => void} choose
 */
function sceneRow(label, name, kind, t, choose) {
  const buttons = SCENES.map((scene) => ({
    scene,
    node: button({ class: `scene ${kind}`, testid: `${kind}-${scene}` }, () => choose(scene),
      h("span", { text: t(`scene_${scene}`) }), h("kbd", { text: kind === "scene" ? CAPS[scene] : `⇧${SCENES.indexOf(scene) + 1}` })),
  }));
  const root = h("div", { class: `scene-row ${kind}-row`, role: "group", "aria-label": label },
    h("span", { class: "row-name", "aria-hidden": "true", text: name }), h("div", { class: "scene-buttons" }, ...buttons.map(({ node }) => node)));
  return {
    root,
    /** @param {Scene} current @param {boolean} off @param {Scene} [fits] what suits the round as it is */
    update(current, off, fits) {
      for (const { scene, node } of buttons) {
        setAttribute(node, "aria-pressed", String(scene === current));
        node.classList.toggle("fits", scene === fits);
        setOff(node, off);
      }
    },
  };
}
