// @ts-check
// Builds elements and writes into them only what changed. Text from the service goes through textContent alone.

/** @typedef {import("./words.js").Words} Words */
/** @typedef {Node|string|null} Child */

/**
 * @param {string} tag with classes: "div.plate.left"
 * @param {{testid?: string, data?: Record<string, string>}} [marks]
 * @param {Child[]} [children]
 * @returns {HTMLElement}
 */
export function el(tag, marks = {}, children = []) {
  const [name, ...classes] = tag.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  if (marks.testid) element.dataset.testid = marks.testid;
  for (const [key, value] of Object.entries(marks.data ?? {})) element.dataset[key] = value;
  for (const child of children) if (child !== null) element.append(child);
  return element;
}

/** @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {HTMLElement} element @param {string} name @param {string} value */
export function setData(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

/** @param {HTMLElement} element @param {boolean} shown */
export function setShown(element, shown) {
  setData(element, "shown", shown ? "yes" : "no");
}

/**
 * A large line with its translation beneath or beside it.
 * @param {string} tag
 * @param {{testid?: string}} [marks]
 */
export function wordsElement(tag, marks = {}) {
  const main = el("span.main");
  const sub = el("span.sub");
  const element = el(`${tag}.words`, marks, [main, sub]);
  return {
    element,
    /** @param {Words|null} words */
    set(words) {
      setText(main, words?.main ?? "");
      setText(sub, words?.sub ?? "");
      setShown(element, words !== null && words.main !== "");
    },
  };
}

/**
 * A shape with its shadow. It stands apart from the text over it: a filter is drawn anew whenever anything inside it
 * changes, and nothing inside this one does.
 * @param {string} shape
 */
export function groundElement(shape) {
  return el("div.shade", {}, [el(`div.${shape}`)]);
}

const SVG = "http://www.w3.org/2000/svg";
/** Drawn for this project on a grid of 24. */
const ICONS = Object.freeze({
  heart:
    "M12 21 C5 15.4 2 11.9 2 8.1 C2 5.2 4.2 3 7 3 c2 0 3.9 1.1 5 2.9 " +
    "C13.1 4.1 15 3 17 3 c2.8 0 5 2.2 5 5.1 C22 11.9 19 15.4 12 21 Z",
  crown: "M2.5 7.2 L7.4 11 L12 3.6 L16.6 11 L21.5 7.2 L19.6 17.4 H4.4 Z M4.6 18.9 H19.4 V21 H4.6 Z",
  lock: "M7 10 V7.5 a5 5 0 0 1 10 0 V10 h1.5 V21 h-13 V10 Z M9.2 10 h5.6 V7.5 a2.8 2.8 0 0 0 -5.6 0 Z",
  clock: "M12 2.5 a9.5 9.5 0 1 0 0.001 0 Z M12 5 a7 7 0 1 1 -0.001 0 Z M11 7 h2 v4.6 l3.2 1.9 -1 1.7 L11 12.7 Z",
});

/** @param {keyof typeof ICONS} name @returns {SVGSVGElement} */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}

/**
 * A picture that appears once it is wholly there, and keeps the last good one when another cannot be had.
 * @param {string} tag
 */
export function portraitElement(tag) {
  const image = /** @type {HTMLImageElement} */ (el("img"));
  image.alt = "";
  const element = el(tag, {}, [image]);
  let wanted = "";
  setShown(element, false);
  return {
    element,
    /** @param {string} url */
    set(url) {
      if (url === wanted) return;
      wanted = url;
      if (!url) return setShown(element, false);
      const probe = new Image();
      probe.decoding = "async";
      probe.onload = () => {
        if (wanted !== url) return;
        image.src = url;
        setShown(element, true);
      };
      probe.src = url;
      return undefined;
    },
  };
}
