// @ts-check
// Makes and patches elements. Text goes in as text only, so nothing a contestant is called can become markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag
 * @param {Record<string, string|boolean|undefined>} [attributes] true is an empty attribute, false and undefined none
 * @param {(Node|string|null)[]} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A shape from the page's own symbols, for the eye only. @param {string} name */
export function shape(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `shape ${name}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  return svg;
}

/** @param {string} id @returns {HTMLElement} an element that the page's own HTML holds */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new ReferenceError(`no element #${id}`);
  return element;
}

/**
 * Write only what differs: an untouched node costs no layout, and no screen reader speaks.
 * @param {Element} element @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} element @param {string} name @param {string|null} value null takes it away */
export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
