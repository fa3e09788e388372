// @ts-check
// Does one piece of work beside the page, so that no tap waits for it. Told {challenge, bits}, it answers the solution.

import { searchOn, startSearch } from "./work.js";

const TRIES_AT_ONCE = 65536;

addEventListener("message", (event) => {
  const search = startSearch(event.data.challenge, event.data.bits);
  let solution = null;
  while (solution === null) solution = searchOn(search, TRIES_AT_ONCE);
  postMessage(solution);
});
