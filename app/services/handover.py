"""Two people at two consoles: a command may say what its sender looked at, and until when it is meant.

Every act on a round writes down, in the audit log, the revision of the session that it made. So who presses on an older
view is told what was done since and by whom, and nothing is done.
"""

from typing import Any

from sqlalchemy import Connection

from app.domain import handover
from app.domain.errors import CommandLate, RevisionStale
from app.domain.handover import Act
from app.domain.session import Session
from app.services.arena import Arena
from app.storage import crew

ENTRIES_MAX = 50
CHANGES_MAX = 10


def require_fresh(connection: Connection, session: Session, seen: int | None, number: int | None, now_ms: int) -> None:
    """Refuse a command whose sender had not seen the last act on the round, or on any round where `number` is None.

    Cuts of the overlay and edits of titles do not count: they change nothing that a command does.

    Raises:
        RevisionStale: with the `revision` that stands and the `changes` since, newest first.
    """
    if seen is None or seen == session.revision:
        return
    entries = crew.last_acts_on_rounds(connection, session.id, number, ENTRIES_MAX)
    since = [act for act in map(_act, entries) if act.revision > seen][:CHANGES_MAX]
    if since or seen > session.revision:
        raise RevisionStale(
            handover.told(since, now_ms), revision=session.revision, changes=[each.document() for each in since]
        )


def require_in_time(arena: Arena, until_ms: int | None) -> None:
    """Refuse a command that was on its way for too long: who pressed it was told that it had failed.

    Raises:
        CommandLate
    """
    late_ms = 0 if until_ms is None else arena.clock.now_ms() - until_ms
    if late_ms > 0:
        raise CommandLate(
            f"This command came {late_ms / 1000:.1f} s after its time, so nothing was done; look at the state, and "
            "press again if it is still wanted.",
            late_ms=late_ms,
        )


def _act(entry: Any) -> Act:
    return Act(
        revision=(entry.after or {}).get("revision", 0),
        action=entry.action,
        round=entry.round,
        actor=entry.actor,
        role=entry.role,
        at_ms=entry.at_ms,
    )
