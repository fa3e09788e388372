// @ts-check
// Puts the ICP filing number into the footer, where the service has one. A page without it works the same.

import { Problem } from "../lib/api.js";
import { byId, setText } from "./dom.js";

/** @import { Api } from "../lib/types.js" */

/** @param {Api} api */
export async function showAbout(api) {
  try {
    const { icp } = await api.get("/about");
    setText(byId("icp"), icp);
    byId("icp").hidden = !icp;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
  }
}
