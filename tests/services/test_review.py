"""Faults that a review found, each seen failing before its mend."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from app.settings import Settings
from tests.conftest import FakeClock, Running
from tests.players import counted, problem, votes_of


def read_to_the_end(socket: ClientConnection) -> None:
    while True:
        socket.recv(timeout=5)


def test_a_herd_that_asks_for_a_session_loads_it_once(start: Callable[..., Running]) -> None:
    first = start()
    crew = first.crew()
    code = crew.make()
    crew.do(code, "open", "lock")
    first.stop()
    second = start()
    clients = [second.client() for _ in range(20)]
    commits = second.app.state.arena.writer.commits
    herd = [threading.Thread(target=client.get, args=(f"/api/v1/sessions/{code}/tally",)) for client in clients]
    for each in herd:
        each.start()
    for each in herd:
        each.join()
    assert second.app.state.arena.writer.commits - commits == 1


def test_an_absurd_heartbeat_does_not_freeze_the_tally(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    with connect(f"{arena.ws_url}/ws/sessions/{code}?token={arena.tokens['overlay']}") as socket:
        socket.send(json.dumps({"type": "heartbeat", "client": "overlay", "version": 10**30}))
        while json.loads(socket.recv(timeout=5))["type"] != "problem":
            pass
        arena.phone(code).vote("red")
        counted(lambda: crew.tally(code), votes={"red": 1, "blue": 0})


def test_a_retry_without_nonce_after_the_lock_gets_its_receipt(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    phone = arena.phone(code)
    first = phone.vote("red").json()
    phone.like(red=5)
    crew.do(code, "lock")
    assert phone.vote("red").json() == {**first, "repeat": True}
    assert phone.like(red=5).json()["totals"] == {"red": 5}
    problem(phone.vote("blue"), 409, "round_not_open")
    problem(phone.like(red=6), 409, "round_not_open")
    counted(lambda: crew.tally(code), votes={"red": 1, "blue": 0}, likes={"red": 5, "blue": 0})


def test_next_that_meets_a_deadline_does_not_reveal(start: Callable[..., Running], clock: FakeClock) -> None:
    # The ticker comes too late on purpose.
    arena = start(clock, tick_ms=2_000)
    crew = arena.crew()
    code = crew.make(rounds=[{"duration_ms": 5_000, "visibility": "on_reveal"}])
    crew.do(code, "open")
    clock.forward(5_001)
    session = crew.client.post(f"/api/v1/sessions/{code}/next").json()
    assert session["rounds"][0]["phase"] == "locked"


def test_an_empty_secret_is_refused_and_a_made_one_is_whole(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)
    made = settings.signing_secret()
    assert len(made) >= 32
    assert settings.signing_secret() == made
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]
    (tmp_path / "secret").write_text("")
    with pytest.raises(ValueError, match="no whole secret"):
        settings.signing_secret()


def test_a_token_never_outlives_the_one_that_made_it(still_arena: Running, clock: FakeClock) -> None:
    crew = still_arena.crew()
    short = crew.client.post("/api/v1/tokens", json={"role": "admin", "hours": 1}).json()
    made = still_arena.client(short["token"]).post("/api/v1/tokens", json={"role": "admin", "hours": 100}).json()
    assert made["expires_at_ms"] == short["expires_at_ms"] == clock.now_ms() + 3_600_000


def test_a_staff_socket_ends_with_its_token(still_arena: Running, clock: FakeClock) -> None:
    crew = still_arena.crew()
    code = crew.make()
    token = crew.client.post("/api/v1/tokens", json={"role": "producer", "hours": 1}).json()["token"]
    with connect(f"{still_arena.ws_url}/ws/sessions/{code}?token={token}") as socket:
        while json.loads(socket.recv(timeout=5)).get("view") != "staff":
            pass
        clock.forward(3_600_001)
        with pytest.raises(ConnectionClosed):
            read_to_the_end(socket)
        assert socket.close_code == 4401


def test_after_the_end_of_a_session_its_result_can_still_be_revealed_and_certified(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open", "lock")
    assert crew.client.patch(f"/api/v1/sessions/{code}", json={"status": "ended"}).status_code == 200
    crew.do(code, "reveal", "certify")
    problem(crew.say(code, "open", 2), 409, "session_ended")


def test_a_round_voided_on_air_keeps_its_figures_for_the_crew(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    arena.phone(code).vote("blue")
    assert crew.say(code, "void", reason="故障").status_code == 200
    result = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/result").json()
    assert votes_of(result) == {"red": 0, "blue": 1}
    problem(arena.client().get(f"/api/v1/sessions/{code}/rounds/1/result"), 409, "not_visible")
