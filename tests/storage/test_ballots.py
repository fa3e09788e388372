"""The ledger in the database: the recount is the domain's, the chain is the one recomputed from the lines."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.domain import ledger
from app.domain.ledger import CHAIN_START, LedgerLine
from app.storage import ballots
from app.storage.ballots import NewBallot, NewLikes
from app.storage.sessions import load_session
from app.storage.tables import BALLOT, LIKE_TOTAL
from tests.storage.conftest import NOW_MS

Make = Callable[..., str]
SIDES = ("red", "blue", "green")
CHANNELS = ("web", "wechat", "radio")


def ballot(voter: str, slot: str = "once", revision: int = 1, choices: str = "red", **fields: Any) -> NewBallot:
    receipt = f"{voter}/{slot}/{revision}"[:26]
    return NewBallot(voter, slot, revision, choices, "web", "", receipt, NOW_MS, "")._replace(**fields)


def run_of(connection: Connection, code: str) -> int:
    session = load_session(connection, code)
    assert session is not None
    return session.rounds[0].run_id


@pytest.fixture
def run_id(connection: Connection, make: Make) -> int:
    return run_of(connection, make(sides=SIDES))


@st.composite
def ledgers(draw: st.DrawFn) -> list[list[NewBallot]]:
    """Batches of ballots of a few voters with slots, revisions and one channel each, in an order that can happen."""
    places: dict[tuple[int, str], int] = {}
    batches: list[list[NewBallot]] = []
    for size in draw(st.lists(st.integers(1, 6), max_size=8)):
        batch = []
        for _ in range(size):
            voter, slot = draw(st.integers(0, 7)), draw(st.sampled_from(["20779/1", "20779/2", "20780/1"]))
            places[voter, slot] = places.get((voter, slot), 0) + 1
            chosen = draw(st.lists(st.sampled_from(SIDES), min_size=1, max_size=3, unique=True))
            batch.append(
                ballot(
                    f"v{voter}",
                    slot,
                    places[voter, slot],
                    ",".join(side for side in SIDES if side in chosen),
                    channel=CHANNELS[voter % 3],
                )
            )
        batches.append(batch)
    return batches


@given(batches=ledgers())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_recount_chain_and_order_are_those_of_the_lines(
    batches: list[list[NewBallot]], connection: Connection, run_id: int
) -> None:
    with connection.begin_nested() as savepoint:
        heads = []
        for i, batch in enumerate(batches):
            ballots.append_ballots(connection, run_id, batch, NOW_MS + i)
            heads.append(ballots.chain_head(connection, run_id)[0])
        lines, stored = ballots.read_ledger(connection, run_id)
        whole = ballots.recount(connection, run_id, SIDES)
        head, count = ballots.chain_head(connection, run_id)
        voters = ballots.voters_of(connection, run_id)
        savepoint.rollback()

    flat = [row for batch in batches for row in batch]
    assert [line.seq for line in lines] == list(range(1, len(flat) + 1))
    assert [(line.receipt, line.choices) for line in lines] == [
        (row.receipt, tuple(row.choices.split(","))) for row in flat
    ]

    channels = whole.channels
    assert (whole.votes, whole.turnout) == (ledger.recount(lines, SIDES))
    for name in CHANNELS:
        votes, turnout = ledger.recount([line for line in lines if line.channel == name], SIDES)
        if turnout:
            assert (channels[name].votes, channels[name].turnout) == (votes, turnout)
        else:
            assert name not in channels
    assert voters == {row.voter for row in flat}

    assert count == len(flat)
    assert [batch.head for batch in stored] == heads == rehashed(lines, [len(batch) for batch in batches])
    assert head == (heads[-1] if heads else CHAIN_START)
    assert [batch.number for batch in stored] == list(range(1, len(batches) + 1))
    assert [batch.committed_at_ms for batch in stored] == [NOW_MS + i for i in range(len(batches))]


def rehashed(lines: Sequence[LedgerLine], sizes: Sequence[int]) -> list[str]:
    """Recompute the chain from the lines alone."""
    head, start, heads = CHAIN_START, 0, []
    for size in sizes:
        head = ledger.extend(head, lines[start : start + size])
        start += size
        heads.append(head)
    return heads


def test_ballot_changed_in_the_database_breaks_the_chain(connection: Connection, run_id: int) -> None:
    ballots.append_ballots(connection, run_id, [ballot("v1"), ballot("v2"), ballot("v3")], NOW_MS)
    with pytest.raises(DBAPIError, match="append only"), connection.begin_nested():
        connection.execute(update(BALLOT).where(BALLOT.c.voter == "v2").values(choices="blue"))
    # Who owns the database can take the trigger away; the chain still tells.
    on = "" if connection.dialect.name == "sqlite" else " ON ballot"
    connection.exec_driver_sql(f"DROP TRIGGER ballot_no_update{on}")
    connection.execute(update(BALLOT).where(BALLOT.c.voter == "v2").values(choices="blue"))
    lines, batches = ballots.read_ledger(connection, run_id)
    assert rehashed(lines, [3]) != [batch.head for batch in batches]


def test_second_ballot_in_a_voters_place_is_refused_by_the_database(connection: Connection, run_id: int) -> None:
    ballots.append_ballots(connection, run_id, [ballot("v1")], NOW_MS)
    with pytest.raises(IntegrityError):
        ballots.append_ballots(connection, run_id, [ballot("v1", receipt="other")], NOW_MS)


def test_receipt_is_given_to_one_ballot_only(connection: Connection, run_id: int) -> None:
    ballots.append_ballots(connection, run_id, [ballot("v1", receipt="R")], NOW_MS)
    with pytest.raises(IntegrityError):
        ballots.append_ballots(connection, run_id, [ballot("v2", receipt="R")], NOW_MS)


def test_earlier_ballots_of_more_voters_than_one_query_takes(connection: Connection, run_id: int) -> None:
    shuffled = [f"v{i}" for i in range(1_234)]
    random.Random(4).shuffle(shuffled)
    ballots.append_ballots(connection, run_id, [ballot(voter) for voter in shuffled], NOW_MS)
    ballots.append_ballots(connection, run_id, [ballot(voter, revision=2) for voter in shuffled[:7]], NOW_MS)
    found = ballots.earlier_ballots(connection, run_id, [*shuffled, "stranger"])
    assert found.keys() == set(shuffled)
    assert all([cast.revision for cast in found[voter]] == [1, 2] for voter in shuffled[:7])
    assert all(len(found[voter]) == 1 for voter in shuffled[7:])


def test_voters_are_found_by_an_index_and_not_by_a_walk_through_the_run(connection: Connection, run_id: int) -> None:
    if connection.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's planner goes by what is in the table")
    for statement in (ballots._EARLIER, ballots._LIKES):
        text = f"EXPLAIN QUERY PLAN {statement.text(connection.dialect)}"
        steps = [row.detail for row in connection.exec_driver_sql(text, (run_id, '["v1"]'))]
        assert any("(run_id=? AND voter=?)" in step for step in steps), steps


def test_what_the_driver_refuses_is_raised_as_sqlalchemy_would_and_tells_no_ballot(
    connection: Connection, run_id: int
) -> None:
    ballots.append_ballots(connection, run_id, [ballot("v1")], NOW_MS)
    with pytest.raises(IntegrityError) as caught:
        ballots.append_ballots(connection, run_id, [ballot("v1", receipt="other", nonce="secret")], NOW_MS)
    assert "secret" not in str(caught.value)


def test_runs_do_not_mix(connection: Connection, make: Make) -> None:
    one, two = run_of(connection, make(sides=SIDES)), run_of(connection, make(sides=SIDES))
    ballots.append_ballots(connection, one, [ballot("v1")], NOW_MS)
    ballots.append_ballots(connection, two, [ballot("v1", choices="blue", receipt="other")], NOW_MS)
    ballots.put_like_totals(connection, [like(two, "v1", "red", 5)])
    assert ballots.recount(connection, one, SIDES).votes == {"red": 1, "blue": 0, "green": 0}
    assert ballots.recount(connection, two, SIDES).votes == {"red": 0, "blue": 1, "green": 0}
    assert ballots.recount(connection, one, SIDES).likes == {"red": 0, "blue": 0, "green": 0}
    assert ballots.earlier_ballots(connection, one, ["v1"])["v1"][0].choices == ("red",)
    assert ballots.like_totals(connection, one, ["v1"]) == {}


def like(run_id: int, voter: str, choice: str, total: int, channel: str = "web") -> NewLikes:
    return NewLikes(run_id, voter, choice, total, channel, NOW_MS)


def test_likes_are_the_last_totals_summed_by_side_and_channel(connection: Connection, run_id: int) -> None:
    ballots.put_like_totals(connection, [like(run_id, "v1", "red", 5), like(run_id, "v2", "red", 2, "radio")])
    ballots.put_like_totals(connection, [like(run_id, "v1", "red", 9), like(run_id, "v1", "blue", 1)])
    whole = ballots.recount(connection, run_id, SIDES)
    channels = whole.channels
    assert whole.likes == {"red": 11, "blue": 1, "green": 0}
    assert channels["web"].likes == {"red": 9, "blue": 1, "green": 0}
    assert channels["radio"].likes == {"red": 2, "blue": 0, "green": 0}
    assert (whole.turnout, whole.votes) == (0, {"red": 0, "blue": 0, "green": 0})
    assert ballots.like_totals(connection, run_id, ["v1", "v2"]) == {"v1": {"red": 9, "blue": 1}, "v2": {"red": 2}}
    assert connection.execute(LIKE_TOTAL.select().where(LIKE_TOTAL.c.run_id == run_id)).all().__len__() == 3


def test_timeline_adds_up_within_a_second(connection: Connection, run_id: int) -> None:
    second = NOW_MS // 1000
    ballots.add_to_timeline(connection, run_id, second, {"red": 2}, {})
    ballots.add_to_timeline(connection, run_id, second, {"red": -1, "blue": 1}, {"red": 40})
    ballots.add_to_timeline(connection, run_id, second + 1, {}, {"blue": 3})
    ballots.add_to_timeline(connection, run_id, second + 2, {}, {})
    rows = [(row.at_s - second, row.choice, row.votes, row.likes) for row in ballots.timeline(connection, [run_id])]
    assert rows == [(0, "blue", 1, 0), (0, "red", 1, 40), (1, "blue", 0, 3)]
    assert ballots.timeline(connection, []) == []


def test_people_seen_are_those_who_voted_or_liked_in_any_round(connection: Connection, make: Make) -> None:
    session = load_session(connection, make({}, {}))
    assert session is not None
    first, second = (each.run_id for each in session.rounds)
    ballots.append_ballots(connection, first, [ballot("voter"), ballot("both")], NOW_MS)
    ballots.put_like_totals(connection, [like(second, "liker", "red", 1), like(first, "both", "red", 1)])
    assert ballots.people_seen(connection, session.id) == {"voter", "both", "liker"}


def test_minute_keeps_its_greatest_number_on_line(connection: Connection, make: Make) -> None:
    session = load_session(connection, make())
    assert session is not None
    for online in (5, 9, 7):
        ballots.put_audience(
            connection,
            [
                {
                    "session_id": session.id,
                    "minute_ms": NOW_MS,
                    "online": online,
                    "online_at_ms": NOW_MS + online,
                    "seen": 1,
                }
            ],
        )
    rows = ballots.audience(connection, session.id)
    assert [(row.online, row.online_at_ms) for row in rows] == [(9, NOW_MS + 9)]


def test_recount_of_twenty_thousand_random_ballots_is_the_domains(connection: Connection, run_id: int) -> None:
    chance = random.Random(17)
    revisions: Counter[str] = Counter()
    for size in (1, 2_000, 7_999, 10_000):
        batch = []
        for _ in range(size):
            number = chance.randrange(9_000)
            voter = f"v{number}"
            revisions[voter] += 1
            batch.append(
                ballot(voter, revision=revisions[voter], choices=chance.choice(SIDES), channel=CHANNELS[number % 3])
            )
        ballots.append_ballots(connection, run_id, batch, NOW_MS)
    lines, batches = ballots.read_ledger(connection, run_id)
    whole = ballots.recount(connection, run_id, SIDES)
    assert len(lines) == 20_000
    assert (whole.votes, whole.turnout) == ledger.recount(lines, SIDES)
    assert sum(whole.votes.values()) == len(revisions)
    assert [batch.head for batch in batches] == rehashed(lines, [1, 2_000, 7_999, 10_000])


def test_recount_of_many_does_not_hang_on_what_the_planner_knew_when_they_were_few(
    connection: Connection, make: Make
) -> None:
    few, many = (run_of(connection, make(sides=SIDES)) for _ in range(2))
    ballots.append_ballots(connection, few, [ballot(f"few{i}") for i in range(50)], NOW_MS)
    connection.execute(text("ANALYZE ballot"))
    ballots.append_ballots(connection, many, [ballot(f"many{i}") for i in range(12_000)], NOW_MS)
    began = time.monotonic()
    assert ballots.recount(connection, many, SIDES).votes == {"red": 12_000, "blue": 0, "green": 0}
    assert time.monotonic() - began < 5  # each with each took PostgreSQL over twenty
