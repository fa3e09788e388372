"""What the desk is warned of: when it comes, that it does not flap, when it goes."""

from collections.abc import Iterable
from typing import Any

import pytest

from app.domain import warning as bounds
from app.domain.warning import CLEAR_MS, HOLD_MS, STANDING_MAX, Facts, OverlayFact, Watch, judge

MB = 2**20


def overlay(name: str = "主播台", **facts: Any) -> OverlayFact:
    known = {"verified": True, "silent_ms": 0, "behind_ms": 0, "visible": True, "fps": 60.0}
    return OverlayFact(id=f"id-{name}", name=name, **{**known, **facts})


def kinds(watch: Watch) -> list[str]:
    return [each.kind for each in watch.warnings]


def run(facts: Iterable[Facts], watch: Watch | None = None) -> Watch:
    watch = watch or Watch()
    for each in facts:
        watch = judge(watch, each)
    return watch


def seconds(first: int, last: int, **facts: Any) -> list[Facts]:
    return [Facts(now_ms=second * 1000, **facts) for second in range(first, last)]


@pytest.mark.parametrize(
    ("kind", "bad", "between"),
    [
        ("overlay_silent", {"silent_ms": 12_000}, {"silent_ms": 7_000}),
        ("overlay_late", {"behind_ms": 3_000}, {"behind_ms": 1_500}),
        ("overlay_slow", {"fps": 9.9}, {"fps": 14.9}),
    ],
)
def test_an_overlay_on_air_is_warned_of_and_nothing_flaps(
    kind: str, bad: dict[str, Any], between: dict[str, Any]
) -> None:
    fine, ill, middle = ((overlay(),), (overlay(**bad),), (overlay(**between),))
    watch = run(seconds(0, 9, on_air=True, overlays=middle))
    assert kinds(watch) == [], "between the bounds nothing comes"
    watch = run(seconds(9, 11, on_air=True, overlays=ill), watch)
    assert kinds(watch) == [], "a moment is no warning"
    watch = run(seconds(11, 13, on_air=True, overlays=ill), watch)
    (one,) = watch.warnings
    assert (one.kind, one.level, one.subject, one.since_ms) == (kind, "warning", "id-主播台", 9_000)
    assert "主播台" in one.sentence
    assert one.sentence.endswith(".")
    watch = run(seconds(13, 60, on_air=True, overlays=middle), watch)
    assert kinds(watch) == [kind], "between the bounds it stays"
    watch = run(seconds(60, 62, on_air=True, overlays=fine), watch)
    watch = run(seconds(62, 64, on_air=True, overlays=middle), watch)
    watch = run(seconds(64, 68, on_air=True, overlays=fine), watch)
    assert kinds(watch) == [kind], "a moment of health is no health"
    watch = run(seconds(68, 70, on_air=True, overlays=fine), watch)
    assert kinds(watch) == []


def test_what_came_and_went_before_it_was_raised_begins_anew() -> None:
    ill = (overlay(behind_ms=9_000),)
    sick, well = ill, (overlay(),)
    watch = run([Facts(i * 1000, True, each) for i, each in enumerate((sick, well, sick, sick))])
    assert kinds(watch) == []
    assert kinds(judge(watch, Facts(4_000, True, ill))) == ["overlay_late"]


@pytest.mark.parametrize(
    "facts",
    [
        {"on_air": False, "overlays": (overlay(silent_ms=60_000),)},
        {"on_air": True, "overlays": (overlay(silent_ms=60_000, visible=False),)},
        {"on_air": True, "overlays": (overlay(fps=None),)},
        {"on_air": True, "overlays": (overlay(fps=0.0, visible=False),)},
    ],
)
def test_what_nobody_sees_is_no_matter(facts: dict[str, Any]) -> None:
    assert kinds(run(seconds(0, 30, **facts))) == []


def test_a_silent_overlay_is_not_also_late_and_slow() -> None:
    ill = (overlay(silent_ms=20_000, behind_ms=20_000, fps=1.0),)
    assert kinds(run(seconds(0, 9, on_air=True, overlays=ill))) == ["overlay_silent"]


def test_an_overlay_that_nobody_vouches_for_is_a_notice_and_comes_last() -> None:
    both = (overlay("别人", verified=False, silent_ms=20_000), overlay(silent_ms=20_000))
    assert [each.level for each in run(seconds(0, 9, on_air=True, overlays=both)).warnings] == ["warning", "notice"]


def test_warnings_are_bounded() -> None:
    many = tuple(overlay(str(i), silent_ms=20_000) for i in range(STANDING_MAX + 9))
    assert len(run(seconds(0, 9, on_air=True, overlays=many)).warnings) == STANDING_MAX


def open_round(first: int, last: int, **paces: int) -> list[Facts]:
    """Each channel brings so many acts a second from the beginning; a negative pace stops at second 30."""
    return [
        Facts(
            second * 1000,
            run_id=7,
            acts={key: abs(pace) * (min(second, 30) if pace < 0 else second) for key, pace in paces.items()},
            names={"wechat": "微信"},
        )
        for second in range(first, last)
    ]


def test_a_channel_that_had_votes_and_is_silent_while_others_go_on() -> None:
    watch = run(open_round(0, 52, wechat=-1, web=2))
    assert kinds(watch) == []
    watch = run(open_round(52, 54, wechat=-1, web=2), watch)
    (one,) = watch.warnings
    assert (one.kind, one.subject, one.name) == ("channel_silent", "wechat", "微信")
    watch = run(open_round(54, 60, wechat=1, web=2), watch)
    assert kinds(watch) == [], "it came back"


def test_a_silent_channel_is_forgotten_with_its_run() -> None:
    watch = run(open_round(0, 60, wechat=-1, web=2))
    assert kinds(watch) == ["channel_silent"]
    assert kinds(run(seconds(60, 66), watch)) == []
    other = [Facts(second * 1000, run_id=8, acts={"wechat": 0, "web": second}) for second in range(60, 66)]
    assert kinds(run(other, watch)) == []


@pytest.mark.parametrize(
    "paces",
    [
        {"wechat": -1},
        {"wechat": -1, "web": -2},
        {"wechat": 0, "web": 5},
    ],
    ids=["no others", "all are silent", "it never had any"],
)
def test_silence_that_means_nothing(paces: dict[str, int]) -> None:
    assert kinds(run(open_round(0, 90, **paces))) == []


def test_others_that_hardly_go_on_say_nothing() -> None:
    facts = [
        Facts(second * 1000, run_id=7, acts={"wechat": min(second, 30), "web": second // 5}) for second in range(90)
    ]
    assert kinds(run(facts)) == []


def test_a_channel_with_a_slow_pace_is_given_time() -> None:
    acts = [{"wechat": min(second, 120) // 10, "web": 5 * second} for second in range(200)]
    facts = [Facts(second * 1000, run_id=7, acts=each) for second, each in enumerate(acts)]
    assert kinds(run(facts[:160])) == [], "five gaps of ten seconds are not over"
    assert kinds(run(facts[:180])) == ["channel_silent"]


def likes(*paces: tuple[int, float], phones: int = 1_000) -> list[Facts]:
    """So many seconds at so many likes a second, one after another."""
    facts, total, now_ms = [], 0.0, 0
    for length, pace in paces:
        for _ in range(length):
            facts.append(Facts(now_ms, run_id=7, likes=int(total), phones=phones))
            total += pace
            now_ms += 1000
    return facts


@pytest.mark.parametrize(
    ("paces", "expected"),
    [
        ([(60, 20.0)], []),
        ([(60, 20.0), (12, 300.0)], ["likes_above"]),
        ([(60, 20.0), (2, 300.0), (9, 20.0)], []),
        ([(60, 20.0), (90, 300.0)], []),
        ([(60, 100.0), (12, 0.0)], ["likes_below"]),
        ([(60, 10.0), (12, 0.0)], []),
        ([(60, 0.0), (12, 300.0)], []),
        ([(20, 20.0), (12, 300.0)], []),
    ],
    ids=["even", "far above", "one burst", "the new pace", "far below", "few", "the first ones", "too early to say"],
)
def test_the_like_rate_against_its_own_last_minute(paces: list[tuple[int, float]], expected: list[str]) -> None:
    assert kinds(run(likes(*paces))) == expected


def test_likes_that_the_phones_on_line_could_not_tap() -> None:
    assert kinds(run(likes((20, 60.0), phones=5))) == ["likes_impossible"]
    assert kinds(run(likes((20, 60.0), phones=6))) == []
    assert kinds(run(likes((20, 49.0), phones=0))) == [], "a handful is nobody's script"
    watch = run(likes((20, 60.0), (12, 30.0), phones=5))
    assert kinds(watch) == ["likes_impossible"], "between the bounds it stays"
    assert kinds(run(likes((20, 60.0), (17, 20.0), phones=5))) == []


def test_a_rate_begins_anew_with_a_run() -> None:
    watch = run(likes((20, 60.0), phones=5))
    again = [Facts(30_000 + second * 1000, run_id=8, likes=0, phones=5) for second in range(6)]
    assert kinds(run(again, watch)) == []


def disk(*free: int) -> list[Facts]:
    return [Facts(second * 10_000, free_bytes=each) for second, each in enumerate(free)]


def test_a_disk_with_little_room() -> None:
    assert kinds(run(disk(600 * MB))) == []
    watch = run(disk(511 * MB, 511 * MB))
    assert kinds(watch) == ["disk_filling"]
    watch = run([Facts(20_000, free_bytes=639 * MB)], watch)
    assert kinds(watch) == ["disk_filling"], "between the bounds it stays"
    watch = run([Facts(second * 1000, free_bytes=900 * MB) for second in range(30, 36)], watch)
    assert kinds(watch) == []


def test_a_disk_that_will_be_full_in_half_an_hour() -> None:
    falling = [10_000 * MB - second * 60 * MB for second in range(16)]
    assert kinds(run(disk(*falling[:13]))) == [], "two minutes must be seen"
    assert kinds(run(disk(*falling))) == ["disk_filling"]
    slowly = [100_000 * MB - second * 60 * MB for second in range(16)]
    assert kinds(run(disk(*slowly))) == []


def test_a_disk_elsewhere_is_not_judged() -> None:
    assert kinds(run(seconds(0, 9, free_bytes=None))) == []


def test_every_sentence_says_what_to_do() -> None:
    for sentence in bounds._SAY.values():
        assert sentence.endswith(".")
        assert ";" in sentence
    assert HOLD_MS < CLEAR_MS
