// @ts-check
// Keeps small JSON values in the browser. Private windows, full disks and locked-down webviews refuse storage, some
// only on the first write: then the values live in memory, and the page works until it is closed. It never throws.

/**
 * @typedef {object} Keeper
 * @property {(key: string) => unknown} get null where there is nothing, or nothing readable
 * @property {(key: string, value: unknown) => boolean} set says whether it will outlive the page
 * @property {(key: string) => void} remove
 * @property {(prefix: string) => string[]} keys
 */

/** @returns {Storage|null} */
function localArea() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null; // Reading the very property throws where storage is forbidden.
  }
}

/**
 * @param {Pick<Storage, "getItem"|"setItem"|"removeItem"|"key"|"length">|null} [area] `localStorage` unless given
 * @returns {Keeper}
 */
export function keepIn(area = localArea()) {
  /** What could not be written, or was removed in vain; it goes before what the area holds. @type {Map<string, string|null>} */
  const memory = new Map();

  /** @param {string} key */
  function read(key) {
    const held = memory.get(key);
    if (held !== undefined) return held;
    try {
      return area?.getItem(key) ?? null;
    } catch {
      return null;
    }
  }

  return {
    get(key) {
      try {
        return JSON.parse(read(key) ?? "null");
      } catch {
        return null;
      }
    },
    set(key, value) {
      const text = JSON.stringify(value);
      try {
        if (!area) throw new Error("no storage");
        area.setItem(key, text);
        memory.delete(key);
        return true;
      } catch {
        memory.set(key, text);
        return false;
      }
    },
    remove(key) {
      memory.set(key, null);
      try {
        area?.removeItem(key);
        memory.delete(key);
      } catch {
        // Stays removed in memory.
      }
    },
    keys(prefix) {
      /** @type {Set<string>} */
      const found = new Set();
      try {
        for (let index = 0; area && index < area.length; index += 1) {
          const key = area.key(index);
          if (key?.startsWith(prefix)) found.add(key);
        }
      } catch {
        // Only what is in memory, then.
      }
      for (const [key, value] of memory) {
        if (value === null) found.delete(key);
        else if (key.startsWith(prefix)) found.add(key);
      }
      return [...found];
    },
  };
}
