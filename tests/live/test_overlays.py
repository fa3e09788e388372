"""What overlays tell of themselves: bounds, age, and what is written down of it."""

from dataclasses import replace

from app.domain.lifecycle import Phase
from app.domain.tally import Counts
from app.live.overlays import (
    BEAT_MS_MIN,
    KEPT_MS,
    PRESENT_MS,
    SIGHT_MS,
    SIGHTS_MAX,
    UNVERIFIED_MAX,
    VERIFIED_MAX,
    Heartbeat,
    Overlays,
    facts_of,
    newest_of_each,
)
from tests.live.values import a_round, a_session

BEAT = Heartbeat("7:a", "主播台", True, "board", 5, 60.0, epoch=1)
STRANGER = Heartbeat("~1", "", False, "board", 5, 60.0)
NOW = 1_000_000


def test_who_has_no_token_takes_no_place_of_who_has_one() -> None:
    overlays = Overlays()
    for i in range(UNVERIFIED_MAX + 20):
        overlays.hear(replace(STRANGER, key=f"~{i}"), NOW)
    for i in range(VERIFIED_MAX + 20):
        overlays.hear(replace(BEAT, key=f"7:{i}"), NOW)
    marks = [each["verified"] for each in overlays.seen.values()]
    assert (marks.count(False), marks.count(True)) == (UNVERIFIED_MAX, VERIFIED_MAX)


def test_one_that_has_long_been_silent_gives_way_and_a_live_one_never() -> None:
    overlays = Overlays()
    for i in range(VERIFIED_MAX):
        overlays.hear(replace(BEAT, key=f"7:{i}"), NOW)
    overlays.hear(replace(BEAT, key="7:1"), NOW + PRESENT_MS)
    overlays.hear(replace(BEAT, key="new"), NOW + PRESENT_MS)
    assert "new" not in overlays.seen
    overlays.hear(replace(BEAT, key="7:1"), NOW + PRESENT_MS + 1)
    overlays.hear(replace(BEAT, key="7:1", scene="qr"), NOW + PRESENT_MS + 1)
    overlays.hear(replace(BEAT, key="new"), NOW + PRESENT_MS + 1)
    assert "new" in overlays.seen
    assert len(overlays.seen) == VERIFIED_MAX


def test_beats_that_come_too_fast_are_passed_over_but_not_a_change_of_scene() -> None:
    overlays = Overlays()
    overlays.hear(BEAT, NOW)
    overlays.hear(replace(BEAT, version=6), NOW + BEAT_MS_MIN - 1)
    assert overlays.seen["7:a"]["version"] == 5
    overlays.hear(replace(BEAT, scene="blank", version=7), NOW + BEAT_MS_MIN - 1)
    assert overlays.seen["7:a"]["scene"] == "blank"
    overlays.hear(replace(BEAT, scene="blank", version=8), NOW + 2 * BEAT_MS_MIN)
    assert overlays.seen["7:a"]["version"] == 8


def test_an_old_version_is_as_old_as_the_one_after_it() -> None:
    overlays = Overlays()
    overlays.hear(BEAT, NOW)
    assert overlays.seen["7:a"]["behind_ms"] == 0, "nothing was published yet"
    for i, version in enumerate((5, 6, 9)):
        overlays.published(1, version, NOW + i * 1_000)
    ages = {}
    for epoch, version in ((1, 5), (1, 6), (1, 9), (0, 99), (None, 5), (1, None)):
        overlays.hear(replace(BEAT, key=f"{epoch}.{version}", epoch=epoch, version=version), NOW + 10_000)
        ages[epoch, version] = overlays.seen[f"{epoch}.{version}"]["behind_ms"]
    assert ages == {(1, 5): 9_000, (1, 6): 8_000, (1, 9): 0, (0, 99): 10_000, (None, 5): 9_000, (1, None): 0}


def test_who_says_goodbye_is_gone_at_once_and_who_falls_silent_is_missed() -> None:
    overlays = Overlays()
    overlays.hear(BEAT, NOW)
    overlays.hear(replace(BEAT, key="7:b"), NOW)
    overlays.hear(STRANGER, NOW)
    overlays.hear(replace(BEAT, leaving=True), NOW)
    overlays.hear(replace(BEAT, key="nobody", leaving=True), NOW)
    overlays.forget(NOW + PRESENT_MS)
    assert list(overlays.seen) == ["7:b", "~1"]
    overlays.forget(NOW + PRESENT_MS + 1)
    assert list(overlays.seen) == ["7:b"]
    overlays.forget(NOW + KEPT_MS + 1)
    assert list(overlays.seen) == []
    kinds = [(each["kind"], each["overlay"]) for each in overlays.sights]
    assert kinds == [("seen", "7:a"), ("seen", "7:b"), ("left", "7:a"), ("silent", "7:b")]


def test_what_is_written_down_is_what_changed_and_now_and_then_a_version() -> None:
    overlays = Overlays()
    for second in range(0, 35, 5):
        overlays.hear(replace(BEAT, version=second), NOW + second * 1_000)
    assert [each["version"] for each in overlays.sights] == [0, 15, 30]
    assert SIGHT_MS == 15_000
    overlays.hear(replace(BEAT, scene="blank", version=36), NOW + 36_000)
    overlays.hear(replace(BEAT, scene="blank", version=37, visible=False), NOW + 37_000)
    overlays.hear(replace(BEAT, scene="blank", version=38, visible=False, stale_ms=9_000), NOW + 38_000)
    assert [each["version"] for each in overlays.sights][3:] == [36, 37, 38]


def test_nothing_is_written_down_of_strangers_and_of_the_preview() -> None:
    overlays = Overlays()
    overlays.hear(STRANGER, NOW)
    overlays.hear(replace(BEAT, bus="preview"), NOW)
    overlays.hear(replace(BEAT, bus="preview", leaving=True), NOW)
    assert not overlays.sights


def test_what_waits_to_be_written_is_bounded() -> None:
    overlays = Overlays()
    for i in range(SIGHTS_MAX + 5):
        overlays.hear(replace(BEAT, scene=f"s{i}"), NOW)
    assert len(overlays.sights) == SIGHTS_MAX
    assert overlays.sights[0]["scene"] == "s5"


def test_who_came_back_by_another_process_is_not_silent_at_the_first() -> None:
    old, new, other = ({"id": key, "seen_at_ms": at_ms} for key, at_ms in (("a", 1), ("a", 2), ("b", 1)))
    assert newest_of_each([old, new, other]) == [new, other]
    assert newest_of_each([new, old]) == [new]


def test_facts_are_of_the_run_that_takes_votes_and_of_overlays_on_air() -> None:
    overlays = Overlays()
    overlays.hear(BEAT, NOW)
    overlays.hear(replace(BEAT, key="7:p", bus="preview"), NOW)
    counts = {7: Counts(likes={"red": 3}, channels={"web": Counts(likes={"red": 3}, turnout=2)})}
    seen = list(overlays.seen.values())
    facts = facts_of(a_session(a_round()), counts, seen, now_ms=NOW + 5, online=9, free_bytes=None)
    assert (facts.on_air, facts.run_id, facts.likes, facts.phones) == (True, 7, 3, 9)
    assert facts.acts == {"web": 5}
    assert facts.names == {"web": "网页"}
    assert [(each.id, each.silent_ms) for each in facts.overlays] == [("7:a", 5)]
    locked = a_session(a_round(phase=Phase.LOCKED), scene="blank")
    facts = facts_of(locked, counts, seen, now_ms=NOW, online=9, free_bytes=None)
    assert (facts.on_air, facts.run_id) == (False, None)
    assert facts_of(a_session(), {}, [], now_ms=NOW, online=0, free_bytes=1).run_id is None
