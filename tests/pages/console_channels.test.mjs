// The channels of the edit form: what stands is sent back unchanged, and complaints name their field.
import assert from "node:assert/strict";
import { test } from "node:test";

import { anotherChannel, channelDrafts, channelsRequest } from "../../app/pages/console/channel_drafts.js";

const CHANNELS = [
  { key: "web", name: "网页", delay_ms: 0, weight: null, identity: "device" },
  { key: "wechat", name: "微信视频", delay_ms: 8500, weight: 30, identity: "wechat" },
];
const NAMES = { venue: "现场", panel: "大众评审" };

test("what stands is sent back unchanged", () => {
  assert.deepEqual(channelsRequest(channelDrafts(CHANNELS)), { request: CHANNELS, complaints: [] });
});

test("an empty weight is none, nought is nought, and no more than a hundred is taken", () => {
  const weights = (weight) => channelsRequest([{ ...channelDrafts(CHANNELS)[0], weight }]);
  assert.equal(weights(" ").request[0].weight, null);
  assert.equal(weights("0").request[0].weight, 0);
  for (const weight of ["101", "-1", "1.5", "x"]) {
    assert.deepEqual(weights(weight).complaints, [{ field: "channel-web-weight", code: "weight" }], weight);
  }
});

test("a channel without a name or with too long a delay is complained of", () => {
  const drafts = [{ ...channelDrafts(CHANNELS)[0], name: " ", delay: "61" }];
  assert.deepEqual(channelsRequest(drafts).complaints.map(({ field }) => field), ["channel-web-name", "channel-web-delay"]);
});

test("the hall and the panel come first, with tickets, then others that take no key in use", () => {
  const drafts = channelDrafts(CHANNELS);
  for (let at = 0; at < 4; at += 1) drafts.push(anotherChannel(drafts, NAMES));
  assert.deepEqual(drafts.slice(2).map(({ key, identity }) => [key, identity]), [
    ["venue", "ticket"], ["panel", "ticket"], ["channel5", "device"], ["channel6", "device"],
  ]);
  assert.equal(new Set(drafts.map(({ key }) => key)).size, drafts.length);
});
