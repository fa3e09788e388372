"""The ledger, the likes and the timeline in the database. Every function works in its caller's transaction."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from app.domain import ledger
from app.domain.ballot import Cast
from app.domain.ledger import LedgerLine
from app.domain.tally import Counts, Held
from app.storage.tables import AUDIENCE_MINUTE, BALLOT, LEDGER_BATCH, LIKE_TOTAL, ROUND, RUN, TIMELINE, upsert

_IN_MAX = 500

# Prepared once: building a statement anew costs more than running it.
_EARLIER = (
    select(
        BALLOT.c.voter,
        BALLOT.c.slot,
        BALLOT.c.revision,
        BALLOT.c.choices,
        BALLOT.c.nonce,
        BALLOT.c.receipt,
        BALLOT.c.accepted_at_ms,
        BALLOT.c.held,
    )
    .where(BALLOT.c.run_id == bindparam("run_id"), BALLOT.c.voter.in_(bindparam("voters", expanding=True)))
    .order_by(BALLOT.c.seq)
)
_CHAIN = select(RUN.c.chain_head, RUN.c.ballots, RUN.c.batches).where(RUN.c.id == bindparam("run_id"))
_ADD_BALLOT = insert(BALLOT)
_ADD_BATCH = insert(LEDGER_BATCH)
_EXTEND_RUN = update(RUN).where(RUN.c.id == bindparam("of_run"))
_LIKES = select(LIKE_TOTAL.c.voter, LIKE_TOTAL.c.choice, LIKE_TOTAL.c.total).where(
    LIKE_TOTAL.c.run_id == bindparam("run_id"), LIKE_TOTAL.c.voter.in_(bindparam("voters", expanding=True))
)


def earlier_ballots(connection: Connection, run_id: int, voters: Iterable[str]) -> dict[str, list[Cast]]:
    """Return what these voters have cast in a run, oldest first."""
    found: dict[str, list[Cast]] = defaultdict(list)
    for some in _chunks(sorted(set(voters))):
        for row in connection.execute(_EARLIER, {"run_id": run_id, "voters": some}):
            found[row.voter].append(
                Cast(
                    row.slot,
                    row.revision,
                    tuple(row.choices.split(",")),
                    row.nonce,
                    row.receipt,
                    row.accepted_at_ms,
                    row.held,
                )
            )
    return found


def append_ballots(connection: Connection, run_id: int, ballots: Sequence[Mapping[str, Any]], now_ms: int) -> None:
    """Add a batch to the run's ledger and extend its chain. `ballots` lack only `run_id` and `seq`."""
    run = connection.execute(_CHAIN, {"run_id": run_id}).one()
    rows = [{"run_id": run_id, "seq": run.ballots + i, **each} for i, each in enumerate(ballots, 1)]
    connection.execute(_ADD_BALLOT, rows)
    head = ledger.extend(run.chain_head, (ledger_line(run_id, row) for row in rows))
    number, last_seq = run.batches + 1, run.ballots + len(rows)
    connection.execute(
        _ADD_BATCH,
        {"run_id": run_id, "number": number, "last_seq": last_seq, "head": head, "committed_at_ms": now_ms},
    )
    connection.execute(_EXTEND_RUN, {"of_run": run_id, "chain_head": head, "ballots": last_seq, "batches": number})


def ledger_line(run_id: int, row: Mapping[str, Any]) -> LedgerLine:
    """Turn a stored ballot into the line that the ledger shows and the chain hashes."""
    return LedgerLine(
        row["seq"],
        row["receipt"],
        ledger.pseudonym(str(run_id), row["voter"]),
        row["slot"],
        row["revision"],
        tuple(row["choices"].split(",")),
        row["channel"],
        row["accepted_at_ms"],
        row["held"],
    )


def read_ledger(connection: Connection, run_id: int) -> tuple[list[LedgerLine], list[Row[Any]]]:
    """Return a run's lines in order, and its batches."""
    rows = connection.execute(select(BALLOT).where(BALLOT.c.run_id == run_id).order_by(BALLOT.c.seq)).mappings()
    lines = [ledger_line(run_id, dict(row)) for row in rows]
    batches = connection.execute(
        select(LEDGER_BATCH).where(LEDGER_BATCH.c.run_id == run_id).order_by(LEDGER_BATCH.c.number)
    )
    return lines, list(batches)


def add_to_timeline(
    connection: Connection, run_id: int, at_s: int, votes: Mapping[str, int], likes: Mapping[str, int]
) -> None:
    """Add what this batch counted to the second in which it was committed. A changed vote may take one away."""
    rows = [
        {
            "run_id": run_id,
            "at_s": at_s,
            "choice": key,
            "votes": votes.get(key, 0),
            "likes": likes.get(key, 0),
        }
        for key in sorted(votes.keys() | likes.keys())
    ]
    if rows:
        connection.execute(_timeline_upsert(connection.dialect.name), rows)


@cache
def _timeline_upsert(dialect: str) -> Any:
    statement = upsert(dialect, TIMELINE)
    return statement.on_conflict_do_update(
        index_elements=["run_id", "at_s", "choice"],
        set_={
            "votes": TIMELINE.c.votes + statement.excluded.votes,
            "likes": TIMELINE.c.likes + statement.excluded.likes,
        },
    )


def like_totals(connection: Connection, run_id: int, voters: Iterable[str]) -> dict[str, dict[str, int]]:
    """Return what stands for these voters, by choice."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for some in _chunks(sorted(set(voters))):
        for row in connection.execute(_LIKES, {"run_id": run_id, "voters": some}):
            found[row.voter][row.choice] = row.total
    return found


def put_like_totals(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(_likes_upsert(connection.dialect.name), rows)


@cache
def _likes_upsert(dialect: str) -> Any:
    statement = upsert(dialect, LIKE_TOTAL)
    return statement.on_conflict_do_update(
        index_elements=["run_id", "voter", "choice"],
        set_={"total": statement.excluded.total, "updated_at_ms": statement.excluded.updated_at_ms},
    )


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

    later = BALLOT.alias("later")
    standing = ~(
        select(1)
        .where(
            later.c.run_id == BALLOT.c.run_id,
            later.c.voter == BALLOT.c.voter,
            later.c.slot == BALLOT.c.slot,
            later.c.revision > BALLOT.c.revision,
        )
        .exists()
    )
    for row in connection.execute(
        select(BALLOT.c.choices, BALLOT.c.channel, BALLOT.c.held, func.count().label("ballots"))
        .where(BALLOT.c.run_id == run_id, standing)
        .group_by(BALLOT.c.choices, BALLOT.c.channel, BALLOT.c.held)
    ):
        counted = not row.held or row.held in released
        votes = of(row.channel).votes if counted else _held(counts, row.held, choices).votes
        for key in row.choices.split(","):
            votes[key] += row.ballots
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
        of(row.channel).likes[row.choice] += int(row.likes)
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


def _chunks(values: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(values), _IN_MAX):
        yield values[start : start + _IN_MAX]
