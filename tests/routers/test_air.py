"""Preview and programme, take, clear, panic; and the log of the air as it was seen."""

import asyncio
import csv
from io import StringIO
from typing import Any

import pytest

from app.services import air
from app.storage import air as log
from tests.conftest import Running
from tests.players import Crew, Line, eventually

pytestmark = pytest.mark.edge


def say(crew: Crew, code: str, path: str, method: str = "POST", status: int = 200) -> dict[str, Any]:
    response = crew.client.request(method, f"/api/v1/sessions/{code}/{path}", content=b"[object Object]")
    assert response.status_code == status, response.text
    document: dict[str, Any] = response.json()
    return document


def on_air(crew: Crew, code: str) -> dict[str, Any]:
    overlay: dict[str, Any] = crew.session(code)["overlay"]
    return overlay


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_preview_take_clear_and_panic_by_one_url_each_and_again(arena: Running, method: str) -> None:
    crew = arena.crew("director")
    code = arena.crew().make()
    steps = [
        ("preview/qr", {"scene": "board", "panic": False, "preview": "qr"}),
        ("take", {"scene": "qr", "panic": False, "preview": "qr"}),
        ("clear", {"scene": "blank", "panic": False, "preview": "qr"}),
        ("overlay/result", {"scene": "result", "panic": False, "preview": "qr"}),
        ("panic", {"scene": "blank", "panic": True, "preview": "qr"}),
        ("clear", {"scene": "blank", "panic": True, "preview": "qr"}),
        ("preview/board", {"scene": "blank", "panic": True, "preview": "board"}),
        ("panic/release", {"scene": "blank", "panic": False, "preview": "board"}),
        ("take", {"scene": "board", "panic": False, "preview": "board"}),
    ]
    for path, expected in steps:
        for _ in range(2):
            assert say(crew, code, path, method)["overlay"] == expected, path
    audit = crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    acts = [each["action"] for each in audit if each["actor"] == "test director"]
    assert acts == ["preview", "take", "clear", "scene", "panic", "preview", "panic_released", "take"]


@pytest.mark.parametrize("path", ["take", "overlay/board"])
def test_in_panic_nothing_goes_on_air(arena: Running, path: str) -> None:
    crew = arena.crew()
    code = crew.make()
    say(crew, code, "panic")
    refused = say(crew, code, path, status=409)
    assert refused["code"] == "panic_on"
    assert "release it first" in refused["detail"]
    assert on_air(crew, code)["scene"] == "blank"


def test_a_producer_may_pull_the_brake_and_a_director_lets_it_go(arena: Running) -> None:
    code = arena.crew().make()
    say(arena.crew("producer"), code, "panic")
    for path in ("panic/release", "take", "clear", "preview/qr"):
        say(arena.crew("producer"), code, path, status=403)
    for role in ("scrutineer", "overlay"):
        say(arena.crew(role), code, "panic", status=403)
    say(arena.crew("director"), code, "panic/release")


def test_what_is_next_is_for_the_crew_alone(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    say(crew, code, "preview/qr")
    public = arena.client()
    assert public.get(f"/api/v1/sessions/{code}").json()["overlay"]["preview"] is None
    assert public.get(f"/api/v1/sessions/{code}/tally").json()["overlay"]["preview"] is None
    assert crew.tally(code)["overlay"]["preview"] == "qr"


def test_feeds_and_the_tile_say_panic(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    root = f"/api/v1/sessions/{code}/feeds"
    before = arena.client().get(f"{root}/tile.png").content
    say(crew, code, "panic")
    flat = arena.client().get(f"{root}/flat.json").json()
    assert (flat["panic"], flat["scene"], flat["stale_after_ms"]) == (True, "blank", 15_000)
    tile = arena.client().get(f"{root}/tile.png")
    assert tile.content != before
    assert tile.headers["X-Arena-stale-after-ms"] == "15000"


def read(crew: Crew, code: str, **params: Any) -> dict[str, Any]:
    response = crew.client.get(f"/api/v1/sessions/{code}/air", params=params)
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


def test_the_log_holds_commands_and_what_overlays_with_a_token_told(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    say(crew, code, "overlay/qr")
    with (
        Line.opened(arena.ws_url, code, token=arena.tokens["overlay"]) as line,
        Line.opened(arena.ws_url, code) as stranger,
    ):
        stranger.say(type="hello", role="overlay")
        stranger.say(type="heartbeat", scene="board", version=1, name="别人")
        line.say(type="heartbeat", id="a", name="主播台", scene="qr", epoch=1, version=1, fps=50, visible=False)
        entries = eventually(lambda: [each for each in read(crew, code)["entries"] if each["kind"] == "seen"])
        seen = eventually(lambda: [each for each in crew.tally(code)["staff"]["overlays"] if not each["verified"]])
        line.say(type="heartbeat", id="a", scene="qr", leaving=True)
        eventually(lambda: read(crew, code)["entries"][-1]["kind"] == "left")
    assert [each["name"] for each in seen] == [""], "who proves nothing has no name here"
    (one,) = entries
    assert (one["name"], one["scene"], one["version"], one["fps"], one["visible"]) == ("主播台", "qr", 1, 50, False)
    say(crew, code, "panic")
    kinds = [each["kind"] for each in read(crew, code)["entries"]]
    assert kinds == ["scene", "seen", "left", "panic"]
    assert [each["kind"] for each in read(crew, code, after=2, limit=1)["entries"]] == ["left"]
    table = crew.client.get(f"/api/v1/sessions/{code}/air.csv")
    rows = list(csv.DictReader(StringIO(table.content.decode("utf-8-sig"))))
    assert [each["kind"] for each in rows] == kinds
    assert rows[0]["actor"] == "test admin"


@pytest.mark.parametrize("path", ["air", "air.csv"])
def test_the_log_is_for_the_crew_alone(arena: Running, path: str) -> None:
    code = arena.crew().make()
    assert arena.client().get(f"/api/v1/sessions/{code}/{path}").status_code == 401
    assert arena.crew("overlay").client.get(f"/api/v1/sessions/{code}/{path}").status_code == 403


def test_a_full_log_keeps_commands_and_no_more_sights(arena: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "SEEN_MAX", 2)
    crew = arena.crew()
    code = crew.make()
    with Line.opened(arena.ws_url, code, token=arena.tokens["overlay"]) as line:
        for scene in ("a", "b", "c", "d"):
            line.say(type="heartbeat", id="a", scene=scene, version=1)
        eventually(lambda: read(crew, code)["full"])
        assert len(read(crew, code)["entries"]) == 2
        say(crew, code, "panic")
        assert [each["kind"] for each in read(crew, code)["entries"]] == ["seen", "seen", "panic"]


def test_sights_wait_while_votes_fill_the_queue() -> None:
    """Without a service: one whose queue is fuller than a quarter is asked for nothing."""

    class Writer:
        waiting = 26

        def submit(self, *_: Any) -> None:
            raise AssertionError("votes go first")

    class Settings:
        writer_queue_max = 100

    class Busy:
        writer, settings = Writer(), Settings()

    asyncio.run(air.keep_sights(Busy()))  # type: ignore[arg-type]
