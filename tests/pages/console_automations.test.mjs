// Automations: what the badge says, how each goes in a sentence, and the request that the form stands for.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  badgeText, errorText, fieldsOf, healthOf, newDraft, oscArguments, requestOf, stateSentence, testSentence, TRIGGERS, triggerText,
} from "../../app/pages/console/automations_model.js";
import { auditLine } from "../../app/pages/console/audit.js";
import { WORDS } from "../../app/pages/console/words.js";
import { translate } from "../../app/pages/lib/language.js";

const NOW = Date.UTC(2026, 0, 2, 12, 0, 0); // 20:00 in Shanghai
const zh = translate(WORDS, "zh");
const en = translate(WORDS, "en");
const automation = (changes = {}, state = {}) => ({
  id: 1, name: "vMix", trigger: "round_opened", every_ms: null, milestone: null, action: { kind: "http", method: "GET" },
  enabled: true, target: "10.0.0.1:8088", allowed: true, ...changes,
  state: {
    fired: 0, delivered: 0, failures: 0, dropped: 0, pending: 0, last_fired_at_ms: null, last_delivered_at_ms: null,
    last_status: null, last_error: "", missing: [], paused_until_ms: null, ...state,
  },
});
const failing = automation({}, { failures: 3, last_status: 500, last_error: "10.0.0.1:8088 answered 500." });
const paused = automation({}, { failures: 5, last_error: "10.0.0.1:8088 answered 500.", paused_until_ms: NOW + 30_000 });
const barred = automation({ allowed: false }, { last_error: "10.0.0.1:8088 answered 500." });
const fine = automation({}, { delivered: 2, failures: 1, last_delivered_at_ms: NOW, last_status: 204 });

test("an automation is told by what keeps it from going, the strongest first", () => {
  const off = automation({ enabled: false, allowed: false }, { last_error: "x" });
  assert.deepEqual([off, barred, paused, failing, fine, automation()].map((each) => healthOf(each, NOW)),
    ["off", "not_allowed", "paused", "failing", "fine", "idle"]);
  assert.equal(healthOf(paused, NOW + 30_000), "failing");
});

test("the badge counts each that is switched on and does not go once, in words, and is empty where all go", () => {
  assert.equal(badgeText([fine, failing, automation()], NOW, zh), "1 个失败");
  assert.equal(badgeText([failing, paused, barred, barred], NOW, zh), "1 个失败 · 1 个已暂停 · 2 个未获允许");
  assert.equal(badgeText([failing, failing], NOW, en), "2 failing");
  assert.equal(badgeText([fine, automation(), automation({ enabled: false }, { last_error: "x" })], NOW, zh), "");
  assert.equal(badgeText([], NOW, zh), "");
});

test("how one goes is a sentence, in Chinese and in English", () => {
  assert.equal(stateSentence(failing, NOW, zh, "zh"), "上次失败：10.0.0.1:8088 回答了 500。");
  assert.equal(stateSentence(failing, NOW, en, "en"), "The last try failed: 10.0.0.1:8088 answered 500.");
  assert.match(stateSentence(paused, NOW, zh, "zh"), /暂停到 20:00:30。上次失败/u);
  assert.match(stateSentence(fine, NOW, zh, "zh"), /20:00:00，回答 204/u);
  assert.match(stateSentence(automation({}, { last_delivered_at_ms: NOW, missing: ["a.b", "c"] }), NOW, zh, "zh"), /OSC.*没有值：a\.b, c/u);
  assert.match(stateSentence(barred, NOW, zh, "zh"), /允许名单/u);
  assert.notEqual(stateSentence(automation(), NOW, zh, "zh"), "");
});

test("a sentence of the service that is not known stands as it is", () => {
  assert.equal(errorText("Something new.", "zh"), "Something new.");
  assert.equal(errorText("a:1 did not answer within 5 s.", "zh"), "a:1 在 5 秒内没有回答。");
  assert.equal(errorText("a:1 did not answer within 5 s.", "en"), "a:1 did not answer within 5 s.");
});

test("a test says its status, its error and the paths that lead to nothing", () => {
  const tested = { ok: true, status: 200, error: "", took_ms: 12, missing: [] };
  assert.equal(testSentence(tested, zh, "zh"), "试发成功：回答 200，12 毫秒。");
  assert.match(testSentence({ ...tested, status: null, missing: ["flat.none"] }, zh, "zh"), /OSC.*flat\.none/u);
  assert.equal(testSentence({ ...tested, ok: false, status: 500, error: "a:1 answered 500." }, en, "en"), "Test failed: a:1 answered 500.");
});

test("every trigger has its words, with its number where it has one", () => {
  for (const trigger of TRIGGERS) assert.ok(`trigger_${trigger}` in WORDS, trigger);
  assert.equal(triggerText(automation({ trigger: "tally_changed", every_ms: 1500 }), zh), "票数变化 · 每 1,500 毫秒最多一次");
  assert.match(triggerText(automation({ trigger: "likes_milestone", milestone: 1000 }), en), /every 1,000$/u);
  assert.equal(triggerText(automation({ trigger: "round_lost" }), zh), "round_lost");
  for (const action of ["made", "changed", "removed", "tested"]) {
    const entry = { id: 1, at_ms: 0, actor: "李", role: "producer", action: `automation_${action}`, round: null, before: null, after: null, detail: null };
    assert.doesNotMatch(auditLine(entry, "zh").what, /automation/u);
  }
});

test("the form shows the fields that its trigger and kind need", () => {
  const draft = newDraft();
  assert.deepEqual(fieldsOf(draft), ["method", "url", "body"]);
  assert.deepEqual(fieldsOf({ ...draft, trigger: "tally_changed" }), ["every_ms", "method", "url", "body"]);
  assert.deepEqual(fieldsOf({ ...draft, trigger: "likes_milestone", kind: "osc" }), ["milestone", "host", "port", "address", "args"]);
});

test("a draft becomes the request of its kind and trigger, and nothing of the other", () => {
  const draft = { ...newDraft(), name: " 灯 ", url: " http://a:1/ ", body: " {} ", milestone: "x" };
  assert.deepEqual(requestOf(draft), {
    request: { name: "灯", trigger: "round_revealed", action: { kind: "http", method: "POST", url: "http://a:1/", body: " {} " } }, complaints: new Map(),
  });
  assert.equal(requestOf({ ...draft, trigger: "tally_changed", every_ms: "200" }).request.every_ms, 200);
  const osc = { ...draft, trigger: "likes_milestone", milestone: "1000", kind: "osc", host: "b", port: "7000", address: "/x", args: "1, {{event.choice}}" };
  assert.deepEqual(requestOf(osc).request, {
    name: "灯", trigger: "likes_milestone", milestone: 1000, action: { kind: "osc", host: "b", port: 7000, address: "/x", args: [1, "{{event.choice}}"] },
  });
});

test("what is missing or out of bounds is told at its field", () => {
  const complaints = (changes) => [...requestOf({ ...newDraft(), name: "x", url: "http://a/", ...changes }).complaints];
  assert.deepEqual(complaints({ name: " ", url: "" }), [["name", "bad_needed"], ["url", "bad_needed"]]);
  for (const every_ms of ["", "199", "3600001", "1.5", "1e3", "-500"]) {
    assert.deepEqual(complaints({ trigger: "tally_changed", every_ms }), [["every_ms", "bad_every_ms"]], every_ms);
  }
  assert.deepEqual(complaints({ trigger: "likes_milestone", milestone: "0" }), [["milestone", "bad_number"]]);
  assert.deepEqual(complaints({ kind: "osc", host: "b", port: "65536", address: "/x" }), [["port", "bad_port"]]);
});

test("arguments of OSC are numbers where they are numbers, and text otherwise", () => {
  assert.deepEqual(oscArguments(" 1, -2.5 ,a b,{{flat.red_votes}},,01x "), [1, -2.5, "a b", "{{flat.red_votes}}", "01x"]);
  assert.deepEqual(oscArguments("  "), []);
});
