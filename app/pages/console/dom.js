// @ts-check
// Builds and updates elements. Text always goes in as text, never as markup, and a node is only touched where something
// changed, so that a screen reader and a finger are left alone five times a second.

/**
 * @typedef {Record<string, string|number|boolean|null|undefined>} Attributes
 * @typedef {Node|string|null|undefined|false} Child
 */

/**
 * Make an element. `class`, `text` and `testid` are shorthands; true is an attribute without value, false and null none.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Attributes} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = String(value);
    else if (name === "testid") node.dataset["testid"] = String(value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/**
 * @param {Attributes} attributes
 * @param {() => void} press
 * @param {...Child} children
 */
export function button(attributes, press, ...children) {
  const node = h("button", { type: "button", ...attributes }, ...children);
  node.addEventListener("click", () => {
    if (node.getAttribute("aria-disabled") !== "true") press();
  });
  return node;
}

/** @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {Element} node @param {string} name @param {string|null} value null removes it */
export function setAttribute(node, name, value) {
  if (value === null) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== value) {
    node.setAttribute(name, value);
  }
}

/** @param {HTMLElement} node @param {boolean} shown */
export function show(node, shown) {
  if (node.hidden === shown) node.hidden = !shown;
}

/**
 * Off by `aria-disabled`, which keeps the focus where it is and tells assistive tools; `button` above ignores the press.
 * @param {Element} node
 * @param {boolean} off
 */
export function setOff(node, off) {
  setAttribute(node, "aria-disabled", off ? "true" : null);
}

/**
 * Keep one child per item, in order, made once and updated after: the list is not rebuilt while somebody reads it.
 * @template T
 * @template {HTMLElement} E
 * @param {HTMLElement} list
 * @param {readonly T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => E} make
 * @param {(node: E, item: T) => void} update
 */
export function keyed(list, items, keyOf, make, update) {
  /** @type {Map<string, E>} */
  const held = new Map();
  for (const child of list.children) {
    const node = /** @type {E} */ (child);
    const key = node.dataset["key"];
    if (key !== undefined) held.set(key, node);
  }
  items.forEach((item, index) => {
    const key = keyOf(item);
    let node = held.get(key);
    if (node === undefined) {
      node = make(item);
      node.dataset["key"] = key;
    }
    held.delete(key);
    update(node, item);
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
  for (const node of held.values()) node.remove();
}
