// Keys do what their caps say, and nothing while somebody types.
import assert from "node:assert/strict";
import { test } from "node:test";

import { actionFor, CAPS, isTyping } from "../../app/pages/console/hotkeys.js";

function key(name, changes = {}) {
  return { key: name, code: "", repeat: false, modified: false, composing: false, typing: false, dialog: false, ...changes };
}

test("space is the next step", () => {
  assert.deepEqual(actionFor(key(" ")), { kind: "next" });
});

test("every printed key cap has an action", () => {
  for (const cap of Object.values(CAPS)) {
    if (cap !== "") assert.notEqual(actionFor(key(cap === "Space" ? " " : cap)), null, cap);
  }
});

test("capital letters count as small ones", () => {
  assert.deepEqual(actionFor(key("L")), { kind: "command", command: "lock" });
});

test("with Shift a digit chooses what is next, on whatever layout", () => {
  assert.deepEqual(actionFor(key("！", { code: "Digit1", shift: true })), { kind: "preview", scene: "board" });
  assert.deepEqual(actionFor(key("%", { code: "Digit5", shift: true })), { kind: "preview", scene: "blank" });
  assert.equal(actionFor(key("&", { code: "Digit7", shift: true })), null);
});

test("panic is F9 alone, also while somebody types, composes or has a dialog open", () => {
  for (const busy of [{}, { typing: true }, { composing: true }, { dialog: true }]) {
    assert.deepEqual(actionFor(key("F9", busy)), { kind: "panic" });
  }
  for (const other of [{ shift: true }, { modified: true }, { repeat: true }]) assert.equal(actionFor(key("F9", other)), null);
});

test("the digits choose scenes", () => {
  assert.deepEqual(["1", "2", "3", "4", "5"].map((name) => actionFor(key(name)).scene), ["board", "lower_third", "result", "qr", "blank"]);
  assert.deepEqual(actionFor(key("b")), { kind: "clear" });
  assert.deepEqual(actionFor(key("t")), { kind: "take" });
});

for (const reason of ["repeat", "modified", "composing", "typing", "dialog"]) {
  test(`nothing happens with ${reason}`, () => {
    for (const name of [" ", "l", "r", "p", "b", "1"]) assert.equal(actionFor(key(name, { [reason]: true })), null);
  });
}

test("with an input method switched on, the place of the key decides", () => {
  assert.deepEqual(actionFor(key("Process", { code: "KeyL" })), { kind: "command", command: "lock" });
  assert.deepEqual(actionFor(key("Process", { code: "Space" })), { kind: "next" });
  assert.deepEqual(actionFor(key("Process", { code: "Digit3" })), { kind: "scene", scene: "result" });
  assert.equal(actionFor(key("Process", { code: "Enter" })), null);
});

test("unknown keys do nothing", () => {
  assert.equal(actionFor(key("Enter")), null);
  assert.equal(actionFor(key("ArrowDown")), null);
});

test("fields take their own keys", () => {
  assert.equal(isTyping({ tagName: "INPUT" }), true);
  assert.equal(isTyping({ tagName: "SELECT" }), true);
  assert.equal(isTyping({ tagName: "TEXTAREA" }), true);
  assert.equal(isTyping({ tagName: "DIV", isContentEditable: true }), true);
  assert.equal(isTyping({ tagName: "BUTTON" }), false);
  assert.equal(isTyping(null), false);
});
