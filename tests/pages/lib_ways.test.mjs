import assert from "node:assert/strict";
import { test } from "node:test";
import { readSeasonOf, waysOf } from "../../app/pages/lib/ways.js";

const OF_SEASON = { session: "K7M2QP", show: "pioneer-arena", season: { season: "2017", name: "2017 年度" } };

test("a session of a season leads to its standings and the card, and to a visit once there was a result", () => {
  const before = waysOf(OF_SEASON, { language: "zh", over: false });
  assert.deepEqual(before.map(({ key, href }) => [key, href]), [["season", "/season/pioneer-arena/2017"], ["card", "/card/pioneer-arena?season=2017"]]);
  const after = waysOf(OF_SEASON, { language: "en", over: true });
  assert.deepEqual(after.map(({ href }) => href), ["/visit/K7M2QP?lang=en", "/season/pioneer-arena/2017?lang=en", "/card/pioneer-arena?season=2017&lang=en"]);
});

test("the crew is led to the requests of this session", () => {
  const [last] = waysOf(OF_SEASON, { language: "zh", over: true, crew: true }).slice(-1);
  assert.deepEqual([last.key, last.href], ["visits", "/visits#session=K7M2QP"]);
});

test("a session of no season leads nowhere, nor does one that cannot be asked", async () => {
  assert.deepEqual(waysOf({ ...OF_SEASON, season: null }, { language: "zh", over: true, crew: true }), []);
  assert.equal(await readSeasonOf(() => Promise.reject(new Error("gone")), "K7M2QP"), null);
  assert.equal(await readSeasonOf(async (path) => path, "K7M2QP"), "/sessions/K7M2QP/season");
});
