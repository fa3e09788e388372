// What the profile card shows of the service's figures: signs, steps, formula, addresses.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pictureAddress, pictureName, spanOf, starFigure, starFormula, starName, starSigns, stepsOf } from "../../app/pages/card/model.js";
import { dayText, isSlug, linkTo, partsOf, sessionText } from "../../app/pages/season/common.js";

const FAME = {
  key: "fame", name: "网红指数", name_en: "fame", stars: 4, measure: "likes", figure: 403512,
  thresholds: [1000, 10000, 50000, 200000, 500000], text: "点赞总数满 1000 各得一星", text_en: "one star for each of 1000 in likes",
};

test("stars differ in shape, are five in all, and never run over", () => {
  assert.equal(starSigns(4), "★★★★☆");
  assert.equal(starSigns(0), "☆☆☆☆☆");
  assert.equal(starSigns(9), "★★★★★");
  assert.equal(starSigns(-1), "☆☆☆☆☆");
});

test("a step is reached from its very figure on", () => {
  assert.deepEqual(stepsOf(FAME).map((step) => step.reached), [true, true, true, true, false]);
  assert.deepEqual(stepsOf({ ...FAME, figure: 500000 }).map((step) => step.reached), [true, true, true, true, true]);
  assert.deepEqual(stepsOf({ ...FAME, figure: 999 }).map((step) => step.reached), [false, false, false, false, false]);
});

test("name, formula and figure are in the reader's language, a growth in percent", () => {
  assert.equal(starName(FAME, "zh"), "网红指数");
  assert.equal(starName(FAME, "en"), "fame");
  assert.equal(starName({ ...FAME, name_en: "" }, "en"), "网红指数");
  assert.equal(starFormula({ ...FAME, text: "满 1 得一星。" }, "zh"), "满 1 得一星");
  assert.equal(starFormula(FAME, "en"), "one star for each of 1000 in likes");
  assert.equal(starFigure(FAME), "403,512");
  assert.equal(starFigure({ ...FAME, measure: "growth_pct", figure: -7 }), "-7%");
});

test("the span of days is Beijing's, and none where nothing was on air", () => {
  // 2026-11-29 00:30 in Shanghai, still the 28th elsewhere.
  const at_ms = Date.UTC(2026, 10, 28, 16, 30);
  const card = /** @type {any} */ ({ first_at_ms: at_ms, last_at_ms: at_ms });
  assert.deepEqual(spanOf(card, "zh"), { first: "2026年11月29日", last: "2026年11月29日" });
  assert.equal(spanOf({ ...card, last_at_ms: null }, "zh"), null);
  assert.equal(dayText(at_ms, "en"), "29 November 2026");
});

test("the picture is asked for in the language and the season of the page", () => {
  assert.equal(pictureAddress("pioneer-arena", null, "zh"), "/api/v1/shows/pioneer-arena/card.svg?lang=zh");
  assert.equal(pictureAddress("pioneer-arena", "2017", "en"), "/api/v1/shows/pioneer-arena/card.svg?season=2017&lang=en");
  assert.equal(pictureName("pioneer-arena", "2017", "png"), "pioneer-arena-2017-card.png");
  assert.equal(pictureName("pioneer-arena", null, "svg"), "pioneer-arena-card.svg");
});

test("addresses are read with care and keep the language", () => {
  assert.deepEqual(partsOf("/season/pioneer-arena/2017"), ["pioneer-arena", "2017"]);
  assert.deepEqual(partsOf("/card/%E0%A4%A"), [""]);
  assert.equal(isSlug("pioneer-arena"), true);
  for (const none of [undefined, "", "Pioneer", "../x", "a--b", "a".repeat(65)]) assert.equal(isSlug(none), false);
  assert.equal(linkTo("/card/a", "?lang=en&x=1", { season: "2017" }), "/card/a?season=2017&lang=en");
  assert.equal(linkTo("/card/a", ""), "/card/a");
});

test("a session is called by number and title, the number once", () => {
  assert.equal(sessionText({ code: "K7M2QP", number: 3, title: "精准服务" }, "zh"), "第3期 精准服务");
  assert.equal(sessionText({ code: "K7M2QP", number: 3, title: "先锋擂台 第 3 期" }, "zh"), "先锋擂台 第 3 期");
  assert.equal(sessionText({ code: "K7M2QP", number: null, title: "" }, "en"), "K7M2QP");
  assert.equal(sessionText({ code: "K7M2QP", number: 3, title: "" }, "en"), "No. 3");
});
