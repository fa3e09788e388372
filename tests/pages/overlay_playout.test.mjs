import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import vm from "node:vm";
import { parseOptions } from "../../app/pages/overlay/options.js";
import { changesFrom, parseTemplateData } from "../../app/pages/overlay/template.js";

const OVERLAY = new URL("../../app/pages/overlay/", import.meta.url);
const read = (/** @type {string} */ name) => readFile(new URL(name, OVERLAY), "utf8");

/** Runs the classic script as a page would. */
async function page() {
  const window = {};
  vm.runInNewContext(await read("definition.js"), { window });
  return /** @type {any} */ (window);
}

const XML =
  '<templateData><componentData id="f0"><data id="text" value="lower_third"/></componentData>' +
  '<componentData id="f1"><data id="text" value="k7m2qp &amp; &#x6797;"></data></componentData></templateData>';

test("template data is read as JSON, plain or in CasparCG's text objects", () => {
  assert.deepEqual([...parseTemplateData('{"f0":"board","f1":"K7M2QP"}')], [["f0", "board"], ["f1", "K7M2QP"]]);
  assert.equal(parseTemplateData('{"f0":{"text":"qr"}}').get("f0"), "qr");
  assert.equal(parseTemplateData('[{"f0":"qr"},{"f1":"K7M2QP"}]').get("f1"), "K7M2QP");
  assert.equal(parseTemplateData({ f0: "qr" }).get("f0"), "qr");
});

test("quotes that kept their backslash are forgiven", () => {
  assert.equal(parseTemplateData('{\\"f0\\":\\"board\\"}').get("f0"), "board");
  assert.equal(parseTemplateData(XML.replaceAll('"', '\\"')).get("f0"), "lower_third");
});

test("the older XML is read, entities too", () => {
  const fields = parseTemplateData(XML);
  assert.equal(fields.get("f0"), "lower_third");
  assert.equal(fields.get("f1"), "k7m2qp & 林");
});

test("rubbish gives no fields and never throws", () => {
  for (const rubbish of ["", "   ", "{", "<", "<templateData>", "null", "42", '"text"', "[1,2]", undefined, null, 7, "x".repeat(99999)]) {
    assert.equal(parseTemplateData(rubbish).size, 0, String(rubbish).slice(0, 20));
  }
});

test("fields become changes; what is not understood changes nothing", () => {
  const change = changesFrom(new Map([["f0", "Lower-Third"], ["f1", " k7m2qp "], ["f2", "gold"], ["f3", "both"], ["f4", "10.0.0.5:8000"], ["f5", "red, Blue"]]));
  assert.deepEqual(change, { scene: "lower_third", code: "K7M2QP", theme: "gold", lang: "both", server: "http://10.0.0.5:8000", who: ["red", "blue"] });
  assert.deepEqual(changesFrom(new Map([["f1", "../x"], ["f2", "pink"], ["f3", "de"], ["f4", "javascript:alert(1)"]])), {});
});

test("an empty f0 gives the scene back, a missing one leaves it", () => {
  assert.deepEqual(changesFrom(new Map([["f0", ""]])), { scene: null });
  assert.deepEqual(changesFrom(new Map()), {});
});

test("calls that come before the page is ready are kept in order", async () => {
  const window = await page();
  window.update("{}");
  window.play();
  /** @type {any[]} */
  const calls = [];
  window.arenaPlayout.attach((/** @type {string} */ name, /** @type {unknown} */ data) => calls.push([name, data]));
  window.next();
  window.stop();
  assert.deepEqual(calls, [["update", "{}"], ["play", undefined], ["next", undefined], ["stop", undefined]]);
});

test("the four globals are there and remove is left to CasparCG", async () => {
  const window = await page();
  for (const name of ["update", "play", "stop", "next"]) assert.equal(typeof window[name], "function");
  assert.ok(!("remove" in window));
});

test("SPX's definition is whole, and the copy in spx.html is the same", async () => {
  const { SPXGCTemplateDefinition: definition } = await page();
  for (const key of ["description", "playserver", "playchannel", "playlayer", "webplayout", "out", "dataformat", "steps", "uicolor"]) {
    assert.equal(typeof definition[key], "string", key);
  }
  assert.equal(definition.DataFields.map((/** @type {any} */ entry) => entry.field).join(), "f0,f1,f2,f3,f4,f5");
  const inline = /<script>([\s\S]*?)<\/script>/.exec(await read("spx.html"));
  const window = /** @type {any} */ ({});
  vm.runInNewContext(inline?.[1] ?? "", { window });
  assert.equal(JSON.stringify(window.SPXGCTemplateDefinition), JSON.stringify(definition));
});

test("the served page has no inline script or style and loads nothing from elsewhere", async () => {
  const html = await read("index.html");
  assert.ok(!/<script(?![^>]*\bsrc=)/.test(html));
  assert.ok(!/<style|\sstyle=|\son\w+=/.test(html));
  for (const [, address] of html.matchAll(/(?:src|href)="([^"]*)"/g)) assert.match(address, /^(\/pages\/overlay\/|data:,)/);
});

test("no style sheet loads anything or grounds html, body or the stage", async () => {
  for (const name of ["stage", "figure", "board", "rows", "scenes", "result", "themes"]) {
    const css = await read(`${name}.css`);
    assert.ok(!/url\(|@import|@font-face/.test(css), name);
    for (const [, selector, body] of css.matchAll(/(?:^|\})\s*([^{}@]+)\{([^}]*)\}/g)) {
      const wrapper = selector.split(",").some((part) => /^(\s|\/\*.*?\*\/)*(html|body|\.stage|\.scene|\.anchor)\s*$/s.test(part));
      assert.ok(!(wrapper && /background/.test(body)), `${name}: ${selector}`);
    }
  }
});

test("the board of many is cut and turned as the address says, within what can be read", () => {
  const of = (/** @type {string} */ query) => {
    const { rows, page, turn } = parseOptions(`http://arena/overlay/K7M2QP?${query}`);
    return [rows, page, turn];
  };
  assert.deepEqual(of("rows=5&page=3&turn=8"), [5, 3, 8]);
  assert.deepEqual(of("rows=64&page=0&turn=1"), [10, 1, 3]);
  assert.deepEqual(of("rows=1&page=2.7&turn=9999"), [3, 2, 120]);
  assert.deepEqual(of("rows=x&page=&turn=off"), [10, 1, 0]);
});

test("the address sets the look; what is not understood falls back", () => {
  const options = parseOptions("http://arena:8000/overlay/k7m2qp?scene=board&theme=gold&scale=0.8&key=00ff00&lang=both&token=t&safe=1&margin=3&wait=1&who=red&channel=wechat");
  assert.deepEqual(options, {
    code: "K7M2QP", server: "", scene: "board", theme: "gold", scale: 0.8, key: "#00ff00", lang: "both", token: "t",
    safe: true, badge: true, margin: 3, wait: true, hidden: true, who: ["red"], channel: "wechat", rows: 10, page: 1,
    turn: 0, bus: "programme", name: "", monitor: false,
  });
  assert.equal(parseOptions("http://arena:8100/overlay/K7M2QP?badge=off").badge, false);
  const plain = parseOptions("http://arena:8000/overlay/K7M2QP/?scene=nothing&theme=pink&scale=abc&key=red%3Bx&lang=de&margin=99&safe=0");
  assert.deepEqual(
    [plain.code, plain.scene, plain.theme, plain.scale, plain.key, plain.lang, plain.margin, plain.safe],
    ["K7M2QP", null, "red-blue", 1, null, "zh", 15, false],
  );
  assert.equal(parseOptions("http://arena/overlay/K7M2QP?key=green").key, "#00ff00");
  assert.equal(parseOptions("http://arena/overlay/K7M2QP?key=none").key, null);
  assert.equal(parseOptions("http://arena/overlay/K7M2QP?hidden=keep").hidden, false);
  assert.equal(parseOptions("http://spx/templates/overlay/spx.html").code, "");
});
