"""Server-sent events: the same documents, for clients that want no socket."""

import contextlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from app.schemas.tally import TallyDocument
from tests.conftest import Running
from tests.players import Crew, counted, eventually, likes_of, problem, votes_of


@dataclass
class Stream:
    response: httpx2.Response
    lines: Iterator[str]
    retry_ms: int = 0

    @classmethod
    @contextlib.contextmanager
    def opened(cls, client: httpx2.Client, code: str, **request: Any) -> "Iterator[Stream]":
        with client.stream("GET", f"/api/v1/sessions/{code}/events", **request) as response:
            assert response.status_code == 200
            yield cls(response, response.iter_lines())

    def event(self) -> dict[str, str]:
        """Read up to the empty line that ends an event; `retry` is kept apart."""
        fields: dict[str, str] = {}
        for line in self.lines:
            if not line and fields:
                if "retry" in fields:
                    self.retry_ms = int(fields.pop("retry"))
                if fields:
                    return fields
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
        raise AssertionError("the stream ended")

    def tally(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.event()["data"])
        return document


def opened(arena: Running, **changes: Any) -> tuple[Crew, str]:
    crew = arena.crew()
    code = crew.make(**changes)
    crew.do(code, "open")
    eventually(lambda: crew.tally(code)["round"]["phase"] == "open")
    return crew, code


def test_the_first_event_is_the_full_tally_and_each_change_is_another(arena: Running) -> None:
    _, code = opened(arena)
    phone = arena.phone(code)
    with Stream.opened(arena.client(), code.lower()) as stream:
        assert stream.response.headers["content-type"].startswith("text/event-stream")
        assert stream.response.headers["cache-control"] == "no-cache"
        assert stream.response.headers["access-control-allow-origin"] == "*"
        first = stream.event()
        assert stream.retry_ms >= 1_000, "a lost stream comes back, and not at once"
        document = json.loads(first["data"])
        TallyDocument.model_validate(document)
        assert (first["event"], document["view"]) == ("tally", "public")
        assert first["id"] == f"{document['epoch']}-{document['version']}"
        phone.vote("red")
        phone.like(blue=3)
        ids = [first["id"]]
        while document["totals"] != {"likes": 3, "votes": 1}:
            event = stream.event()
            ids.append(event["id"])
            document = json.loads(event["data"])
        assert (votes_of(document), likes_of(document)) == ({"red": 1, "blue": 0}, {"red": 0, "blue": 3})
        positions = [tuple(int(part) for part in each.split("-")) for each in ids]
        assert positions == sorted(set(positions))


def test_one_who_has_the_newest_already_is_not_sent_it_again(still_arena: Running) -> None:
    crew, code = opened(still_arena)
    with Stream.opened(still_arena.client(), code) as stream:
        last_id = stream.event()["id"]
    with Stream.opened(still_arena.client(), code, headers={"Last-Event-ID": last_id}) as again:
        crew.do(code, "pause")
        ids = [last_id]
        phase = "open"
        while phase == "open":  # that the first stream left may be told before the pause
            event = again.event()
            ids.append(event["id"])
            phase = json.loads(event["data"])["round"]["phase"]
        assert phase == "paused"
        positions = [tuple(int(part) for part in each.split("-")) for each in ids]
        assert positions == sorted(set(positions)), "only newer ones"
    # An older position, or one of another epoch, gets the newest at once.
    for old in ("1-1", last_id, "nonsense", ""):
        with Stream.opened(still_arena.client(), code, headers={"Last-Event-ID": old}) as stream:
            assert stream.tally()["round"]["phase"] == "paused"
    too_long = still_arena.client().get(f"/api/v1/sessions/{code}/events", headers={"Last-Event-ID": "x" * 65})
    problem(too_long, 422, "invalid_request")


def test_a_stream_has_the_view_of_its_bearer(arena: Running) -> None:
    crew, code = opened(arena, rounds=[{"visibility": "after_vote"}])
    voter = arena.phone(code)
    voter.vote("red")
    counted(voter.tally, {"red": 1, "blue": 0})
    with Stream.opened(arena.client(), code) as public:
        assert public.tally()["tally"] is None
    with Stream.opened(voter.client, code) as mine:
        assert votes_of(mine.tally()) == {"red": 1, "blue": 0}
    with Stream.opened(crew.client, code) as staff:
        assert staff.tally()["view"] == "staff"
    with Stream.opened(arena.client(), code, params={"token": voter.token}) as by_query:
        assert by_query.tally()["view"] == "voter"
    fan = arena.phone(code)
    with Stream.opened(fan.client, code) as stream:
        assert stream.tally()["tally"] is None
        fan.vote("blue")
        document = stream.tally()
        # Having voted, the fan sees the tally at once; the vote itself is in it from the next tick.
        while document["tally"] is None or votes_of(document) == {"red": 1, "blue": 0}:
            document = stream.tally()
        assert votes_of(document) == {"red": 1, "blue": 1}


def test_a_stream_of_a_revoked_token_ends(arena: Running) -> None:
    crew, code = opened(arena)
    made = crew.client.post("/api/v1/tokens", json={"role": "overlay"}).json()
    with Stream.opened(arena.client(made["token"]), code) as stream, ThreadPoolExecutor(1) as pool:
        assert stream.tally()["view"] == "staff"
        rest = pool.submit(list, stream.lines)
        crew.client.delete(f"/api/v1/tokens/{made['id']}")
        rest.result(timeout=5)
    problem(arena.client(made["token"]).get(f"/api/v1/sessions/{code}/events"), 401, "token_invalid")


def test_a_stream_that_is_left_is_forgotten(arena: Running) -> None:
    _, code = opened(arena)
    hub = arena.app.state.arena.hub
    with Stream.opened(arena.client(), code) as one, Stream.opened(arena.client(), code) as two:
        one.tally()
        two.tally()
        assert hub.sockets == 2
    eventually(lambda: hub.sockets == 0)


def test_a_quiet_stream_says_that_it_is_still_there(arena: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.live.events.COMMENT_SECONDS", 0.05)
    _, code = opened(arena)
    with Stream.opened(arena.client(), code) as stream:
        comments = (line for line in stream.lines if line.startswith(":"))
        assert [next(comments), next(comments)] == [": still here"] * 2


def test_a_slow_stream_skips_to_the_newest(still_arena: Running) -> None:
    crew, code = opened(still_arena)
    phone = still_arena.phone(code)
    with Stream.opened(still_arena.client(), code) as stream:
        stream.tally()
        for likes in range(1, 61):
            phone.like(red=likes)
        time.sleep(0.1)
        versions = []
        document = stream.tally()
        while document["totals"]["likes"] < 60:
            versions.append(document["version"])
            document = stream.tally()
        # Who is on line may be news of its own meanwhile: it ends at the newest, not at the last like.
        newest = crew.tally(code)["version"]
        while document["version"] < newest:
            versions.append(document["version"])
            document = stream.tally()
        assert [*versions, document["version"]] == sorted({*versions, document["version"]})
        assert document["totals"]["likes"] == 60
