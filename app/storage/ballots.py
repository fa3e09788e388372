"""The ledger, the likes and the timeline in the database. Every function works in its caller's transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ARRAY, Connection, Row, String, any_, bindparam, func, insert, select, update

from app.domain import ledger
from app.domain.ballot import Cast
from app.domain.ledger import LedgerLine
from app.domain.tally import Counts, Held
from app.storage.hot import Statement
from app.storage.tables import AUDIENCE_MINUTE, BALLOT, LEDGER_BATCH, LIKE_TOTAL, ROUND, RUN, TIMELINE, upsert

_seq = itemgetter(8)


def _among(dialect: str, column: Any) -> Any:
    """Say that a column is one of `voters`: one parameter, so that one text serves every batch."""
    if dialect == "postgresql":
        return column == any_(bindparam("voters", type_=ARRAY(String)))
    each = func.json_each(bindparam("voters")).table_valued("value")
    return column.in_(select(each.c.value))


def _list(connection: Connection, voters: Iterable[str]) -> Any:
    """Return voters as the driver takes them for `_among`."""
    unique = list(set(voters))
    return unique if connection.dialect.name == "postgresql" else orjson.dumps(unique).decode()


# No ORDER BY: SQLite would walk the whole run in the order of `seq`, where the index of voters finds them at once.
_EARLIER = Statement(
    lambda dialect: select(
        BALLOT.c.voter,
        BALLOT.c.slot,
        BALLOT.c.revision,
        BALLOT.c.choices,
        BALLOT.c.nonce,
        BALLOT.c.receipt,
        BALLOT.c.accepted_at_ms,
        BALLOT.c.held,
        BALLOT.c.seq,
    ).where(BALLOT.c.run_id == bindparam("of_run"), _among(dialect, BALLOT.c.voter)),
    "of_run",
    "voters",
)
_CHAIN = Statement(
    lambda _: select(RUN.c.chain_head, RUN.c.ballots, RUN.c.batches).where(RUN.c.id == bindparam("of_run")), "of_run"
)
_ADD_BALLOT = Statement(lambda _: insert(BALLOT), *BALLOT.c.keys(), inserts=True)
_ADD_BATCH = Statement(lambda _: insert(LEDGER_BATCH), *LEDGER_BATCH.c.keys(), inserts=True)
_EXTEND_RUN = Statement(
    lambda _: (
        update(RUN)
        .where(RUN.c.id == bindparam("of_run"))
        .values({name: bindparam(name) for name in ("chain_head", "ballots", "batches")})
    ),
    "chain_head",
    "ballots",
    "batches",
    "of_run",
)
_LIKES = Statement(
    lambda dialect: select(LIKE_TOTAL.c.voter, LIKE_TOTAL.c.choice, LIKE_TOTAL.c.total).where(
        LIKE_TOTAL.c.run_id == bindparam("of_run"), _among(dialect, LIKE_TOTAL.c.voter)
    ),
    "of_run",
    "voters",
)


def earlier_ballots(connection: Connection, run_id: int, voters: Iterable[str]) -> dict[str, list[Cast]]:
    """Return what these voters have cast in a run, oldest first."""
    rows = _EARLIER.rows(connection, run_id, _list(connection, voters))
    rows.sort(key=_seq)
    found: dict[str, list[Cast]] = {}
    for voter, slot, revision, choices, nonce, receipt, accepted_at_ms, held, _ in rows:
        cast = Cast(slot, revision, tuple(choices.split(",")), nonce, receipt, accepted_at_ms, held)
        found.setdefault(voter, []).append(cast)
    return found


class NewBallot(NamedTuple):
    """A ballot before it has a place in the ledger: the columns behind `run_id` and `seq`, in their order."""

    voter: str
    slot: str
    revision: int
    choices: str
    channel: str
    nonce: str
    receipt: str
    accepted_at_ms: int
    held: str


assert ("run_id", "seq", *NewBallot._fields) == tuple(BALLOT.c.keys())


def append_ballots(connection: Connection, run_id: int, ballots: Sequence[NewBallot], now_ms: int) -> None:
    """Add a batch to the run's ledger and extend its chain."""
    ((chain_head, before, batches),) = _CHAIN.rows(connection, run_id)
    rows = [(run_id, seq, *each) for seq, each in enumerate(ballots, before + 1)]
    _ADD_BALLOT.each(connection, rows)
    head = ledger.extend(chain_head, [_line(*row) for row in rows])
    number, last_seq = batches + 1, before + len(rows)
    _ADD_BATCH.run(connection, run_id, number, last_seq, head, now_ms)
    _EXTEND_RUN.run(connection, head, last_seq, number, run_id)


def _line(
    run_id: int, seq: int, voter: str, slot: str, revision: int, choices: str, channel: str, _nonce: str, receipt: str,
    accepted_at_ms: int, held: str,
) -> LedgerLine:  # fmt: skip
    """Turn a stored ballot into the line that the ledger shows and the chain hashes."""
    name = ledger.pseudonym(str(run_id), voter)
    return LedgerLine(seq, receipt, name, slot, revision, tuple(choices.split(",")), channel, accepted_at_ms, held)


def read_ledger(connection: Connection, run_id: int) -> tuple[list[LedgerLine], list[Row[Any]]]:
    """Return a run's lines in order, and its batches."""
    rows = connection.execute(select(BALLOT).where(BALLOT.c.run_id == run_id).order_by(BALLOT.c.seq))
    lines = [_line(*row) for row in rows]
    batches = connection.execute(
        select(LEDGER_BATCH).where(LEDGER_BATCH.c.run_id == run_id).order_by(LEDGER_BATCH.c.number)
    )
    return lines, list(batches)


def add_to_timeline(
    connection: Connection, run_id: int, at_s: int, votes: Mapping[str, int], likes: Mapping[str, int]
) -> None:
    """Add what this batch counted to the second in which it was committed. A changed vote may take one away."""
    rows = [(run_id, at_s, key, votes.get(key, 0), likes.get(key, 0)) for key in sorted(votes.keys() | likes.keys())]
    if rows:
        _ADD_TO_TIMELINE.each(connection, rows)


def _timeline_upsert(dialect: str) -> Any:
    statement = upsert(dialect, TIMELINE)
    return statement.on_conflict_do_update(
        index_elements=["run_id", "at_s", "choice"],
        set_={
            "votes": TIMELINE.c.votes + statement.excluded.votes,
            "likes": TIMELINE.c.likes + statement.excluded.likes,
        },
    )


_ADD_TO_TIMELINE = Statement(_timeline_upsert, *TIMELINE.c.keys(), inserts=True)


def like_totals(connection: Connection, run_id: int, voters: Iterable[str]) -> dict[str, dict[str, int]]:
    """Return what stands for these voters, by choice."""
    found: dict[str, dict[str, int]] = {}
    for voter, choice, total in _LIKES.rows(connection, run_id, _list(connection, voters)):
        found.setdefault(voter, {})[choice] = total
    return found


class NewLikes(NamedTuple):
    """What now stands for a voter and side."""

    run_id: int
    voter: str
    choice: str
    total: int
    channel: str
    updated_at_ms: int


assert NewLikes._fields == tuple(LIKE_TOTAL.c.keys())


def put_like_totals(connection: Connection, rows: Sequence[NewLikes]) -> None:
    _PUT_LIKES.each(connection, rows)


def _likes_upsert(dialect: str) -> Any:
    statement = upsert(dialect, LIKE_TOTAL)
    return statement.on_conflict_do_update(
        index_elements=["run_id", "voter", "choice"],
        set_={"total": statement.excluded.total, "updated_at_ms": statement.excluded.updated_at_ms},
    )


_PUT_LIKES = Statement(_likes_upsert, *NewLikes._fields, inserts=True)


def recount(
    connection: Connection,
    run_id: int,
    choices: Sequence[str],
    voided: Collection[str] = (),
    released: Collection[str] = (),
) -> Counts:
    """Count a run from its ballots and likes: the highest revision of a slot is what counts, what is held back is
    counted apart, and a voided channel stands beside the whole.
    """
    counts = _zero(choices)
    counts.voided = frozenset(voided)

    def of(channel: str) -> Counts:
        return counts.channels.setdefault(channel, _zero(choices))

    # By one walk and a sort, not a join with itself: what plan PostgreSQL makes of that hangs on statistics which a
    # round of ten thousand new ballots has outrun, and a lock must not wait for.
    newest = func.row_number().over(partition_by=(BALLOT.c.voter, BALLOT.c.slot), order_by=BALLOT.c.revision.desc())
    standing = (
        select(BALLOT.c.choices, BALLOT.c.channel, BALLOT.c.held, newest.label("place"))
        .where(BALLOT.c.run_id == run_id)
        .subquery()
    )
    for row in connection.execute(
        select(standing.c.choices, standing.c.channel, standing.c.held, func.count().label("ballots"))
        .where(standing.c.place == 1)
        .group_by(standing.c.choices, standing.c.channel, standing.c.held)
    ):
        counted = not row.held or row.held in released
        votes = of(row.channel).votes if counted else _held(counts, row.held, choices).votes
        for key in row.choices.split(","):
            votes[key] = votes.get(key, 0) + row.ballots
    for row in connection.execute(
        select(
            BALLOT.c.channel,
            BALLOT.c.held,
            func.count().label("ballots"),
            func.count(BALLOT.c.voter.distinct()).label("voters"),
        )
        .where(BALLOT.c.run_id == run_id)
        .group_by(BALLOT.c.channel, BALLOT.c.held)
    ):
        # A voter is held by one rule or by none, and takes part by one channel: the sums count nobody twice.
        if not row.held or row.held in released:
            of(row.channel).turnout += row.voters
        else:
            _held(counts, row.held, choices).ballots += row.ballots
    for row in connection.execute(
        select(LIKE_TOTAL.c.choice, LIKE_TOTAL.c.channel, func.sum(LIKE_TOTAL.c.total).label("likes"))
        .where(LIKE_TOTAL.c.run_id == run_id)
        .group_by(LIKE_TOTAL.c.choice, LIKE_TOTAL.c.channel)
    ):
        likes = of(row.channel).likes
        likes[row.choice] = likes.get(row.choice, 0) + int(row.likes)
    for channel, each in counts.channels.items():
        if channel not in counts.voided:
            counts.add(each)
    return counts


def _held(counts: Counts, rule: str, choices: Sequence[str]) -> Held:
    return counts.held.setdefault(rule, Held(votes=dict.fromkeys(choices, 0)))


def voters_of(connection: Connection, run_id: int) -> set[str]:
    return set(connection.scalars(select(BALLOT.c.voter).where(BALLOT.c.run_id == run_id).distinct()))


def people_seen(connection: Connection, session_id: int) -> set[str]:
    """Return everybody who has voted or liked in a session."""
    runs = select(RUN.c.id).join(ROUND, ROUND.c.id == RUN.c.round_id).where(ROUND.c.session_id == session_id)
    voters = set(connection.scalars(select(BALLOT.c.voter).where(BALLOT.c.run_id.in_(runs)).distinct()))
    return voters | set(connection.scalars(select(LIKE_TOTAL.c.voter).where(LIKE_TOTAL.c.run_id.in_(runs)).distinct()))


def chain_head(connection: Connection, run_id: int) -> tuple[str, int]:
    """Return the head of a run's chain, and how many ballots it covers."""
    row = connection.execute(select(RUN.c.chain_head, RUN.c.ballots).where(RUN.c.id == run_id)).one()
    return row.chain_head, row.ballots


def timeline(connection: Connection, run_ids: Sequence[int]) -> list[Row[Any]]:
    return list(
        connection.execute(
            select(TIMELINE.c.at_s, TIMELINE.c.run_id, TIMELINE.c.choice, TIMELINE.c.votes, TIMELINE.c.likes)
            .where(TIMELINE.c.run_id.in_(run_ids))
            .order_by(TIMELINE.c.at_s, TIMELINE.c.choice)
        )
    )


def put_audience(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store the present minute of each session; the greatest number on line stays."""
    statement = upsert(connection.dialect.name, AUDIENCE_MINUTE)
    statement = statement.on_conflict_do_update(
        index_elements=["session_id", "minute_ms"],
        set_={
            "online": statement.excluded.online,
            "online_at_ms": statement.excluded.online_at_ms,
            "seen": statement.excluded.seen,
        },
        where=statement.excluded.online >= AUDIENCE_MINUTE.c.online,
    )
    connection.execute(statement, rows)


def audience(connection: Connection, session_id: int) -> list[Row[Any]]:
    return list(
        connection.execute(
            select(AUDIENCE_MINUTE)
            .where(AUDIENCE_MINUTE.c.session_id == session_id)
            .order_by(AUDIENCE_MINUTE.c.minute_ms)
        )
    )


def _zero(choices: Sequence[str]) -> Counts:
    return Counts(votes=dict.fromkeys(choices, 0), likes=dict.fromkeys(choices, 0))
