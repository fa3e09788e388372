"""A database that refuses: what cannot be committed gets no success, and its neighbours are not touched."""

import asyncio
import time

from app.storage.engine import Database
from tests.conftest import Running
from tests.load import SIDES, Account, Entry, port_of, signed_phones
from tests.load import Line as HttpLine
from tests.players import Line, counted, eventually, problem, votes_of


def add_trigger(service: Running, name: str, table: str, when: str) -> None:
    """Let the database refuse some inserts or updates of a table, through a connection beside the service's own."""
    own = Database(service.app.state.arena.settings.url)
    event, _, place = table.partition(" ON ")
    with own.writer.begin() as connection:
        if own.shared:
            connection.exec_driver_sql(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN IF {when.replace('%', '%%')} THEN RAISE EXCEPTION 'refused by the test'; END IF; "
                "RETURN new; END $$"
            )
            connection.exec_driver_sql(
                f"CREATE TRIGGER {name} BEFORE {event} ON {place} FOR EACH ROW EXECUTE FUNCTION {name}()"
            )
        else:
            body = f"BEFORE {table} WHEN {when} BEGIN SELECT RAISE(ABORT, 'refused by the test'); END"
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {body}")
    own.close()


def drop_trigger(service: Running, name: str) -> None:
    own = Database(service.app.state.arena.settings.url)
    with own.writer.begin() as connection:
        connection.exec_driver_sql(f"DROP FUNCTION {name} CASCADE" if own.shared else f"DROP TRIGGER {name}")
    own.close()


def test_ballot_that_cannot_be_committed_gets_no_success_and_its_neighbours_do(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    add_trigger(arena, "no_poison", "INSERT ON ballot", "new.nonce LIKE 'poison%'")
    entries = [
        Entry(token, f"poison-{i}" if i % 10 == 3 else f"fine-{i}", SIDES[i % 2])
        for i, token in enumerate(signed_phones(arena, code, 120))
    ]
    account = Account(port_of(arena), code, 1, entries)

    async def run() -> None:
        lines = [HttpLine(account.port) for _ in entries]
        await asyncio.gather(*(line.open() for line in lines))
        await asyncio.gather(*map(account.resend, lines, entries))
        for line in lines:
            await line.close()

    asyncio.run(run())
    assert [entry.outcome for entry in entries] == [
        "fail" if entry.nonce.startswith("poison") else "ok" for entry in entries
    ]
    eventually(lambda: sum(votes_of(crew.tally(code)).values()) == 108)

    # A refused one is told when to come back, and counts when it does.
    phone = arena.client(entries[3].token)
    path, body = f"/api/v1/sessions/{code}/rounds/1/vote", {"choices": ["blue"], "nonce": "poison-3"}
    refusal = phone.put(path, json=body)
    problem(refusal, 503, "not_stored")
    assert int(refusal.headers["retry-after"]) >= 1
    drop_trigger(arena, "no_poison")
    assert phone.put(path, json=body).json()["repeat"] is False

    async def close_the_books() -> None:
        async with HttpLine(account.port) as line:
            for entry in entries:
                await account.resend(line, entry)
            await account.command(line, arena.admin_token, "lock")
            await account.settle(line, arena.admin_token)

    asyncio.run(close_the_books())
    assert account.count("ok") == 120


def test_likes_that_cannot_be_committed_get_no_success(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    lucky, unlucky = arena.phone(code), arena.phone(code)
    assert lucky.like(red=3).json()["totals"] == {"red": 3}
    add_trigger(arena, "no_likes", "INSERT ON like_total", "new.total = 66")
    problem(unlucky.like(red=66), 503, "not_stored")
    assert lucky.like(red=5).json()["totals"] == {"red": 5}
    counted(lambda: crew.tally(code), likes={"red": 5, "blue": 0})
    assert unlucky.me()["likes"] == {}


def test_lock_that_cannot_be_committed_leaves_the_round_open(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make()
    crew.do(code, "open")
    assert arena.phone(code).vote("red").status_code == 200
    add_trigger(arena, "no_lock", "UPDATE ON run", "new.phase = 'locked'")
    problem(crew.say(code, "lock"), 503, "not_stored")
    assert crew.round(code)["phase"] == "open"
    assert crew.tally(code)["round"]["phase"] == "open"
    assert arena.phone(code).vote("blue").status_code == 200
    drop_trigger(arena, "no_lock")
    assert crew.do(code, "lock")["rounds"][0]["phase"] == "locked"
    actions = [entry["action"] for entry in crew.client.get(f"/api/v1/sessions/{code}/audit").json()["entries"]]
    assert actions.count("lock") == 1  # what was not committed is not in the log either
    result = crew.client.get(f"/api/v1/sessions/{code}/rounds/1/result").json()
    assert result["tally"]["votes"] == 2


def test_deadline_that_cannot_be_committed_is_tried_again(arena: Running) -> None:
    crew = arena.crew()
    code = crew.make(rounds=[{"duration_ms": 1_000}])
    add_trigger(arena, "no_lock", "UPDATE ON run", "new.phase = 'locked'")
    opened = crew.do(code, "open")["rounds"][0]
    phone = arena.phone(code)
    assert phone.vote("red").status_code == 200
    while time.time() * 1000 < opened["closes_at_ms"] + 100:
        time.sleep(0.02)
    assert crew.round(code)["phase"] in ("open", "closing")
    late = arena.phone(code)
    problem(late.vote("blue"), 409, "round_not_open")  # by arrival, whatever the phase that could be stored
    drop_trigger(arena, "no_lock")
    crew.become(code, "locked")
    assert crew.client.get(f"/api/v1/sessions/{code}/rounds/1/result").json()["ballots"] == 1


def test_deadline_that_cannot_be_committed_keeps_no_other_session_from_its_audience(arena: Running) -> None:
    crew = arena.crew()
    stuck, well = crew.make(rounds=[{"duration_ms": 1_000}]), crew.make()
    crew.do(stuck, "open")
    crew.do(well, "open")
    add_trigger(arena, "no_lock", "UPDATE ON run", "new.phase = 'locked'")
    deadline = crew.round(stuck)["closes_at_ms"]
    while time.time() * 1000 < deadline + 100:
        time.sleep(0.02)
    with Line.opened(arena.ws_url, well) as line:
        arena.phone(well).vote("red")
        line.hear_if(lambda said: said["type"] == "tally" and votes_of(said) == {"red": 1, "blue": 0}, seconds=3)
