import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseLanguage, translate } from "../../app/pages/lib/language.js";

test("the address goes before the browser, and Chinese before what nobody asked for", () => {
  assert.equal(chooseLanguage("?lang=en", ["zh-CN"]), "en");
  assert.equal(chooseLanguage("?lang=zh", ["en-US"]), "zh");
  assert.equal(chooseLanguage("?lang=EN-gb", []), "en");
  assert.equal(chooseLanguage("", ["en-US", "zh"]), "en");
  assert.equal(chooseLanguage("", ["zh-CN", "en"]), "zh");
  assert.equal(chooseLanguage("", ["fr"]), "zh");
  assert.equal(chooseLanguage("", []), "zh");
});

test("words are looked up and filled in", () => {
  const words = { left: ["还剩 {count} 票", "{count} left"] };
  assert.equal(translate(words, "zh")("left", { count: 3 }), "还剩 3 票");
  assert.equal(translate(words, "en")("left", { count: 0 }), "0 left");
  assert.equal(translate(words, "en")("left", {}), "{count} left");
  assert.throws(() => translate(words, "en")("right"), RangeError);
});
