import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { DEFAULTS, documentFrom, followsArena, settingsFrom, sharesOf } from "../../app/pages/ograf/fields.js";
import { modelOf } from "../../app/pages/overlay/model.js";

const MANIFEST = new URL("../../app/pages/ograf/pioneer-arena.ograf.json", import.meta.url);
const manifest = async () => JSON.parse(await readFile(MANIFEST, "utf8"));
const model = (/** @type {object} */ data) => {
  const { settings } = settingsFrom(DEFAULTS, data);
  return modelOf(documentFrom(settings, 1), settings);
};

test("every field of the manifest is understood, and its default is the settings' own", async () => {
  const { schema } = await manifest();
  const defaults = Object.fromEntries(
    Object.entries(schema.properties).map(([name, { default: value }]) => [name, value]),
  );
  const { settings, ignored } = settingsFrom(DEFAULTS, defaults);
  assert.deepEqual(ignored, []);
  assert.deepEqual(settings, DEFAULTS);
  for (const [name, { enum: values = [] }] of Object.entries(schema.properties)) {
    for (const value of values) assert.deepEqual(settingsFrom(DEFAULTS, { [name]: value }).ignored, [], `${name}: ${value}`);
  }
});

test("partial data leaves the rest; an empty text gives the default back", () => {
  const first = settingsFrom(DEFAULTS, { base: "10.0.0.5:8000", code: "k7m2qp", scene: "Lower-Third", red_votes: 7 });
  assert.ok(followsArena(first.settings));
  const { settings, ignored } = settingsFrom(first.settings, { scene: "", blue_votes: "12" });
  assert.deepEqual(ignored, []);
  assert.equal(settings.base, "http://10.0.0.5:8000");
  assert.equal(settings.code, "K7M2QP");
  assert.equal(settings.scene, null);
  assert.deepEqual([settings.red.votes, settings.blue.votes], [7, 12]);
  assert.ok(!followsArena(settingsFrom(settings, { code: "" }).settings));
});

test("what is not understood is named and changes nothing", () => {
  const wrong = {
    base: "javascript:alert(1)", code: "../x", lang: "de", scene: "dance", theme: "pink", phase: "later", hidden: "maybe",
    red_votes: -1, blue_likes: 1.5, red_name: 7, deciding: "yes", token: "x".repeat(600),
  };
  const { settings, ignored } = settingsFrom(DEFAULTS, wrong);
  assert.deepEqual(ignored.sort(), Object.keys(wrong).sort());
  assert.deepEqual(settings, DEFAULTS);
});

test("rubbish is no data, and unknown fields are passed over", () => {
  for (const rubbish of [undefined, null, 7, "text", [], { v_vendor: 1, __proto__: { code: "AAAA" }, red_portrait_url: "x" }]) {
    assert.deepEqual(settingsFrom(DEFAULTS, rubbish), { settings: DEFAULTS, ignored: [] });
  }
});

test("shares are whole and sum to 100, by largest remainder", () => {
  assert.deepEqual(sharesOf(0, 0), [0, 0]);
  for (const [red, blue, share] of [[1, 0, 100], [0, 5, 0], [1, 2, 33], [2, 1, 67], [1, 1, 50], [1, 7, 13], [7, 1, 88], [999, 1, 100]]) {
    assert.deepEqual(sharesOf(red, blue), [share, 100 - share], `${red}:${blue}`);
  }
});

test("figures that were handed over make a board; hidden ones make none", () => {
  const data = { red_name: "王伟", red_votes: 30, blue_name: "杨玭", blue_votes: 10, red_likes: 5 };
  const shown = model(data);
  assert.equal(shown.figures, "shown");
  assert.deepEqual(shown.entries.map(({ name, votes, share }) => [name, votes, share]), [["王伟", 30, "75%"], ["杨玭", 10, "25%"]]);
  for (const hides of [{ visible: false }, { public: false }]) {
    const hidden = model({ ...data, ...hides });
    assert.equal(hidden.figures, "hidden");
    assert.deepEqual(hidden.entries.map(({ votes }) => votes), [0, 0]);
  }
  assert.equal(model({ ...data, public: false, hidden: "show" }).figures, "shown");
  assert.equal(model({ ...data, phase: "revealed" }).outcome.kind, "favoured");
  assert.equal(model({ ...data, phase: "revealed", deciding: true }).outcome.kind, "won");
  assert.equal(model({ ...data, blue_votes: 30, phase: "revealed", deciding: true }).outcome.kind, "tie");
});

test("a whole flat map says by what the lead goes, what is held and what is sealed", () => {
  const flat = {
    by: "score", red_name: "王伟", red_votes: 30, red_score: 4000, red_score_text: "40.00", blue_name: "杨玭", blue_votes: 10,
    blue_score: 6000, blue_score_text: "60.00", turnout: 38, held: 2, corrections: 1, sealed: false, certified_at_ms: "",
    phase: "revealed", deciding: true, leader_key: "blue", tie: false, closes_at_ms: "", epoch: 7, round_number: 2,
  };
  const { ignored } = settingsFrom(DEFAULTS, flat);
  assert.deepEqual(ignored, []);
  const scored = model(flat);
  assert.deepEqual(scored.outcome.winners, ["blue"]);
  assert.deepEqual(scored.entries.map(({ share }) => share), ["40.00 分", "60.00 分"]);
  assert.match(scored.turnout?.main ?? "", /38/);
  assert.match(scored.fine?.main ?? "", /更正后 · 另有 2 票待核 · 加权得分/);
  const sealed = model({ ...flat, sealed: true });
  assert.equal(sealed.figures, "hidden");
  assert.match(sealed.notice?.main ?? "", /封存计票/);
  assert.equal(model({ ...flat, sealed: true, certified_at_ms: 5 }).figures, "shown");
});
