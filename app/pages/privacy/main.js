// @ts-check
// Fills in what differs from service to service: the days, this session's date, whom to ask. The page says all else by
// itself, also where nothing of this runs. English comes first where it is asked for.

import { createApi, Problem, sessionPath } from "../lib/api.js";
import { pageLanguage } from "../lib/language.js";
import { dateSentence } from "./date.js";

/** @param {string} selector @param {string} text */
function fill(selector, text) {
  for (const node of document.querySelectorAll(selector)) node.textContent = text;
}

/** @template T @param {Promise<T>} asked @returns {Promise<T|null>} */
async function orNothing(asked) {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return null;
  }
}

async function start() {
  if (pageLanguage() === "en") {
    document.documentElement.lang = "en";
    const english = document.getElementById("en");
    if (english) document.querySelector("main")?.prepend(english);
  }
  const api = createApi();
  const session = new URLSearchParams(location.search).get("session");
  const [about, document_] = await Promise.all([
    orNothing(api.get("/about")),
    session ? orNothing(api.get(sessionPath(session))) : null,
  ]);
  if (about) {
    fill(".days", String(about.purge_days));
    if (about.privacy_contact) fill(".contact", about.privacy_contact);
    const icp = document.getElementById("icp");
    if (icp && about.icp) {
      icp.textContent = about.icp;
      icp.hidden = false;
    }
  }
  if (!document_) return;
  const dates = { purge_at_ms: document_.purge_at_ms ?? null, purged_at_ms: document_.purged_at_ms ?? null };
  fill("#zh .date", dateSentence(dates, document_.code, "zh"));
  fill("#en .date", `${dateSentence(dates, document_.code, "en")} `);
}

void start();
