// @ts-check
// The scene `qr`: the service's own QR, with its quiet zone, and what to do with it. The picture is swapped only once
// the new one is wholly there; it is asked for again, quietly, until it comes.

import { el, icon, setShown, setText, wordsElement } from "./dom.js";
import { fitText } from "./fit.js";
import { say } from "./words.js";

/** @typedef {import("./model.js").Model} Model */

const RETRY_MS = 4000;

/** @param {{base: () => string, channel: string}} options */
export function qrScene({ base, channel }) {
  const image = /** @type {HTMLImageElement} */ (el("img", { testid: "qr-image" }));
  image.alt = "";
  const scan = wordsElement("div.qr-scan");
  const take = wordsElement("div.qr-take");
  take.element.prepend(icon("heart"));
  const title = el("div.qr-title.fit");
  const code = el("span.qr-code-text");
  const codeWords = wordsElement("span.qr-code-words");
  const anchor = el("div.anchor", {}, [
    el("div.qr-card.fx", {}, [
      el("div.qr-head", {}, [scan.element]),
      el("div.qr-image", {}, [image]),
      take.element,
      el("div.qr-foot", {}, [title, el("div.qr-code", {}, [codeWords.element, code])]),
    ]),
  ]);
  const element = el("section.scene.scene-qr", { testid: "qr" }, [anchor]);
  setShown(image, false);
  let wanted = "";

  /** @param {string} address */
  function load(address) {
    const probe = new Image();
    probe.onload = () => {
      if (wanted !== address) return;
      image.src = address;
      setShown(image, true);
    };
    probe.onerror = () => {
      if (wanted === address) setTimeout(() => wanted === address && load(address), RETRY_MS * (0.75 + Math.random() / 2));
    };
    probe.src = address;
  }

  return {
    element,
    /** Fetch the picture before it is cued. @param {string} sessionCode */
    prepare(sessionCode) {
      if (!sessionCode) return;
      const address = new URL(`/api/v1/sessions/${encodeURIComponent(sessionCode)}/qr.svg`, base());
      if (channel) address.searchParams.set("channel", channel);
      if (address.href === wanted) return;
      wanted = address.href;
      load(wanted);
    },
    /** @param {Model} model @param {import("./board_pk.js").How} how */
    paint(model, { lang }) {
      this.prepare(model.code);
      scan.set(say("scan", lang));
      take.set(say("takePart", lang));
      codeWords.set(say("code", lang));
      setText(code, model.code);
      fitText(title, model.show || model.title, 0.6);
    },
    tick() {},
  };
}
