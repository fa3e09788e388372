"""The tally document: its form, its ETag, its versions."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from app.schemas.tally import TallyDocument
from tests.conftest import FakeClock, Running, running
from tests.players import Crew, counted, eventually

TEN = [{"name": f"选手{i}", "sector": "民企"} for i in range(1, 11)]


def tally_of(client: httpx2.Client, code: str, **headers: str) -> httpx2.Response:
    return client.get(f"/api/v1/sessions/{code}/tally", headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_the_document_has_the_documented_form_in_every_phase(still_arena: Running) -> None:
    crew = still_arena.crew()
    code = crew.make(number=3, rounds=[{"title": "观点PK", "dimension": "views", "duration_ms": 90_000}, {}])
    phone, clock = still_arena.phone(code), still_arena.clock
    for command, phase in (
        (None, "draft"), ("open", "open"), ("pause", "paused"), ("resume", "open"), ("lock", "locked"),
        ("reveal", "revealed"), ("void", "void"), ("rerun", "draft"),
    ):  # fmt: skip
        if command:
            crew.say(code, command, reason="试")
        eventually(lambda phase=phase: crew.tally(code)["round"]["phase"] == phase)
        for client in (still_arena.client(), phone.client, crew.client):
            document = TallyDocument.model_validate(tally_of(client, code).json())
            assert (document.server_time_ms, document.type) == (clock.now_ms(), "tally")
            assert (document.session.code, document.session.number, document.session.show) == (code, 3, "先锋擂台")
            assert (document.staff is not None) == (client is crew.client)
        if phase == "open":
            phone.vote("red")
            clock.forward(1_000)
    assert [each.phase for each in document.rounds] == ["draft", "draft"]
    assert document.round is not None
    assert document.round.run == 2


def test_figures_are_what_people_read(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(kind="gala", contestants=TEN[:3], rounds=[{"likes_per_second": 50}])
    crew.do(code, "open")
    phones = [arena.phone(code) for _ in range(3)]
    assert crew.tally(code)["tally"]["leader"] is None
    for phone, choice in zip(phones, ("c1", "c2", "c3"), strict=True):
        phone.vote(choice)
    phones[0].like(c1=120, c3=1)
    tally = counted(phones[0].tally, {"c1": 1, "c2": 1, "c3": 1}, {"c1": 120, "c2": 0, "c3": 1})["tally"]
    assert [each["pct"] for each in tally["choices"]] == [34, 33, 33], "largest remainder, the earlier first"
    assert [each["pct_text"] for each in tally["choices"]] == ["34%", "33%", "33%"]
    assert [each["likes_text"] for each in tally["choices"]] == ["120", "0", "1"]
    assert (tally["votes"], tally["likes"], tally["turnout"]) == (3, 121, 3)
    assert (tally["leader"], tally["tie"]) == (None, True)
    arena.phone(code).vote("c2")
    tally = counted(phones[0].tally, {"c1": 1, "c2": 2, "c3": 1})["tally"]
    assert (tally["leader"], tally["tie"], [each["pct"] for each in tally["choices"]]) == ("c2", False, [25, 50, 25])


def test_totals_add_up_the_rounds_and_leave_out_what_is_void(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    phone = arena.phone(code)
    for number, likes in ((1, 5), (2, 7)):
        crew.do(code, "open", number=number)
        phone.vote("red", number=number)
        phone.like(number=number, red=likes)
        crew.do(code, "lock", number=number)
    eventually(lambda: crew.tally(code)["totals"] == {"likes": 12, "votes": 2})
    crew.say(code, "void", 1, reason="试")
    eventually(lambda: crew.tally(code)["totals"] == {"likes": 7, "votes": 1})
    crew.do(code, "rerun")
    eventually(lambda: crew.tally(code)["totals"] == {"likes": 7, "votes": 1})


def test_an_unchanged_tally_is_304_and_a_changed_one_is_new(still_arena: Running) -> None:
    crew = still_arena.crew()
    code = crew.make()
    crew.do(code, "open")
    phone = still_arena.phone(code)
    eventually(lambda: crew.tally(code)["round"]["phase"] == "open")
    live, now_ms = still_arena.app.state.arena.hub.live[code], still_arena.clock.now_ms()
    eventually(lambda: live.presence_at_ms == now_ms)  # a late look at who is there makes another tally
    public = still_arena.client()
    for client in (public, phone.client, crew.client):
        first = tally_of(client, code)
        etag = first.headers["etag"]
        assert tally_of(client, code).content == first.content, "the same bytes to every poller"
        for sent in (etag, f"W/{etag}", f'"other", {etag}'):
            same = tally_of(client, code, If_None_Match=sent)
            assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
        assert tally_of(client, code, If_None_Match='"other"').status_code == 200
    before = {client: tally_of(client, code).headers["etag"] for client in (public, crew.client)}
    assert before[public] != before[crew.client], "one view's tag is never another's"
    phone.vote("red")
    changed = counted(lambda: tally_of(public, code).json(), {"red": 1, "blue": 0})
    for client, etag in before.items():
        response = tally_of(client, code, If_None_Match=etag)
        assert (response.status_code, response.json()["version"]) == (200, changed["version"])
        assert response.headers["etag"] != etag


def test_head_and_caching_headers(still_arena: Running) -> None:
    crew = still_arena.crew()
    code = crew.make()
    client = still_arena.client()
    got = tally_of(client, code)
    head = client.head(f"/api/v1/sessions/{code}/tally")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", got.headers["etag"])
    assert head.headers["content-length"] == str(len(got.content))
    assert got.headers["content-type"].startswith("application/json")
    # A cache between may hold the public view for a second, and nothing that belongs to one reader.
    assert got.headers["cache-control"] == "public, max-age=1"
    assert "authorization" in got.headers["vary"].lower()
    for client in (crew.client, still_arena.phone(code).client):
        assert "private" in tally_of(client, code).headers["cache-control"]
    by_query = still_arena.client().get(f"/api/v1/sessions/{code}/tally", params={"token": still_arena.admin_token})
    assert (by_query.json()["view"], "private" in by_query.headers["cache-control"]) == ("staff", True)


def test_any_page_may_read_the_public_tally(arena: Running) -> None:
    code = arena.crew().make()
    client = arena.client()
    foreign = {"Origin": "https://graphics.example"}
    response = client.get(f"/api/v1/sessions/{code}/tally", headers=foreign)
    assert response.headers.get_list("access-control-allow-origin") == ["*"]
    assert "etag" in response.headers["access-control-expose-headers"].lower()
    assert "access-control-allow-credentials" not in response.headers
    preflight = client.options(
        f"/api/v1/sessions/{code}/rounds/1/vote",
        headers={
            **foreign,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization, content-type",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert client.get("/api/v1/sessions/NOSUCH/tally", headers=foreign).headers["access-control-allow-origin"] == "*"


def test_versions_never_go_back_while_votes_come_in(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    phones = [arena.phone(code) for _ in range(25)]
    stop = threading.Event()
    seen: list[list[dict[str, Any]]] = [[], [], []]

    def watch(documents: list[dict[str, Any]], client: httpx2.Client) -> None:
        while not stop.is_set():
            documents.append(tally_of(client, code).json())

    with ThreadPoolExecutor(4) as pool:
        watchers = [
            pool.submit(watch, each, client)
            for each, client in zip(seen, (arena.client(), arena.client(), crew.client), strict=True)
        ]
        for phone in phones:
            assert phone.vote("red").status_code == 200
        stop.set()
        for each in watchers:
            each.result()
    for documents in seen:
        positions = [(each["epoch"], each["version"]) for each in documents]
        assert positions == sorted(positions)
        votes = [each["tally"]["votes"] for each in documents]
        assert votes == sorted(votes), "nor does a count within a run"
        by_version = {each["version"]: each for each in documents}
        assert all(by_version[each["version"]] == each for each in documents), "one version is one document"
    counted(lambda: crew.tally(code), {"red": 25, "blue": 0})


@pytest.mark.parametrize("clock_ms", [1_795_176_000_000, 1_000_000])
def test_the_epoch_grows_with_every_start_whatever_the_clock_says(settings: Any, clock_ms: int) -> None:
    epochs = []
    for i in range(3):
        # A clock that was put back between two starts must not take the epoch with it.
        with running(settings, FakeClock(clock_ms - i * 500)) as service:
            crew = Crew(service.client(service.admin_token))
            code = crew.make(code=f"START{i}")
            epochs.append(crew.tally(code)["epoch"])
            assert crew.tally("START0")["epoch"] == epochs[-1]
    assert epochs == sorted(set(epochs))


def test_presence_counts_people_and_neither_staff_nor_strangers_who_poll(still_arena: Running) -> None:
    crew = still_arena.crew()
    code = crew.make()
    phones = [still_arena.phone(code) for _ in range(3)]
    for phone in phones:
        phone.tally()
        phone.tally()
    crew.tally(code)
    still_arena.client().get(f"/api/v1/sessions/{code}/tally")
    still_arena.clock.forward(1_000)
    eventually(lambda: crew.tally(code)["audience"] == {"online": 3, "unique": 3})
    still_arena.clock.forward(11_000)
    eventually(lambda: crew.tally(code)["audience"] == {"online": 0, "unique": 3})
