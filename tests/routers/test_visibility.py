"""Hidden figures leak nowhere: every visibility in every phase, in every view, through everything that can be read."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import FakeClock, Running
from tests.players import Crew, Line, Phone, counted, eventually, problem

pytestmark = pytest.mark.edge

PHASES = ["draft", "open", "paused", "closing", "locked", "revealed", "void"]
FIGURES = {"red": 137, "blue": 91}
"""Likes that stand in no other field of any document, by accident or by time."""
HIDDEN = {*FIGURES.values(), sum(FIGURES.values())}
"""Their sum too: with one side liked it is that side's figure."""
FIGURES_IN_TEXT = re.compile(r"(?<![\w.])(137|91|228)(?![\w.])|一百三十七|九十一|二百二十八")
ALL, VOTED, NONE = {"public", "stranger", "voter"}, {"voter"}, set[str]()

# By hand from docs/api.md: who of the public sees the figures. Staff always do.
SEES: dict[str, dict[str, set[str]]] = {
    "live": {**dict.fromkeys(PHASES, ALL), "void": NONE},
    "after_vote": {**dict.fromkeys(PHASES, VOTED), "draft": NONE, "locked": ALL, "revealed": ALL, "void": NONE},
    "on_lock": {**dict.fromkeys(PHASES, NONE), "locked": ALL, "revealed": ALL},
    "on_reveal": {**dict.fromkeys(PHASES, NONE), "revealed": ALL},
}
TO_PHASE = {"open": "open", "paused": "pause", "closing": "lock", "locked": "", "revealed": "reveal", "void": "void"}


def leaks(said: Any, path: str = "") -> Iterator[str]:
    """Find every place in a document that shows how the sides stand."""
    if isinstance(said, dict):
        choices = said.get("choices")
        if isinstance(choices, list) and any(isinstance(each, dict) and "votes" in each for each in choices):
            yield f"{path}: figures by choice"
        for key, value in said.items():
            if key in ("leader", "digest", "chain_head", "votes_text", "pct", *FIGURES) and value:
                yield f"{path}.{key}"
            yield from leaks(value, f"{path}.{key}")
    elif isinstance(said, list):
        for i, value in enumerate(said):
            yield from leaks(value, f"{path}[{i}]")
    elif (isinstance(said, int) and said in HIDDEN) or (isinstance(said, str) and FIGURES_IN_TEXT.search(said)):
        yield f"{path} = {said}"


UNREAD = ("/events", "/qr.svg", ".png")
"""A stream, which is read by itself, and pictures."""


def first_event(client: httpx2.Client, code: str) -> dict[str, Any]:
    with client.stream("GET", f"/api/v1/sessions/{code}/events") as stream:
        data = next(line for line in stream.iter_lines() if line.startswith("data: "))
        return json.loads(data.removeprefix("data: "))


def readings(arena: Running, client: httpx2.Client, code: str, token: str | None) -> dict[str, Any]:
    """Read all that a bearer can read of a session; a refusal counts as what it says."""
    root = f"/api/v1/sessions/{code}"
    found: dict[str, Any] = {}
    for path, operations in arena.app.openapi()["paths"].items():
        if "get" in operations and path.startswith("/api/v1/sessions/{code}") and not path.endswith(UNREAD):
            response = client.get(path.format(code=code, number=1, receipt="A" * 26))
            is_json = "json" in response.headers["content-type"]
            found[path.removeprefix("/api/v1/sessions/{code}")] = response.json() if is_json else response.text
    found["/metrics"] = client.get("/metrics").text
    if token:
        found["/tally?token"] = arena.client().get(f"{root}/tally", params={"token": token}).json()
    found["/events"] = first_event(client, code)
    with Line.opened(arena.ws_url, code, token=token) as line:
        line.say(type="vote", id="1", round=1, choices=["nobody"])
        found["socket"] = line.until("problem", id="1")
    found["/me"].pop("likes", None)  # one's own
    return found


def bout(arena: Running, visibility: str) -> tuple[Crew, str, Phone]:
    """A session with one voter who has a ballot and has liked, another who has only liked."""
    crew = arena.crew()
    channels = [{"key": "web"}, {"key": "radio", "delay_ms": 5_000}]
    code = crew.make(channels=channels, rounds=[{"visibility": visibility}])
    return crew, code, arena.phone(code, "radio")


@pytest.mark.parametrize("visibility", list(SEES))
def test_figures_are_shown_to_whom_the_table_says_and_leak_to_nobody_else(
    still_arena: Running, visibility: str
) -> None:
    crew, code, voter = bout(still_arena, visibility)
    fan, stranger = still_arena.phone(code), still_arena.client()
    for phase in PHASES:
        if command := TO_PHASE.get(phase):
            crew.do(code, "resume") if phase == "closing" else None
            crew.say(code, command, reason="试")
        elif phase == "locked":
            still_arena.clock.forward(5_000)
            crew.become(code, "locked")
        if phase == "open":
            assert voter.vote("red").status_code == 200
            assert voter.like(red=FIGURES["red"]).status_code == 200
            assert fan.like(blue=FIGURES["blue"]).status_code == 200
            counted(lambda: crew.tally(code), {"red": 1, "blue": 0}, FIGURES)
        eventually(lambda phase=phase: crew.tally(code)["round"]["phase"] == phase)
        staff = crew.tally(code)
        assert staff["tally"] is not None
        assert staff["staff"]["publicly_visible"] == ("public" in SEES[visibility][phase])
        for who, client, token in (
            ("public", stranger, None), ("stranger", fan.client, fan.token), ("voter", voter.client, voter.token),
        ):  # fmt: skip
            found = readings(still_arena, client, code, token)
            shown = who in SEES[visibility][phase]
            assert (found["/tally"]["tally"] is not None) == shown, (phase, who)
            assert (found["/events"]["tally"] is not None) == shown, (phase, who)
            last = [each for each in found["socket"] if each["type"] == "tally"]
            assert all((each["tally"] is not None) == shown for each in last[-1:]), (phase, who)
            assert found["/tally"]["round"]["turnout"] == (0 if phase == "draft" else 1)
            if not shown:
                assert list(leaks(found)) == [], (phase, who)


def answers(arena: Running, client: httpx2.Client, code: str) -> dict[str, Any]:
    """Read what can be read of a session to the byte: status, headers, content, and an event stream's first event."""
    found: dict[str, Any] = {}
    for path, operations in arena.app.openapi()["paths"].items():
        if "get" in operations and path.startswith("/api/v1/sessions/{code}") and not path.endswith("/events"):
            response = client.get(path.format(code=code, number=1, receipt="A" * 26))
            headers = {name: value for name, value in response.headers.items() if name != "date"}
            found[path] = (response.status_code, headers, response.content)
    return {**found, "first event": first_event(client, code)}


def split_bout(service: Running, rules: dict[str, Any], sides: list[str]) -> tuple[Crew, str, Phone, httpx2.Client]:
    """A session under a code of its own, in which the first voter votes red and the others so. The tally is read after
    each commit, so that each makes one version.
    """
    crew = service.crew()
    weights = [{"key": "web", "weight": 30}, {"key": "radio", "weight": 70}]
    code = crew.make(code="SPLITS", channels=weights, rounds=[{"changeable": True, **rules}])
    live = service.app.state.arena.hub
    crew.tally(code)
    eventually(lambda: live.live[code].presence_at_ms)  # what is told once a second is over for good
    crew.do(code, "open")
    phones = [service.phone(code, channel) for channel in ("web", "radio") * (len(sides) // 2 + 1)][: len(sides)]
    for phone, side in zip(phones, sides, strict=True):
        crew.tally(code)
        assert phone.vote(side, nonce=side).status_code == 200
        crew.tally(code)
        assert phone.like(**{side: 40}).status_code == 200
        crew.tally(code)
    return crew, code, phones[0], service.phone(code).client


@pytest.mark.parametrize(
    "rules", [*({"visibility": each} for each in SEES), {"visibility": "live", "sealed": True}], ids=str
)
def test_nothing_that_can_be_read_differs_by_a_byte_where_only_the_hidden_split_does(
    start: Callable[..., Running], tmp_path: Path, rules: dict[str, Any]
) -> None:
    splits = (["red", "red", "red", "blue"], ["red", "blue", "blue", "blue"])
    services = [
        start(FakeClock(), data_dir=tmp_path / str(i), public_url="https://arena.example.org")
        for i in range(len(splits))
    ]
    bouts = [split_bout(service, rules, split) for service, split in zip(services, splits, strict=True)]
    for phase in ("open", "locked"):
        for crew, code, *_ in bouts:
            crew.do(code, *(["lock"] if phase == "locked" else []))
            crew.become(code, phase)
            crew.tally(code)
        sees = NONE if "sealed" in rules else SEES[rules["visibility"]][phase] | {"staff"}
        found: dict[str, list[dict[str, Any]]] = {"public": [], "stranger": [], "voter": [], "staff": []}
        for service, (crew, code, voter, stranger) in zip(services, bouts, strict=True):
            for who, client in zip(found, (service.client(), stranger, voter.client, crew.client), strict=True):
                found[who].append(answers(service, client, code))
        for who, read in found.items():
            # A receipt differs by the voter's randomness, and so does the digest that the crew's log holds from the
            # lock on; the export of that log is signed.
            own = {"/api/v1/sessions/{code}/me"} if who == "voter" else set[str]()
            if who == "staff":
                own |= {path for path in read[0] if "/audit" in path and (phase == "locked" or "export" in path)}
                own.add("/api/v1/sessions/{code}/preflight")  # says how long the database took, and no figure
            differing = {path for path in read[0] if any(each[path] != read[0][path] for each in read)} - own
            assert bool(differing) == (who in sees), (phase, who, differing)


def test_the_leak_finder_finds_what_is_shown(still_arena: Running) -> None:
    crew, code, voter = bout(still_arena, "live")
    crew.do(code, "open")
    voter.like(**FIGURES | {"blue": 0})
    counted(voter.tally, likes={"red": 137, "blue": 0})
    still_arena.phone(code).vote("red")
    found = readings(still_arena, still_arena.client(), code, None)
    assert {path for path in found if list(leaks(found[path]))} >= {"/tally", "/report", "/events", "socket"}


@pytest.mark.parametrize("visibility", list(SEES))
def test_results_and_ledgers_come_out_when_they_may(arena: Running, visibility: str) -> None:
    crew, code, voter = bout(arena, visibility)
    public = arena.client()
    root = f"/api/v1/sessions/{code}/rounds/1"
    for reader in (public, voter.client, crew.client):
        problem(reader.get(f"{root}/result"), 409, "not_locked")
        problem(reader.get(f"{root}/ledger"), 409, "not_locked")
    crew.do(code, "open", "pause", "lock")
    for reader in (public, voter.client):
        result = reader.get(f"{root}/result")
        if visibility == "on_reveal":
            problem(result, 409, "not_visible")
        else:
            assert result.status_code == 200
        problem(reader.get(f"{root}/ledger"), 409, "not_visible")
    assert crew.client.get(f"{root}/result").status_code == crew.client.get(f"{root}/ledger").status_code == 200
    crew.do(code, "reveal")
    for reader in (public, voter.client, crew.client):
        assert reader.get(f"{root}/result").status_code == reader.get(f"{root}/ledger").status_code == 200
    crew.say(code, "void", reason="重计")
    for reader in (public, voter.client):
        assert "重计" in problem(reader.get(f"{root}/result"), 409, "not_visible")["detail"]
        problem(reader.get(f"{root}/ledger"), 409, "not_visible")
    assert crew.client.get(f"{root}/result").json()["phase"] == "void"
    problem(public.get(f"{root.replace('/1', '/9')}/result"), 404, "round_not_found")


def test_an_earlier_run_that_was_never_revealed_stays_hidden(arena: Running) -> None:
    crew, code, voter = bout(arena, "on_reveal")
    crew.do(code, "open")
    voter.like(red=FIGURES["red"])
    crew.do(code, "pause", "lock", "rerun", "open", "pause", "lock", "reveal")
    public = arena.client().get(f"/api/v1/sessions/{code}/rounds/1/result").json()
    assert (public["run"], [each["tally"] for each in public["history"]]) == (2, [None])
    staff = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/result").json()
    assert staff["history"][0]["tally"]["likes"] == 137


def test_a_voter_of_an_earlier_run_has_not_voted_in_the_new_one(arena: Running) -> None:
    crew, code, voter = bout(arena, "after_vote")
    crew.do(code, "open")
    voter.vote("red")
    counted(voter.tally, {"red": 1, "blue": 0})
    crew.do(code, "pause", "lock", "rerun", "open")
    eventually(lambda: crew.tally(code)["round"]["run"] == 2)
    assert (voter.tally()["view"], voter.tally()["tally"]) == ("public", None)
    voter.vote("blue")
    counted(voter.tally, {"red": 0, "blue": 1})
