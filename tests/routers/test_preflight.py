"""The preflight of a running service: every check red by a real fault, and all of them green once."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from app.cli import listen
from app.demo import reachable_url
from app.domain.roles import Role
from app.services import health, probes
from app.services.preflight import FACT_SECONDS_MAX
from app.storage.backup import NOTE, note_backup
from app.storage.engine import WRITE_LOCK, Database
from tests.conftest import Running
from tests.players import BOUT, Crew, Line, eventually, problem

pytestmark = pytest.mark.edge

DAY_MS = 86_400_000
WHOLE_SECONDS_MAX = 5.0


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def run(crew: Crew, code: str, **params: Any) -> dict[str, Any]:
    response = crew.client.get(f"/api/v1/sessions/{code}/preflight", params={"asked_at_ms": now_ms(), **params})
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


def levels(crew: Crew, code: str, **params: Any) -> dict[str, str]:
    return {each["check"]: each["level"] for each in run(crew, code, **params)["findings"]}


def said(crew: Crew, code: str, check: str) -> str:
    found: str = next(each["en"] for each in run(crew, code)["findings"] if each["check"] == check)
    return found


@contextlib.contextmanager
def overlay(arena: Running, code: str, *, token: bool = True, **told: Any) -> Iterator[Line]:
    with Line.opened(arena.ws_url, code, token=arena.tokens["overlay"] if token else None) as line:
        if not token:
            line.say(type="hello", role="overlay")
        line.say(type="heartbeat", client="overlay", id="obs", name="OBS", scene="board", version=1, fps=50, **told)
        yield line


def outside() -> str:
    """Return an address of this machine that is not its loopback, with a port that is free."""
    with listen("0.0.0.0", 0) as held:
        url = reachable_url("0.0.0.0", held.getsockname()[1])
    if "127.0.0.1" in url:
        pytest.skip("this machine has no address but its loopback")
    return url


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


@pytest.fixture
def ample(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine happens to be is not the service's doing."""
    monkeypatch.setattr(health, "free_bytes", lambda _directory: 50 * 1024**3)
    monkeypatch.setattr(probes, "clock_is_synchronised", lambda: True)


def test_when_everything_is_ready_all_is_green(start: Callable[..., Running], ample: None) -> None:
    url = outside()
    arena = start(host="0.0.0.0", port=port_of(url), public_url=url)
    crew = arena.crew("producer")
    code = crew.make(starts_at_ms=now_ms() + 3_600_000)
    note_backup(arena.data_dir, Path("arena.bak"), now_ms() - 3_600_000)
    with overlay(arena, code):
        eventually(lambda: levels(crew, code)["overlays"] == "green")
        found = run(crew, code)
    # A busy machine may be slow to answer, which is amber; nothing else may be.
    slow = {"database", "redis", "address"}
    assert {each["check"] for each in found["findings"] if each["level"] != "green"} <= slow, found
    assert found["level"] in ("green", "amber")
    assert (found["code"], len(found["findings"])) == (code, 17)
    assert found["took_ms"] < WHOLE_SECONDS_MAX * 1000


def test_a_fresh_service_says_what_is_still_to_do(arena: Running) -> None:
    crew = arena.crew("producer")
    code = crew.make()
    found = levels(crew, code)
    assert {check for check, level in found.items() if level == "red"} == {"address", "qr", "overlays", "backup"}
    assert run(crew, code)["level"] == "red"


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"contestants": [BOUT["contestants"][0], BOUT["contestants"][0]]}, "contestants"),
        ({"rounds": [{"choices": [{"key": "a", "name": "是"}, {"key": "b", "name": "是 "}]}]}, "options"),
        ({"rounds": [{"duration_ms": 5_000}], "channels": [{"key": "wechat", "delay_ms": 8_000}]}, "timings"),
        ({"starts_at_ms": 1_700_000_000_000}, "timings"),
    ],
)
def test_a_session_that_does_not_fit_is_red(arena: Running, changes: dict[str, Any], check: str) -> None:
    crew = arena.crew("producer")
    well, wrong = crew.make(), crew.make(**changes)
    assert (levels(crew, well)[check], levels(crew, wrong)[check]) == ("green", "red")


def test_votes_of_a_test_are_red(arena: Running) -> None:
    crew = arena.crew("producer")
    code = crew.make()
    crew.do(code, "open")
    assert levels(crew, code)["totals"] == "amber"
    assert arena.phone(code).vote("red").status_code == 200
    assert levels(crew, code)["totals"] == "red"


def test_each_role_needs_a_token_that_lasts(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    for row in crew.client.get("/api/v1/tokens").json()["tokens"]:
        if row["role"] in ("director", "overlay"):
            assert crew.client.delete(f"/api/v1/tokens/{row['id']}").status_code == 204
    crew.client.post("/api/v1/tokens", json={"role": "overlay", "hours": 1})
    other = crew.make()
    crew.client.post("/api/v1/tokens", json={"role": "overlay", "session": other})
    found = levels(crew, code)
    assert [found[f"token_{each}"] for each in ("producer", "director", "scrutineer", "overlay")] == [
        "green", "amber", "green", "red",
    ]  # fmt: skip
    assert "ends during the show" in said(crew, code, "token_overlay")
    assert levels(crew, other)["token_overlay"] == "green"
    for row in crew.client.get("/api/v1/tokens").json()["tokens"]:
        if row["role"] == Role.ADMIN:
            asker = arena.crew("producer")
            assert crew.client.delete(f"/api/v1/tokens/{row['id']}").status_code == 204
    assert levels(asker, code)["token_director"] == "red"


def test_the_askers_clock_is_compared(arena: Running) -> None:
    crew = arena.crew("producer")
    code = crew.make()
    assert levels(crew, code)["console_clock"] == "green"
    assert levels(crew, code, asked_at_ms=now_ms() - 60_000)["console_clock"] == "red"
    untold = crew.client.get(f"/api/v1/sessions/{code}/preflight").json()["findings"]
    assert [each["level"] for each in untold if each["check"] == "console_clock"] == ["amber"]


def test_a_service_whose_clock_is_far_off_is_red(still_arena: Running) -> None:
    crew = still_arena.crew("producer")
    assert levels(crew, crew.make())["service_clock"] == "red"


def test_the_kernel_is_asked_about_time_servers_without_privilege() -> None:
    assert probes.clock_is_synchronised() in (True, False, None)


def test_a_disk_that_is_nearly_full_is_red(arena: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    crew = arena.crew("producer")
    code = crew.make()
    monkeypatch.setattr(health, "free_bytes", lambda _directory: 100 * 1024**2)
    assert levels(crew, code)["disk"] == "red"
    assert said(crew, code, "disk").startswith("Only 0.1 GiB")


def test_a_database_that_does_not_commit_in_time_is_red_and_nothing_waits_for_it(arena: Running) -> None:
    crew = arena.crew("producer")
    code = crew.make()
    assert levels(crew, code)["database"] in ("green", "amber")
    database = Database(arena.app.state.arena.settings.url)
    with database.writer.connect() as connection:
        # The turn of all writers, in SQLite the file's own lock, is held by somebody else.
        transaction = connection.begin()
        if database.shared:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})"))
        begun = time.monotonic()
        found = run(crew, code)
        took = time.monotonic() - begun
        transaction.rollback()
    database.close()
    levels_ = {each["check"]: each for each in found["findings"]}
    assert levels_["database"]["level"] == "red"
    assert f"(> {FACT_SECONDS_MAX:g} s)" in levels_["database"]["en"]
    assert took < WHOLE_SECONDS_MAX


def test_an_address_that_nobody_answers_at_is_red(start: Callable[..., Running]) -> None:
    arena = start(public_url=outside())
    crew = arena.crew("producer")
    code = crew.make()
    found = levels(crew, code)
    assert (found["address"], found["qr"]) == ("red", "red")
    assert "does not answer (ConnectError)" in said(crew, code, "address")


def test_a_loopback_address_is_red_though_it_answers_here(start: Callable[..., Running]) -> None:
    with listen("127.0.0.1", 0) as held:
        port = held.getsockname()[1]
    arena = start(port=port, public_url=f"http://localhost:{port}")
    crew = arena.crew("producer")
    code = crew.make()
    assert "leads back to this machine alone" in said(crew, code, "address")
    assert levels(crew, code)["address"] == "red"


def test_another_service_behind_the_address_is_told_by_its_qr(start: Callable[..., Running], tmp_path: Path) -> None:
    url = outside()
    start(data_dir=tmp_path / "other", host="0.0.0.0", port=port_of(url), public_url=url)
    arena = start(public_url=url)
    crew = arena.crew("producer")
    code = crew.make(code="HERE1")
    found = levels(crew, code)
    assert found["address"] in ("green", "amber")
    assert found["qr"] == "red"


def test_a_process_with_another_public_address_gives_another_qr(start: Callable[..., Running], tmp_path: Path) -> None:
    url = outside()
    other = start(data_dir=tmp_path / "other", host="0.0.0.0", port=port_of(url), public_url="http://192.0.2.77")
    other.crew().make(code="HERE1")
    arena = start(public_url=url)
    crew = arena.crew("producer")
    code = crew.make(code="HERE1")
    assert levels(crew, code)["qr"] == "red"


def test_overlays_that_have_fallen_silent_are_told(still_arena: Running, clock: Any) -> None:
    crew = still_arena.crew("producer")
    code = crew.make()
    with overlay(still_arena, code):
        eventually(lambda: levels(crew, code)["overlays"] == "green")
        clock.forward(10_001)
        assert levels(crew, code)["overlays"] == "red"


@pytest.mark.parametrize("told", [{"token": False}, {"bus": "preview"}, {"visible": False}])
def test_an_overlay_that_is_nobodys_next_or_hidden_makes_nothing_green(arena: Running, told: dict[str, Any]) -> None:
    crew = arena.crew("producer")
    code = crew.make()
    with overlay(arena, code, **told):
        eventually(lambda: levels(crew, code)["overlays"] == "amber")
        assert "add #token=" in said(crew, code, "overlays")


def test_a_backup_that_is_missing_old_or_not_understood_is_red(arena: Running) -> None:
    crew = arena.crew("producer")
    code = crew.make()
    assert levels(crew, code)["backup"] == "red"
    note_backup(arena.data_dir, Path("x"), now_ms() - DAY_MS - 1_000)
    assert said(crew, code, "backup").startswith("The last backup is 24 hours old")
    assert levels(crew, code)["backup"] == "red"
    note_backup(arena.data_dir, Path("x"), now_ms())
    assert levels(crew, code)["backup"] == "green"
    note_backup(arena.data_dir, Path("x"), now_ms() + DAY_MS)
    assert levels(crew, code)["backup"] == "red"
    for broken in ("", "{}", "[]", '{"at_ms": null}'):
        (arena.data_dir / NOTE).write_text(broken)
        assert levels(crew, code)["backup"] == "red"


def test_a_check_that_hangs_is_amber_with_its_reason_and_holds_nobody_up(
    start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    arena = start(public_url="http://192.0.2.77")
    crew = arena.crew("producer")
    code = crew.make()
    ended = threading.Event()

    def hang(*_arguments: object) -> Any:
        ended.wait(60)
        raise OSError

    monkeypatch.setattr(health, "free_bytes", hang)
    monkeypatch.setattr(probes, "clock_is_synchronised", hang)
    monkeypatch.setattr(probes, "reach", hang)
    monkeypatch.setattr(probes, "THREADS_MAX", 6)
    try:
        for _ in range(2):
            begun = time.monotonic()
            found = {each["check"]: each for each in run(crew, code)["findings"]}
            assert time.monotonic() - begun < WHOLE_SECONDS_MAX
            assert (found["disk"]["level"], found["service_clock"]["level"]) == ("amber", "amber")
            assert "(> 2 s)" in found["disk"]["en"]
            assert found["address"]["level"] == "red"
        # So many hang now that no more are begun: the bound on threads.
        found = {each["check"]: each for each in run(crew, code)["findings"]}
        for check in ("disk", "service_clock", "address", "qr", "backup"):
            assert (found[check]["level"], "(earlier ones hang)" in found[check]["en"]) == ("amber", True)
    finally:
        ended.set()
    monkeypatch.undo()
    eventually(lambda: levels(crew, code)["service_clock"] != "amber" or "NTP" in said(crew, code, "service_clock"))


def test_many_who_ask_at_once_share_one_look(arena: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    crew = arena.crew("producer")
    code = crew.make()
    looks: list[int] = []

    def slow(_directory: Path) -> int:
        looks.append(1)
        time.sleep(1)
        return 50 * 1024**3

    monkeypatch.setattr(health, "free_bytes", slow)
    people = [threading.Thread(target=run, args=(arena.crew("producer"), code)) for _ in range(8)]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert len(looks) < 8


def test_it_is_the_crews_alone(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    path = f"/api/v1/sessions/{code}/preflight"
    problem(arena.client().get(path), 401, "token_missing")
    problem(arena.phone(code).client.get(path), 403, "wrong_role")
    other = crew.make()
    token = crew.client.post("/api/v1/tokens", json={"role": "admin", "session": other}).json()["token"]
    problem(httpx2.get(arena.base_url + path, headers={"Authorization": f"Bearer {token}"}), 403, "wrong_session")
    problem(crew.client.get("/api/v1/sessions/NOSUCH/preflight"), 404, "session_not_found")
    for role in Role:
        response = arena.crew(str(role)).client.get(path)
        assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
