"""What the database itself guards, and what is told when it goes: a success is a row, whatever breaks."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx2
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.cluster.conftest import Cluster
from tests.conftest import Running
from tests.players import Phone, counted, eventually, problem

APPEND_ONLY = ("ballot", "ledger_batch", "audit_entry", "correction", "external_tally", "move")
PASSWORD = "geheim-wort-17"  # the server of the tests asks for none, so any will do
BACK_SECONDS = 10.0


@contextlib.contextmanager
def statements(service: Running, *made: str, undone: tuple[str, ...]) -> Iterator[None]:
    """Change the database's rules for a while."""
    engine = service.app.state.arena.database.beside
    with engine.connect() as connection:
        for each in made:
            connection.execute(text(each))
    try:
        yield
    finally:
        with engine.connect() as connection:
            for each in undone:
                connection.execute(text(each))


def test_rows_that_are_proof_can_only_be_added_whoever_asks(cluster: Cluster) -> None:
    service = cluster.start()
    code = service.crew().make()
    service.crew().do(code, "open")
    assert service.phone(code).vote("red").status_code == 200
    with cluster.database().beside.connect() as connection:
        for table in APPEND_ONLY:
            connection.execute(text(f"SELECT 1 FROM {table}"))
            column = "run_id" if table in ("ballot", "ledger_batch") else "id"
            asked = [f"TRUNCATE {table} CASCADE"]
            if connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one():
                asked += [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
            else:
                assert table in ("correction", "external_tally", "move")
            for each in asked:
                with pytest.raises(DBAPIError, match="append only"):
                    connection.execute(text(each))
        triggers = connection.execute(
            text("SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal")
        )
        names = Counter(row[0] for row in triggers if "_no_" in row[1])
    assert names == {**dict.fromkeys(APPEND_ONLY, 3), "arena_session": 1}


def test_vote_whose_connection_ends_in_the_commit_is_unconfirmed_and_sent_again_counts_once(cluster: Cluster) -> None:
    one, two = cluster.start(), cluster.start()
    code = one.crew().make()
    one.crew().do(code, "open")
    phone = one.phone(code)
    die = "BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END"
    with statements(
        one,
        f"CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ {die} $$",
        "CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON ballot DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION die()",
        undone=("DROP TRIGGER dies ON ballot", "DROP FUNCTION die()"),
    ):
        answer = phone.vote("red", nonce="n" * 16)
        problem(answer, 503, "unconfirmed")
        assert int(answer.headers["retry-after"]) >= 1
    # It did not take place; sent again, it does.
    assert phone.vote("red", nonce="n" * 16).json()["repeat"] is False
    counted(phone.tally, {"red": 1, "blue": 0})

    # Now the commit takes place, and only its answer is lost.
    dialect = one.app.state.arena.database.writer.dialect
    commit = dialect.do_commit
    lost: list[int] = []

    def commit_and_lose(connection: Any) -> None:
        commit(connection)
        if not lost:
            lost.append(1)
            connection.dbapi_connection.close()
            raise psycopg.OperationalError("the connection is lost")

    other = two.phone(code)
    there = Phone(one.client(other.token), code, other.token)
    dialect.do_commit = commit_and_lose
    try:
        problem(there.vote("blue", nonce="m" * 16), 503, "unconfirmed")
    finally:
        dialect.do_commit = commit
    assert lost == [1]
    counted(other.tally, {"red": 1, "blue": 1})  # it stands, though nobody was told
    again = other.vote("blue", nonce="m" * 16)
    assert (again.status_code, again.json()["repeat"]) == (200, True)
    assert there.vote("blue", nonce="m" * 16).json()["receipt"] == again.json()["receipt"]
    assert [phone.tally()["tally"]["turnout"], counted(other.tally)["tally"]["turnout"]] == [2, 2]


class Crowd(threading.Thread):
    """Phones that vote at one service, one after another, and what each was told. A refused one tries again once."""

    def __init__(self, service: Running, code: str) -> None:
        super().__init__(daemon=True)
        self.service = service
        self.code = code
        self.ended = threading.Event()
        self.receipts: list[str] = []
        self.told: list[tuple[float, int, str, bool]] = []

    def run(self) -> None:
        client = self.service.client()
        while not self.ended.is_set():
            client.headers.pop("Authorization", None)
            try:
                phone = Phone.joined(client, self.code)
                answer = phone.vote("red", nonce="n" * 16)
            except httpx2.HTTPError as error:
                raise AssertionError("the service gave no answer") from error
            code = answer.json().get("code", "") if answer.status_code != 200 else ""
            if answer.status_code == 200:
                self.receipts.append(answer.json()["receipt"])
            self.told.append((time.monotonic(), answer.status_code, code, "retry-after" in answer.headers))
            time.sleep(0.01)


@pytest.mark.slow
def test_postgresql_killed_refuses_votes_until_it_is_back_and_then_all_goes_on_by_itself(
    cluster: Cluster, capfd: pytest.CaptureFixture[str]
) -> None:
    url = cluster.settings.database_url.replace("postgres@", f"postgres:{PASSWORD}@")
    one, two = cluster.start(database_url=url), cluster.start(database_url=url)
    code = one.crew().make()
    one.crew().do(code, "open")
    crowds = [Crowd(each, code) for each in (one, two)]
    for each in crowds:
        each.start()
    eventually(lambda: all(len(each.receipts) > 20 for each in crowds))
    cluster.postgres.kill()
    try:
        eventually(lambda: all(any(told[1] == 503 for told in each.told) for each in crowds))
        ready = one.client().get("/readyz")
        assert ready.status_code == 503, ready.text
        assert "retry-after" in ready.headers
        refused = two.crew().client.post(f"/api/v1/sessions/{code}/rounds/1/lock")
        assert refused.status_code == 503, refused.text
        # What was shown last is still shown.
        assert two.client().get(f"/api/v1/sessions/{code}/tally").status_code == 200
    finally:
        cluster.postgres.start()
    began = time.monotonic()
    eventually(lambda: all(each.told[-1][1] == 200 for each in crowds), BACK_SECONDS)
    print(f"votes again after {time.monotonic() - began:.1f} s")
    for each in crowds:
        each.ended.set()
        each.join()
    told = Counter((status, why, retry) for each in crowds for _, status, why, retry in each.told)
    print(told)
    assert {each[0] for each in told} == {200, 503}
    assert {each[1] for each in told if each[0] == 503} <= {"not_stored", "unconfirmed", "overloaded"}
    assert all(retry for status, _, retry in told if status == 503)
    unconfirmed = sum(count for each, count in told.items() if each[1] == "unconfirmed")
    receipts = [receipt for each in crowds for receipt in each.receipts]
    crew = two.crew()
    shown = eventually(lambda: (crew.tally(code)["tally"] or {}).get("votes", 0) >= len(receipts), BACK_SECONDS)
    print(f"tallies again after {time.monotonic() - began:.1f} s", shown)
    crew.do(code, "lock", "reveal")
    ledger = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/ledger").json()
    stored = [each[1] for each in ledger["ballots"]]
    assert len(set(stored)) == len(stored)
    assert set(receipts) <= set(stored)
    assert len(receipts) <= len(stored) <= len(receipts) + unconfirmed
    eventually(lambda: crew.tally(code)["tally"]["votes"] == len(stored))
    assert PASSWORD not in "".join(capfd.readouterr())
