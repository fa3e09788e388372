// @ts-check
// Shows where a session leads once there was a result or it has ended: a visit, the season, the card. Loaded then only:
// most of a bout nobody needs it.

import { createApi } from "../lib/api.js";
import { readSeasonOf, waysName, waysOf } from "../lib/ways.js";
import { make, setAttribute } from "./dom.js";

/** @param {{nav: HTMLElement, code: string, language: import("../lib/format.js").Language}} place */
export async function leadOn({ nav, code, language }) {
  const season = await readSeasonOf((path) => createApi().get(path), code);
  const ways = season === null ? [] : waysOf(season, { language, over: true });
  setAttribute(nav, "aria-label", waysName(language));
  nav.replaceChildren(...ways.map(({ key, href, text }) => make("a", { href, "data-way": key, "data-testid": `way-${key}` }, text)));
  nav.hidden = ways.length === 0;
}
