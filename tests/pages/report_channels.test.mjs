// The count by channel: what was voided is in no share.
import assert from "node:assert/strict";
import { test } from "node:test";

import { channelRows } from "../../app/pages/report/channels.js";
import { eachOf } from "../../app/pages/report/context.js";

const channel = (key, turnout, more = {}) => ({ key, name: key, weight: null, voided: false, turnout, votes: { red: turnout }, likes: {}, ...more });
const rows = (...channels) => channelRows([{ number: 1, tally: { channels } }]).map(({ channel: { key }, share }) => [key, share]);

test("shares are of those whose channels count", () => {
  assert.deepEqual(rows(channel("web", 30), channel("radio", 10)), [["web", 75], ["radio", 25]]);
  assert.deepEqual(rows(channel("web", 30), channel("radio", 10, { voided: true })), [["web", 100], ["radio", 0]]);
});

test("a channel by which nobody came is left out, unless it has a weight or was voided", () => {
  assert.deepEqual(rows(channel("web", 3), channel("radio", 0)), [["web", 100]]);
  assert.deepEqual(rows(channel("panel", 0, { weight: 40 }), channel("venue", 0, { voided: true })), [["panel", 0], ["venue", 0]]);
  assert.deepEqual(channelRows([{ number: 1, tally: null }]), []);
});

test("figures are named in the order of the choices, without zeros", () => {
  const choices = [{ key: "red", name: "王伟" }, { key: "blue", name: "杨玭" }];
  assert.equal(eachOf(choices, { blue: 1200, red: 3 }, "zh"), "王伟 3，杨玭 1,200");
  assert.equal(eachOf(choices, { blue: 0, red: 3 }, "en"), "王伟 3");
});
