// @ts-check
// Has a piece of work done: in a worker, or bit by bit in the page where the browser knows no such worker.

import { searchOn, startSearch } from "./work.js";

/** About 5 ms on a slow phone. */
const TRIES_IN_PAGE = 1000;
const WORKER_PATIENCE_MS = 15000;

/** @param {string} challenge @param {number} bits @returns {Promise<string>} */
export async function doWork(challenge, bits) {
  try {
    return await inWorker(challenge, bits);
  } catch {
    return inPage(challenge, bits);
  }
}

/** @param {string} challenge @param {number} bits @returns {Promise<string>} */
function inWorker(challenge, bits) {
  const worker = new Worker("/pages/lib/work_worker.js", { type: "module" });
  return /** @type {Promise<string>} */ (new Promise((resolve, reject) => {
    const patience = setTimeout(reject, WORKER_PATIENCE_MS);
    worker.addEventListener("message", (event) => {
      clearTimeout(patience);
      resolve(event.data);
    });
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      clearTimeout(patience);
      reject(new Error("no worker"));
    });
    worker.postMessage({ challenge, bits });
  })).finally(() => worker.terminate());
}

/** @param {string} challenge @param {number} bits */
async function inPage(challenge, bits) {
  const search = startSearch(challenge, bits);
  for (;;) {
    const solution = searchOn(search, TRIES_IN_PAGE);
    if (solution !== null) return solution;
    await new Promise((resolve) => setTimeout(resolve));
  }
}
