import assert from "node:assert/strict";
import { test } from "node:test";
import { clockText, countdownText, countText, issueText } from "../../app/pages/lib/format.js";

test("counts are plain below ten thousand, then floored", () => {
  const expected = [
    [0, "0", "0"],
    [9999, "9999", "9999"],
    [10_000, "1万", "10K"],
    [12_999, "1.2万", "12.9K"],
    [19_999, "1.9万", "19.9K"],
    [400_000, "40万", "400K"],
    [999_999, "99.9万", "999.9K"],
    [1_299_999, "129.9万", "1.2M"],
    [99_999_999, "9999.9万", "99.9M"],
    [100_000_000, "1亿", "100M"],
    [1_290_000_000, "12.9亿", "1.2B"],
  ];
  for (const [count, zh, en] of expected) {
    assert.equal(countText(count, "zh"), zh);
    assert.equal(countText(count, "en"), en);
  }
});

test("no count is ever written as more than it is", () => {
  const size = { 万: 1e4, 亿: 1e8 };
  for (let count = 10_000; count < 2e8; count = Math.floor(count * 1.013) + 7) {
    const text = countText(count, "zh");
    assert.ok(Number.parseFloat(text) * size[text.at(-1)] <= count + 1e-3, `${count} ${text}`);
  }
});

test("a countdown shows 0:00 only when it is over", () => {
  assert.equal(countdownText(1), "0:01");
  assert.equal(countdownText(0), "0:00");
  assert.equal(countdownText(-5000), "0:00");
  assert.equal(countdownText(83_000), "1:23");
  assert.equal(countdownText(3_723_000), "1:02:03");
});

test("a time of day has seconds and 24 hours", () => {
  assert.equal(clockText(Date.UTC(2026, 10, 22, 4, 5, 6), "zh", "Asia/Shanghai"), "12:05:06");
  assert.equal(clockText(Date.UTC(2026, 10, 22, 15, 5, 6), "en", "Asia/Shanghai"), "23:05:06");
});

test("an issue without a number is the show alone", () => {
  assert.equal(issueText("先锋擂台", 3), "先锋擂台 第3期");
  assert.equal(issueText("先锋擂台", null), "先锋擂台");
  assert.equal(issueText("Arena", 3, "en"), "Arena No. 3");
});
