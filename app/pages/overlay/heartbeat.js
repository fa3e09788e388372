// @ts-check
// What an overlay tells the desk of itself. Pure but for its id, which outlives a reload, so that who comes back is not
// taken for another. On air nothing of this is ever shown.

/** @import { HeartbeatMessage, Scene, TallyDocument } from "../lib/types.js" */

import { isStale } from "../lib/store.js";

const ID_KEY = "arena.overlay.id";

/** @returns {string} */
function keptId() {
  const fresh = Math.random().toString(36).slice(2, 12);
  try {
    const kept = sessionStorage.getItem(ID_KEY);
    if (kept) return kept;
    sessionStorage.setItem(ID_KEY, fresh);
  } catch {
    // Storage is forbidden here: then a reload makes another overlay of it.
  }
  return fresh;
}

/**
 * @param {{name: string, bus: "programme"|"preview", id?: string}} who
 */
export function heartbeats({ name, bus, id = keptId() }) {
  let stale_ms = 0;
  return {
    /** Note how old what is shown is; told with the next heartbeat that gets through. @param {TallyDocument} tally @param {number} now_ms */
    age(tally, now_ms) {
      if (isStale(tally, now_ms)) stale_ms = Math.max(stale_ms, Math.round(now_ms - tally.server_time_ms));
    },
    /**
     * @param {TallyDocument} tally
     * @param {Scene} scene
     * @param {number|undefined} fps
     * @param {boolean} visible
     * @returns {HeartbeatMessage}
     */
    message(tally, scene, fps, visible) {
      const told_ms = stale_ms;
      stale_ms = 0;
      const { epoch, version } = tally;
      return { type: "heartbeat", client: "overlay", id, name, bus, scene, epoch, version, visible, stale_ms: told_ms, ...(fps === undefined ? {} : { fps }) };
    },
    /** @param {Scene} scene @returns {HeartbeatMessage} */
    goodbye(scene) {
      return { type: "heartbeat", client: "overlay", id, name, bus, scene, leaving: true };
    },
  };
}
