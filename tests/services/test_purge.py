"""The purge: after its date the voters' key is in no file, no ballot leads to a phone, and the count still verifies."""

import asyncio
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.domain.clock import SystemClock
from app.domain.errors import Conflict
from app.domain.identity import ticket_device
from app.services import purge
from app.services.purge import DAY_MS, purge_at_ms, purge_due
from app.storage.engine import Database
from app.storage.scrub import ScrubError, scrub_wanted_since_ms
from app.storage.sqlite import sqlite_module
from app.verify import read_export, verify_ledger
from tests.conftest import FakeClock, Process, Running
from tests.files import files_with
from tests.players import Crew, Phone, eventually, problem
from tests.servers import of_sqlite

pytestmark = of_sqlite

Start = Callable[..., Running]
ASKER, ASKERS_PHONE = "李秋月", "0512-5812 3344"
CHANNELS = [{"key": "web", "name": "网页"}, {"key": "hall", "name": "现场", "identity": "ticket"}]


def query(data_dir: Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    # By the service's own copy of SQLite: two in one process would undo each other's locks.
    database = sqlite_module().connect(data_dir / "arena.db")
    try:
        rows: list[tuple[Any, ...]] = database.execute(statement, values).fetchall()
        return rows
    finally:
        database.close()


def key_of(data_dir: Path, code: str) -> str:
    return str(query(data_dir, "SELECT voter_key FROM arena_session WHERE code = ?", code)[0][0])


def voter(key: str, token: str) -> str:
    """Compute by hand under which name a token's ballots are kept."""
    return hmac.digest(key.encode(), token.split("~")[3].encode(), "sha256").hex()[:32]


def played(arena: Running, channels: Any = CHANNELS) -> tuple[str, Phone]:
    """A bout with a vote, revealed and ended."""
    crew = arena.crew()
    code = crew.make(channels=channels)
    crew.do(code, "open")
    phone = arena.phone(code)
    assert phone.vote("red").status_code == 200
    arena.phone(code).like(blue=5)
    # Each change writes the session's row anew, and leaves the old one lying about in the file.
    for i in range(20):
        changed = crew.client.patch(f"/api/v1/sessions/{code}", json={"topic": f"题目 {i} " + "长" * 10 * i})
        assert changed.status_code == 200, changed.text
    crew.do(code, "lock", "reveal")
    return code, phone


def end(crew: Crew, code: str) -> None:
    assert crew.client.patch(f"/api/v1/sessions/{code}", json={"status": "ended"}).status_code == 200


def run_purge(arena: Running) -> None:
    """Do in the service's own loop what it does each minute."""
    loop = arena.app.state.arena.writer._loop
    asyncio.run_coroutine_threadsafe(purge_due(arena.app.state.arena), loop).result(30)


def test_date_is_counted_from_the_end() -> None:
    assert purge_at_ms(1_000, 7) == 1_000 + 7 * DAY_MS
    assert purge_at_ms(1_000, 0) == 1_000
    assert purge_at_ms(None, 7) is None


def test_running_service_purges_after_the_date_and_the_key_is_in_no_file(still_arena: Running) -> None:
    arena, clock = still_arena, still_arena.clock
    code, phone = played(arena)
    other, _ = played(arena)
    crew = arena.crew()
    key, others_key = key_of(arena.data_dir, code), key_of(arena.data_dir, other)
    assert len(key) == 64
    assert files_with(arena.data_dir, key), "it is there before"
    assert query(arena.data_dir, "SELECT 1 FROM ballot WHERE voter = ?", voter(key, phone.token))
    end(crew, code)
    clock.forward(7 * DAY_MS - 1)
    run_purge(arena)
    assert key_of(arena.data_dir, code) == key, "not a moment early"
    clock.forward(1)
    run_purge(arena)
    assert key_of(arena.data_dir, code) == ""
    assert files_with(arena.data_dir, key) == []
    assert key_of(arena.data_dir, other) == others_key, "one that has not ended keeps its own"
    # What anybody can compute from the token now is nobody's name.
    assert query(arena.data_dir, "SELECT count(*) FROM ballot WHERE voter = ?", voter("", phone.token)) == [(0,)]
    assert "session_purged" in {
        each["action"] for each in crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    }


def test_memory_of_the_service_lets_go_of_the_key(still_arena: Running) -> None:
    code, _ = played(still_arena)
    end(still_arena.crew(), code)
    still_arena.clock.forward(7 * DAY_MS)
    run_purge(still_arena)
    arena = still_arena.app.state.arena
    assert arena.hub.live[code].session.voter_key == ""
    assert arena.hub.live[code].session.purged_at_ms == still_arena.clock.now_ms()
    assert code not in arena.writer._kept


def test_result_and_recount_stand_after_the_purge(still_arena: Running, tmp_path: Path) -> None:
    arena = still_arena
    code, phone = played(arena)
    crew = arena.crew()
    path = f"/api/v1/sessions/{code}/rounds/1"
    result, ledger = crew.client.get(f"{path}/result").json(), crew.client.get(f"{path}/ledger").json()
    receipt = phone.me()["ballots"][0]["receipt"]
    end(crew, code)
    arena.clock.forward(7 * DAY_MS)
    run_purge(arena)
    anyone = arena.client()
    after = anyone.get(f"{path}/ledger").json()
    assert after["ballots"] == ledger["ballots"]
    assert after["batches"] == ledger["batches"]
    assert anyone.get(f"{path}/result").json()["digest"] == result["digest"]
    assert anyone.get(f"/api/v1/sessions/{code}/receipts/{receipt}").json()["choices"] == ["red"]
    export = tmp_path / "round1.json"
    export.write_text(json.dumps(after))
    assert verify_ledger(read_export(str(export)), result["digest"]).holds


def test_purged_session_takes_nobody_and_its_tickets_are_gone(still_arena: Running) -> None:
    arena = still_arena
    code, phone = played(arena)
    crew = arena.crew()
    made = crew.client.post(f"/api/v1/sessions/{code}/tickets", json={"channel": "hall", "count": 2}).json()
    secret = made["tickets"][0]["secret"]
    path = f"/api/v1/sessions/{code}/join"
    arena.client().post(path, json={"ticket": secret, "nonce": "n"})
    end(crew, code)
    arena.clock.forward(7 * DAY_MS)
    run_purge(arena)
    problem(arena.client().post(path), 409, "session_ended")
    problem(phone.client.post(path), 409, "session_ended")
    problem(arena.client().post(path, json={"ticket": secret, "nonce": "n"}), 409, "session_ended")
    problem(phone.vote("blue"), 409, "session_ended")
    assert query(arena.data_dir, "SELECT count(*) FROM ticket") == [(0,)]
    entries = crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    purged = next(each for each in entries if each["action"] == "session_purged")
    assert purged["after"]["tickets"] == [{"sheet": "hall-1", "channel": "hall", "made": 2, "used": 1, "void": 0}]


def test_ticket_leads_to_no_voter_once_the_key_is_gone(still_arena: Running) -> None:
    arena = still_arena
    crew = arena.crew()
    code = crew.make(channels=CHANNELS)
    crew.do(code, "open")
    made = crew.client.post(f"/api/v1/sessions/{code}/tickets", json={"channel": "hall", "count": 1}).json()
    joined = arena.client().post(f"/api/v1/sessions/{code}/join", json={"ticket": made["tickets"][0]["secret"]}).json()
    phone = Phone(arena.client(joined["token"]), code, joined["token"])
    phone.vote("red")
    key = key_of(arena.data_dir, code)
    derived = ticket_device(key, made["tickets"][0]["secret"].replace("-", ""))
    assert joined["token"].split("~")[3] == derived
    assert query(arena.data_dir, "SELECT 1 FROM ballot WHERE voter = ?", voter(key, phone.token))
    crew.do(code, "lock")
    end(crew, code)
    arena.clock.forward(7 * DAY_MS)
    run_purge(arena)
    assert files_with(arena.data_dir, key) == []
    assert files_with(arena.data_dir, derived) == []


def asked_and_withdrawn(arena: Running, code: str) -> None:
    asked = {"contestant": "red", "organisation": "南丰镇", "name": ASKER, "phone": ASKERS_PHONE}
    answer = arena.client().post(f"/api/v1/sessions/{code}/visits", json=asked)
    assert answer.status_code == 201, answer.text
    arena.client().post(f"/api/v1/visits/{answer.json()['receipt']}/withdraw")


def test_what_is_due_is_purged_while_a_round_is_on_air_and_the_file_is_scrubbed_after_it(still_arena: Running) -> None:
    code, _ = played(still_arena)
    key = key_of(still_arena.data_dir, code)
    crew = still_arena.crew()
    end(crew, code)
    asked_and_withdrawn(still_arena, code)
    on_air = crew.make()
    crew.do(on_air, "open")
    still_arena.clock.forward(7 * DAY_MS)
    run_purge(still_arena)
    assert key_of(still_arena.data_dir, code) == ""
    assert query(still_arena.data_dir, "SELECT asker_name || asker_phone FROM visit") == [("",)]
    assert files_with(still_arena.data_dir, key), "to write the file anew would hold up the votes"
    crew.do(on_air, "lock")
    run_purge(still_arena)
    assert files_with(still_arena.data_dir, key) == []
    assert files_with(still_arena.data_dir, ASKERS_PHONE) == []


def test_scrub_waits_a_day_at_most_for_a_round_that_nobody_locks(still_arena: Running) -> None:
    code, _ = played(still_arena)
    other, _ = played(still_arena)
    key = key_of(still_arena.data_dir, code)
    crew = still_arena.crew()
    end(crew, code)
    still_arena.clock.forward(DAY_MS // 2)
    end(crew, other)
    forgotten = crew.make()
    crew.do(forgotten, "open", "pause")
    still_arena.clock.forward(7 * DAY_MS - DAY_MS // 2)
    run_purge(still_arena)
    # One that comes due later does not put off what waits already.
    still_arena.clock.forward(DAY_MS // 2)
    run_purge(still_arena)
    assert files_with(still_arena.data_dir, key)
    still_arena.clock.forward(DAY_MS // 2)
    run_purge(still_arena)
    assert files_with(still_arena.data_dir, key) == []


def test_poll_that_is_open_for_weeks_puts_no_scrub_off(still_arena: Running) -> None:
    code, _ = played(still_arena)
    key = key_of(still_arena.data_dir, code)
    crew = still_arena.crew()
    end(crew, code)
    crew.do(crew.make(kind="poll", rounds=[{"votes_per_day": 3, "duration_ms": 40 * DAY_MS}]), "open")
    still_arena.clock.forward(7 * DAY_MS)
    run_purge(still_arena)
    assert files_with(still_arena.data_dir, key) == []


def test_scrub_that_failed_is_made_up_for_by_the_next_try(
    still_arena: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _ = played(still_arena)
    key = key_of(still_arena.data_dir, code)
    end(still_arena.crew(), code)
    still_arena.clock.forward(7 * DAY_MS)

    def full_disk(_: Path) -> None:
        raise ScrubError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(purge, "scrub_database", full_disk)
        with pytest.raises(ScrubError):
            run_purge(still_arena)
    assert files_with(still_arena.data_dir, key), "the log still has it"
    database = still_arena.app.state.arena.database
    with database.reader.connect() as connection:
        assert scrub_wanted_since_ms(connection) == still_arena.clock.now_ms()
    run_purge(still_arena)
    assert files_with(still_arena.data_dir, key) == []
    with database.reader.connect() as connection:
        assert scrub_wanted_since_ms(connection) is None


def test_service_purges_at_its_start_what_came_due_while_it_was_down(start: Start, clock: FakeClock) -> None:
    arena = start(clock)
    code, _ = played(arena)
    key = key_of(arena.data_dir, code)
    end(arena.crew(), code)
    arena.stop()
    clock.forward(7 * DAY_MS)
    again = start(clock)
    eventually(lambda: key_of(again.data_dir, code) == "" and files_with(again.data_dir, key) == [])


def test_votes_go_on_while_the_file_is_written_anew(arena: Running) -> None:
    crew = arena.crew()
    done, _ = played(arena)
    end(crew, done)
    code = crew.make()
    phone = arena.phone(code)
    data = arena.app.state.arena
    data.settings.__dict__["purge_days"] = 0
    loop = data.writer._loop
    purging = asyncio.run_coroutine_threadsafe(purge_due(data), loop)
    crew.do(code, "open")
    assert phone.vote("red").status_code == 200
    purging.result(30)
    assert phone.me()["ballots"]


def command(data_dir: Path, *arguments: str) -> Any:
    environment = {"ARENA_DATA_DIR": str(data_dir), "ARENA_PURGE_DAYS": "7"}
    return CliRunner().invoke(app, ["purge", *arguments], env=environment)


def test_command_purges_beside_a_running_service_which_then_lets_go_too(start: Start) -> None:
    arena = start()
    code, _ = played(arena)
    key = key_of(arena.data_dir, code)
    end(arena.crew(), code)
    told = command(arena.data_dir, "--dry-run")
    assert f"{code}: due on " in told.output
    assert command(arena.data_dir).output.startswith(f"{code}: due on ")
    assert key_of(arena.data_dir, code) == key
    would = command(arena.data_dir, "--dry-run", "--code", code.lower(), "--now")
    assert f"{code}: would be purged" in would.output
    assert key_of(arena.data_dir, code) == key
    done = command(arena.data_dir, "--code", code, "--now")
    assert done.exit_code == 0, done.output
    assert "purged" in done.output
    assert "Backups made before still hold the key" in done.output
    assert files_with(arena.data_dir, key) == []
    run_purge(arena)
    assert arena.app.state.arena.hub.live[code].session.voter_key == ""
    assert command(arena.data_dir, "--code", code, "--now").exit_code == 0, "a repeat does nothing"


def test_command_purges_the_visits_whose_date_has_come(start: Start, clock: FakeClock) -> None:
    # The command goes by the machine's own clock.
    clock.forward(SystemClock().now_ms() - clock.now_ms() - 8 * DAY_MS)
    arena = start(clock)
    crew = arena.crew()
    code, waiting = crew.make(), crew.make()
    for each in (code, waiting):
        crew.do(each, "open")
        asked_and_withdrawn(arena, each)
        clock.forward(2 * DAY_MS)
    stored = "SELECT asker_name FROM visit ORDER BY id"
    assert f"{code}: visit 1 would be purged" in command(arena.data_dir, "--dry-run").output
    assert command(arena.data_dir, "--code", waiting, "--now").exit_code == 1, "the session has not ended"
    assert query(arena.data_dir, stored) == [(ASKER,), (ASKER,)]
    done = command(arena.data_dir)
    assert done.exit_code == 0, done.output
    assert f"{code}: visit 1 purged" in done.output
    assert query(arena.data_dir, stored) == [("",), (ASKER,)]
    entries = crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    assert [each["actor"] for each in entries if each["action"] == "visit_purged"] == ["command line"]


def test_command_refuses_a_session_that_has_not_ended(start: Start) -> None:
    arena = start()
    code, _ = played(arena)
    refused = command(arena.data_dir, "--code", code, "--now")
    assert refused.exit_code == 1
    assert "has not ended" in refused.output
    assert command(arena.data_dir, "--now").exit_code == 2
    assert command(arena.data_dir / "nowhere").exit_code == 1
    database = arena.app.state.arena
    with pytest.raises(Conflict):
        asyncio.run_coroutine_threadsafe(
            database.write(purge.purge_session, purge.CLOCK, code), database.writer._loop
        ).result(10)


@pytest.mark.slow
def test_what_was_deleted_long_ago_leaves_no_trace_either(process: Process) -> None:
    """SQLite leaves the bytes of deleted rows in the file's free space; the first release deleted keys so."""
    data_dir, secret = process.settings.data_dir, "5eed" * 16
    database = Database(process.settings.url)
    database.migrate()
    with database.writer.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE old (name TEXT, key TEXT)")
        connection.exec_driver_sql(f"INSERT INTO old VALUES ('a long name that stands before it', '{secret}')")
    with database.writer.begin() as connection:
        connection.exec_driver_sql("DELETE FROM old")
        connection.exec_driver_sql("PRAGMA user_version=1")
    database.close()
    assert files_with(data_dir, secret), "the test is about something"
    process.start()
    eventually(lambda: files_with(data_dir, secret) == [])
