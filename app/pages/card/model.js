// @ts-check
// What the profile card shows, worked out of the service's document: stars as signs, steps as reached or not, the span
// of days, addresses of the picture. Pure. It adds nothing up: every figure is the service's.

/** @import { Language } from "../lib/format.js" */
/** @import { Card, Star } from "./types.js" */
import { dayText } from "../season/common.js";

export const STARS = 5;

/** 4 → "★★★★☆": filled and hollow differ in shape, not only in colour. @param {number} stars */
export function starSigns(stars) {
  const full = Math.min(STARS, Math.max(0, Math.trunc(stars)));
  return "★".repeat(full) + "☆".repeat(STARS - full);
}

/** @param {Star} star @returns {{threshold: number, reached: boolean}[]} */
export function stepsOf({ figure, thresholds }) {
  return thresholds.map((threshold) => ({ threshold, reached: figure >= threshold }));
}

/** @param {Star} star @param {Language} language */
export function starName(star, language) {
  return language === "en" && star.name_en ? star.name_en : star.name;
}

/** @param {Star} star @param {Language} language */
export function starFormula(star, language) {
  return (language === "en" && star.text_en ? star.text_en : star.text).replace(/[。.]$/u, "");
}

/** A growth is in percent; every other measure is a count. @param {Pick<Star, "measure"|"figure">} star */
export function starFigure({ measure, figure }) {
  return figure.toLocaleString("en-US") + (measure.endsWith("_pct") ? "%" : "");
}

/** First and last day on air, null where there was none. @param {Card} card @param {Language} language */
export function spanOf({ first_at_ms, last_at_ms }, language) {
  if (first_at_ms === null || last_at_ms === null) return null;
  return { first: dayText(first_at_ms, language), last: dayText(last_at_ms, language) };
}

/** @param {string} show @param {string|null} season @param {Language} language */
export function pictureAddress(show, season, language) {
  const query = new URLSearchParams({ ...(season === null ? {} : { season }), lang: language });
  return `/api/v1/shows/${encodeURIComponent(show)}/card.svg?${query}`;
}

/** @param {string} show @param {string|null} season @param {"svg"|"png"} kind */
export function pictureName(show, season, kind) {
  return `${[show, season, "card"].filter(Boolean).join("-")}.${kind}`;
}
