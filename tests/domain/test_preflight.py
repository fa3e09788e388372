"""The preflight's judgement: every check red by its own fault, amber by its own, and green."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.lifecycle import Phase, RunState
from app.domain.preflight import (
    BACKUP_AHEAD_MS,
    DAY_MS,
    SHOW_MS,
    Answer,
    Backup,
    Clocks,
    Disk,
    Facts,
    Finding,
    Overlay,
    Reach,
    Token,
    Totals,
    Unknown,
    findings,
    verdict,
)
from app.domain.preflight_rounds import EARLY_MS, OVERDUE_MS, Level
from app.domain.preflight_words import WORDS
from app.domain.roles import Role
from app.domain.session import Channel, Choice, Contestant, Round, Session

NOW = 1_795_176_000_000
URL = "https://arena.example.com"
GIB = 1024**3
CREW = tuple(Token(role, None) for role in Role)
RED, AMBER, GREEN = Level.RED, Level.AMBER, Level.GREEN


def a_round(number: int = 1, **changes: Any) -> Round:
    values: dict[str, Any] = {
        "id": number, "number": number, "title": "", "question": "", "dimension": "free",
        "choices": (Choice("red", "王伟"), Choice("blue", "杨玭")), "own_choices": False, "choices_max": 1,
        "changeable": False, "votes_per_day": None, "duration_ms": 120_000, "grace_ms": 0, "visibility": "live",
        "likes_per_second": 15, "run_id": number, "run": RunState(),
    }  # fmt: skip
    return Round(**(values | changes))


def a_session(**changes: Any) -> Session:
    values: dict[str, Any] = {
        "id": 1, "code": "PK2017", "number": 1, "title": "", "topic": "", "kind": "pk", "ended": False,
        "show_slug": "", "show_name": "", "deciding": False, "starts_at_ms": None, "created_at_ms": 0,
        "scene": "board", "channels": (Channel("web", "网页"), Channel("wechat", "微信视频", 8_000)),
        "contestants": (Contestant("red", "王伟"), Contestant("blue", "杨玭")), "rounds": (a_round(1), a_round(2)),
        "revision": 1, "current": 1,
    }  # fmt: skip
    return Session(**(values | changes))


READY = Facts(
    now_ms=NOW,
    session=a_session(),
    totals=Totals(0, 0),
    console_ahead_ms=-20,
    clocks=Clocks(3, -5, -400, True),
    disk=Disk(50 * GIB),
    database=Answer(4),
    redis=Answer(1),
    reach=Reach(URL, ("arena.example.com", "203.0.113.7"), Answer(20), qr_is_ours=True),
    overlays=(Overlay("OBS", 900),),
    tokens=CREW,
    backup=Backup(NOW - 3_600_000),
)


def found(check: str, **changes: Any) -> Finding:
    return next(each for each in findings(replace(READY, **changes)) if each.check == check)


def of_session(check: str, **changes: Any) -> Finding:
    return found(check, session=a_session(**changes))


def test_when_all_is_ready_every_check_is_green() -> None:
    ready = findings(READY)
    assert [each.check for each in ready] == [
        "contestants", "options", "totals", "timings", "console_clock", "service_clock", "disk", "database", "redis",
        "address", "qr", "overlays", "token_producer", "token_director", "token_scrutineer", "token_overlay", "backup",
    ]  # fmt: skip
    assert {each.level for each in ready} == {GREEN}
    assert verdict(ready) is GREEN


def test_every_finding_has_a_whole_sentence_in_both_languages() -> None:
    for zh, en in WORDS.values():
        assert zh.endswith("。"), zh
        assert en.endswith("."), en
        assert en[0] in "{ABCDEFGHIJKLMNOPQRSTUVWXYZ", en
        assert sorted(p.split("}")[0] for p in zh.split("{")[1:] if not p.startswith("role")) == sorted(
            p.split("}")[0] for p in en.split("{")[1:] if not p.startswith("role")
        )


def test_the_verdict_is_the_worst() -> None:
    amber = findings(replace(READY, console_ahead_ms=None))
    assert verdict(amber) is AMBER
    assert verdict(findings(replace(READY, console_ahead_ms=None, totals=Totals(1, 0)))) is RED


WANG, YANG, NONE = Contestant("red", "王伟"), Contestant("blue", "杨玭"), Contestant("c3", "  ")


@pytest.mark.parametrize(
    ("changes", "level", "says"),
    [
        ({"contestants": (WANG,)}, RED, "has 1;"),
        ({"contestants": (WANG, YANG, Contestant("c3", "三"))}, RED, "has 3;"),
        ({"contestants": (WANG, Contestant("blue", " 王伟 "))}, RED, "“王伟” stands there twice"),
        ({"contestants": (WANG, NONE)}, RED, "no name"),
        ({"contestants": (NONE, NONE)}, RED, "no name"),
        ({"kind": "gala", "contestants": (WANG,)}, RED, "only 1 contestants"),
        ({"kind": "gala", "contestants": (WANG, YANG, Contestant("c3", "三"))}, GREEN, "differ"),
    ],
)
def test_contestants(changes: dict[str, Any], level: Level, says: str) -> None:
    finding = of_session("contestants", **changes)
    assert (finding.level, says in finding.en) == (level, True), finding


@pytest.mark.parametrize(
    ("rounds", "says"),
    [
        ((), "There is no round yet"),
        ((a_round(choices=(Choice("a", "甲"),)),), "fewer than two"),
        ((a_round(choices=(Choice("a", "甲"), Choice("b", " "))),), "empty option"),
        ((a_round(1), a_round(2, choices=(Choice("a", "Yes"), Choice("b", "yes "))),), "Round 2 has the option “yes”"),
    ],
)  # fmt: skip
def test_options(rounds: tuple[Round, ...], says: str) -> None:
    finding = of_session("options", rounds=rounds)
    assert (finding.level, says in finding.en) == (RED, True), finding


def test_no_more_than_three_faults_are_told_at_once_and_the_worst_of_them() -> None:
    empty = (Choice("a", " "), Choice("b", "b"))
    finding = of_session("options", rounds=tuple(a_round(n, choices=empty) for n in range(1, 6)))
    assert finding.en.count("empty option") == 3
    mixed = of_session("timings", starts_at_ms=NOW + EARLY_MS + 1, rounds=(a_round(duration_ms=8_000),))
    assert mixed.level is RED
    assert "more than a day" not in mixed.en


OPEN = RunState(phase=Phase.OPEN, closes_at_ms=NOW + 60_000)


@pytest.mark.parametrize(
    ("changes", "level", "says"),
    [
        ({"starts_at_ms": NOW + 3_600_000}, GREEN, "fit"),
        ({"starts_at_ms": NOW - OVERDUE_MS - 1}, RED, "The start, 11-20 13:59, is past"),
        ({"starts_at_ms": NOW + EARLY_MS + 1}, AMBER, "more than a day away"),
        (
            {"rounds": (a_round(duration_ms=8_000),)},
            RED,
            "Round 1 lasts 8 s, but the channel 微信视频 sees it 8 s late",
        ),
        ({"rounds": (a_round(duration_ms=9_000),)}, AMBER, "lasts only 9 s"),
        ({"rounds": (a_round(duration_ms=20_000, grace_ms=30_000),)}, AMBER, "grace longer"),
        ({"rounds": (a_round(duration_ms=None),)}, GREEN, "fit"),
        ({"starts_at_ms": NOW + 70_000, "rounds": (a_round(run=OPEN),)}, RED, "ends before the session starts"),
        ({"starts_at_ms": NOW + 50_000, "rounds": (a_round(run=OPEN),)}, GREEN, "fit"),
        ({"rounds": (a_round(run=OPEN),)}, GREEN, "fit"),
        ({"rounds": (a_round(duration_ms=500),), "channels": (Channel("w", "", 600),)}, RED, "the channel w sees"),
    ],
)
def test_timings(changes: dict[str, Any], level: Level, says: str) -> None:
    finding = of_session("timings", **changes)
    assert (finding.level, says in finding.en) == (level, True), finding


LATER = NOW + SHOW_MS


@pytest.mark.parametrize(
    ("check", "changes", "level", "says"),
    [
        ("totals", {"totals": Totals(3, 0)}, RED, "votes or likes already"),
        ("totals", {"totals": Totals(0, 9)}, RED, "votes or likes already"),
        ("totals", {"session": a_session(rounds=(a_round(run=OPEN),))}, AMBER, "a round was opened before"),
        ("console_clock", {"console_ahead_ms": None}, AMBER, "not told"),
        ("console_clock", {"console_ahead_ms": -1_500}, AMBER, "1.5 s apart"),
        ("console_clock", {"console_ahead_ms": 60_000}, RED, "60.0 s apart"),
        ("service_clock", {"clocks": Clocks(-12_000)}, RED, "this machine's are 12.0 s"),
        ("service_clock", {"clocks": Clocks(1_200)}, AMBER, "this machine's are 1.2 s"),
        ("service_clock", {"clocks": Clocks(0, 2_500, 0, True)}, RED, "the database's are 2.5 s"),
        ("service_clock", {"clocks": Clocks(0, -600, 0, True)}, AMBER, "the database's are 0.6 s"),
        ("service_clock", {"clocks": Clocks(0, 0, 2_500, True)}, RED, "Another process is 2.5 s ahead"),
        ("service_clock", {"clocks": Clocks(0, 0, -90_000, True)}, GREEN, "agree"),
        ("service_clock", {"clocks": Clocks(0, synchronised=False)}, AMBER, "turn NTP on"),
        ("service_clock", {"clocks": Clocks(0)}, GREEN, "cannot be read here"),
        ("disk", {"disk": Disk(GIB // 4)}, RED, "Only 0.2 GiB"),
        ("disk", {"disk": Disk(GIB)}, AMBER, "make room soon"),
        ("disk", {"disk": Disk(9 * GIB, elsewhere=True)}, GREEN, "look at it there"),
        ("database", {"database": Answer(2_000, "> 2 s")}, RED, "does not answer (> 2 s)"),
        ("database", {"database": Answer(300)}, AMBER, "took 300 ms"),
        ("redis", {"redis": Answer(500, "away")}, RED, "Redis does not answer"),
        ("redis", {"redis": Answer(300)}, AMBER, "took 300 ms"),
        ("redis", {"redis": None}, GREEN, "needs no Redis"),
        ("address", {"reach": Reach("")}, RED, "set ARENA_PUBLIC_URL"),
        ("address", {"reach": Reach("http://localhost:8000", ("localhost",))}, RED, "leads back"),
        ("address", {"reach": Reach(URL, ("show.localhost",))}, RED, "leads back"),
        ("address", {"reach": Reach(URL, ("arena.example.com", "127.0.1.1"))}, RED, "leads back"),
        ("address", {"reach": Reach(URL, ("0.0.0.0",))}, RED, "leads back"),
        ("address", {"reach": Reach(URL, ("arena.example.com",))}, RED, "no such name"),
        ("address", {"reach": Reach(URL, ("h",), Answer(3_000, "ConnectError"))}, RED, "(ConnectError)"),
        ("address", {"reach": Reach(URL, ("h",), Answer(1_500))}, AMBER, "took 1500 ms"),
        ("qr", {"reach": Reach("")}, RED, "Without a public address"),
        ("qr", {"reach": Reach(URL, ("h",))}, RED, "mend that first"),
        ("qr", {"reach": Reach(URL, ("h",), Answer(9, "HTTP 502"))}, RED, "mend that first"),
        ("qr", {"reach": Reach(URL, ("h",), Answer(9))}, RED, f"no QR for {URL}/v/PK2017"),
        ("overlays", {"overlays": ()}, RED, "No overlay"),
        ("overlays", {"overlays": (Overlay("OBS", 10_001),)}, RED, "No overlay"),
        ("overlays", {"overlays": (Overlay("OBS", 10_000), Overlay("vMix", 60_000))}, AMBER, "vMix no longer"),
        ("overlays", {"overlays": (Overlay("~1", 900, verified=False),)}, AMBER, "but none of the programme"),
        ("overlays", {"overlays": (Overlay("next", 900, bus="preview"),)}, AMBER, "but none of the programme"),
        ("overlays", {"overlays": (Overlay("OBS", 900, visible=False),)}, AMBER, "but none of the programme"),
        ("overlays", {"overlays": (Overlay("OBS", 60_000), Overlay("~1", 900, verified=False))}, AMBER, "but none"),
        ("overlays", {"overlays": (Overlay("~1", 60_000, verified=False),)}, RED, "No overlay"),
        ("overlays", {"overlays": (Overlay("OBS", 900), Overlay("~1", 60_000, verified=False))}, GREEN, "answer: 1."),
        ("overlays", {"overlays": (Overlay("OBS", 900), Overlay("next", 60_000, bus="preview"))}, GREEN, "answer: 1."),
        ("overlays", {"overlays": (Overlay("OBS", 900), Overlay("b", 60_000, visible=False))}, GREEN, "answer: 1."),
        ("token_producer", {"tokens": ()}, RED, "no token for the producer"),
        ("token_director", {"tokens": (Token(Role.ADMIN, None),)}, AMBER, "only an admin's"),
        ("token_scrutineer", {"tokens": (Token(Role.ADMIN, LATER - 1),)}, RED, "no token for the scrutineer"),
        ("token_overlay", {"tokens": (Token(Role.OVERLAY, LATER - 1), *CREW[:3])}, RED, "ends during the show"),
        ("token_overlay", {"tokens": (Token(Role.OVERLAY, LATER), *CREW[:3])}, GREEN, "lasts through"),
        ("backup", {"backup": Backup(None)}, RED, "run arena backup FILE"),
        ("backup", {"backup": Backup(None, by_database=True)}, RED, "run pg_dump"),
        ("backup", {"backup": Backup(NOW - DAY_MS)}, RED, "24 hours old; run arena backup"),
        ("backup", {"backup": Backup(NOW - DAY_MS, by_database=True)}, RED, "24 hours old; run pg_dump"),
        ("backup", {"backup": Backup(NOW + BACKUP_AHEAD_MS)}, GREEN, "0 hours old"),
        ("backup", {"backup": Backup(NOW + BACKUP_AHEAD_MS + 1)}, RED, "in the future; set the clocks, then run arena"),
        ("backup", {"backup": Backup(NOW + DAY_MS, by_database=True)}, RED, "set the clocks, then run pg_dump"),
    ],
)
def test_each_check_has_its_faults(check: str, changes: dict[str, Any], level: Level, says: str) -> None:
    finding = found(check, **changes)
    assert (finding.level, says in finding.en) == (level, True), finding
    assert finding.zh.endswith("。")


def test_a_token_must_last_through_a_show_that_starts_later() -> None:
    starts = NOW + 20 * 3_600_000
    changes = {"session": a_session(starts_at_ms=starts), "tokens": (Token(Role.PRODUCER, starts + SHOW_MS - 1),)}
    assert found("token_producer", **changes).level is RED


@pytest.mark.parametrize(
    "fact", ["totals", "clocks", "disk", "database", "redis", "reach", "overlays", "tokens", "backup"]
)
def test_what_could_not_be_had_is_amber_with_its_reason(fact: str) -> None:
    hung = findings(replace(READY, **{fact: Unknown("> 2 s")}))  # type: ignore[arg-type]
    unknown = [each for each in hung if each.level is AMBER]
    assert unknown
    assert all("(> 2 s)" in each.en and "> 2 s" in each.zh for each in unknown)
    assert {each.level for each in hung if each not in unknown} == {GREEN}
