"""Who leads: one at a time, under an epoch of its own. Deadlines fire once, whoever dies, sleeps or is cut off."""

import signal
import threading
import time

import orjson
import pytest
from sqlalchemy import Connection, select, text

from app.cluster.leadership import FROZEN_MS_MAX
from app.storage import shared
from app.storage.engine import LEADER_LOCK, Database
from app.storage.tables import SNAPSHOT
from tests.cluster.conftest import Cluster, leads
from tests.conftest import Process, Running
from tests.players import Crew, counted, eventually

TIMED = [{"duration_ms": 1_000}]
FREEZE_SECONDS = 3.6
"""Longer than a leader may be silent, and than those who do not lead wait for a deadline."""


def epoch_of(crew: Crew, code: str) -> int:
    return int(crew.tally(code)["epoch"])


def deadlines(crew: Crew, code: str) -> int:
    entries = crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]
    return [each["action"] for each in entries].count("deadline")


def leading_process(cluster: Cluster) -> tuple[Process, Running]:
    """Start a process that leads, and a service here that does not."""
    process = cluster.process()
    process.start()
    client = cluster.client(process)
    eventually(lambda: client.get("/readyz").json()["leads"] == "true")
    return process, cluster.start()


def end_holders_of_the_lock(database: Database) -> int:
    """End the connections that hold the leader's lock in this database; return how many there were."""
    statement = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted "
        "AND (classid::bigint << 32 | objid::bigint) = :lock "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with database.beside.connect() as connection:
        return int(connection.execute(statement, {"lock": LEADER_LOCK}).scalar_one())


def test_deadline_fires_once_where_the_leader_stops_before_it(cluster: Cluster) -> None:
    cluster.start()
    cluster.start()
    leader, other = cluster.leader(), cluster.follower()
    crew = other.crew()
    code = crew.make(rounds=TIMED)
    crew.do(code, "open")
    assert other.phone(code).vote("red").status_code == 200
    before = epoch_of(crew, code)
    leader.stop()
    crew.become(code, "locked")
    assert deadlines(crew, code) == 1
    eventually(lambda: epoch_of(crew, code) > before)
    assert leads(other)
    result = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/result").json()
    assert result["ballots"] == 1


@pytest.mark.slow
def test_deadline_fires_once_where_the_leader_is_killed_before_it(cluster: Cluster) -> None:
    process, other = leading_process(cluster)
    crew = other.crew()
    code = crew.make(rounds=TIMED)
    crew.do(code, "open")
    before = epoch_of(crew, code)
    closes_at_ms = crew.round(code)["closes_at_ms"]
    process.end(signal.SIGKILL)
    locked = crew.become(code, "locked")
    assert 0 <= locked["locked_at_ms"] - closes_at_ms < 3_000
    eventually(lambda: epoch_of(crew, code) > before)
    assert deadlines(crew, code) == 1


@pytest.mark.slow
def test_leader_that_was_frozen_finds_another_and_shows_nothing_older(cluster: Cluster) -> None:
    process, other = leading_process(cluster)
    crew, woken = other.crew(), Crew(cluster.client(process, other.admin_token))
    code = crew.make(rounds=TIMED)
    crew.do(code, "open")
    before = epoch_of(woken, code)
    phone = other.phone(code)
    assert process.child is not None
    process.child.send_signal(signal.SIGSTOP)
    try:
        assert phone.vote("red").status_code == 200
        crew.become(code, "locked")
        time.sleep(FREEZE_SECONDS - 1)
        eventually(lambda: leads(other))
        counted(lambda: crew.tally(code), {"red": 1, "blue": 0})
        now = epoch_of(crew, code)
        assert now > before
    finally:
        process.child.send_signal(signal.SIGCONT)
    eventually(lambda: epoch_of(woken, code) == now)
    for _ in range(20):
        assert epoch_of(woken, code) == epoch_of(crew, code) == now
        time.sleep(0.02)
    assert woken.client.get("/readyz").json()["leads"] == "false"
    assert leads(other)
    assert deadlines(crew, code) == 1


def test_leader_whose_connection_is_ended_leads_no_more_and_no_version_is_published_twice(cluster: Cluster) -> None:
    cluster.start()
    cluster.start()
    one, two = cluster.leader(), cluster.follower()
    database = cluster.database()
    crew = one.crew()
    code = crew.make()
    crew.do(code, "open")
    bodies: dict[str, set[bytes]] = {}
    ended = threading.Event()

    def poll(service: Running) -> None:
        client, last = service.client(), (0, 0)
        while not ended.is_set():
            answer = client.get(f"/api/v1/sessions/{code}/tally")
            bodies.setdefault(answer.headers["etag"], set()).add(answer.content)
            now = answer.json()
            assert (now["epoch"], now["version"]) >= last
            last = now["epoch"], now["version"]

    polls = [threading.Thread(target=poll, args=(each,), daemon=True) for each in (one, two)]
    for each in polls:
        each.start()
    epochs = [epoch_of(crew, code)]
    try:
        for i in range(1, 4):
            assert end_holders_of_the_lock(database) == 1
            assert (one, two)[i % 2].phone(code).vote("red").status_code == 200
            eventually(lambda: epoch_of(crew, code) > epochs[-1])
            epochs.append(epoch_of(crew, code))
            for service in (one, two):
                counted(lambda service=service: service.crew().tally(code), {"red": i, "blue": 0})  # type: ignore[misc]
            assert [leads(one), leads(two)].count(True) == 1
    finally:
        ended.set()
        for each in polls:
            each.join()
    assert epochs == sorted(set(epochs))
    assert {len(each) for each in bodies.values()} == {1}


def test_publication_of_an_earlier_epoch_is_refused_after_a_later_one_and_deposes_its_leader(
    cluster: Cluster,
) -> None:
    service = cluster.start()
    crew = service.crew()
    code = crew.make()
    crew.do(code, "open")
    before = epoch_of(crew, code)
    database = cluster.database()
    later = database.next_epoch(0)
    assert later == before + 1
    with database.beside.connect() as connection:
        row = connection.execute(select(SNAPSHOT)).one()
        said = orjson.loads(row.content)
        content = orjson.dumps({**said, "epoch": later, "version": 1})
        assert shared.store_snapshot(connection, row.session_id, later, 1, content)
        assert not shared.store_snapshot(connection, row.session_id, before, 1_000_000, b"too late")
        assert bytes(connection.execute(select(SNAPSHOT.c.content)).scalar_one()) == content
        assert shared.store_snapshot(connection, row.session_id, later, 2, content)
    assert service.phone(code).vote("red").status_code == 200
    counted(lambda: crew.tally(code), {"red": 1, "blue": 0})
    assert epoch_of(crew, code) > later


def test_a_leader_that_stops_closes_no_connection_under_a_statement(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, ends = threading.Event(), []
    look = shared.who_is_present

    def slow(connection: Connection) -> list[shared.Present]:
        present = look(connection)
        if not looking.is_set():
            looking.set()
            time.sleep(0.5)
            ends.append(connection.scalar(text("SELECT 1")))
        return present

    service = cluster.start()
    cluster.leader()
    monkeypatch.setattr(shared, "who_is_present", slow)
    assert looking.wait(10)
    service.stop()
    assert ends == [1]


@pytest.mark.slow
def test_a_leader_that_stops_waits_for_no_statement_longer_than_it_may_take(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking = threading.Event()

    def endless(connection: Connection) -> list[shared.Present]:
        looking.set()
        connection.execute(text("SELECT pg_sleep(60)"))
        raise AssertionError("the server ends it before")

    service = cluster.start()
    cluster.leader()
    monkeypatch.setattr(shared, "who_is_present", endless)
    assert looking.wait(10)
    began = time.monotonic()
    service.stop()
    assert time.monotonic() - began < 3 * FROZEN_MS_MAX / 1000
