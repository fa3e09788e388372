"""rehearsals: a session that is one, and what may be deleted of it alone

A rehearsal is marked when it is made, and the mark stands: triggers refuse to set it, to take it off, to put a real
session, round or run in its place, and to move rounds or runs from one session to another. What can only be added may
be deleted where the mark stands, and nowhere else.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op

revision: str = "20261129_rehearsal"
down_revision: str | None = "20261129_air"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OF_RUN = ("ballot", "ledger_batch", "correction")
OF_SESSION = ("audit_entry", "external_tally")
REHEARSED_RUN = (
    "EXISTS (SELECT 1 FROM run JOIN round ON round.id = run.round_id JOIN arena_session ON arena_session.id = "
    "round.session_id WHERE run.id = {run} AND arena_session.rehearsal_of IS NOT NULL)"
)
REHEARSED_SESSION = (
    "EXISTS (SELECT 1 FROM arena_session WHERE arena_session.id = {session} AND arena_session.rehearsal_of IS NOT NULL)"
)
OTHER_PARENT = {
    "arena_session": ("id", "rehearsal_of"),
    "round": ("id", "session_id"),
    "run": ("id", "round_id"),
}
"""What says whose a row is: it stands as it was made."""
OF_NONE = (
    "NEW.rehearsal_of IS NOT NULL AND NOT EXISTS "
    "(SELECT 1 FROM arena_session real WHERE real.id = NEW.rehearsal_of AND real.rehearsal_of IS NULL)"
)


def upgrade() -> None:
    # No foreign key: real sessions are never deleted, and a trigger asks more than a key could. SQLite would also have
    # to copy the table, whose rows others refer to.
    op.add_column("arena_session", sa.Column("rehearsal_of", sa.Integer(), nullable=True))
    op.create_index("ix_arena_session_rehearsal_of", "arena_session", ["rehearsal_of"], unique=True)
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _sqlite() -> None:
    for table in (*OF_RUN, *OF_SESSION):
        op.execute(f"DROP TRIGGER {table}_no_delete")
        mark = REHEARSED_RUN.format(run="OLD.run_id") if table in OF_RUN else _of_session("OLD.session_id")
        _refuse_on_sqlite(f"{table}_no_delete", f"DELETE ON {table}", f"NOT {mark}", f"{table} is append only")
    for table, columns in OTHER_PARENT.items():
        changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in columns)
        what = f"UPDATE OF {', '.join(columns)} ON {table}"
        _refuse_on_sqlite(f"{table}_stays", what, changed, f"{table} stays whose it is")
        # REPLACE deletes what stands there, and no trigger of a deletion sees it.
        same = f"SELECT 1 FROM {table} WHERE id = NEW.id"
        other = {
            "arena_session": "code = NEW.code",
            "round": "session_id = NEW.session_id AND number = NEW.number",
            "run": "round_id = NEW.round_id AND number = NEW.number",
        }[table]
        _refuse_on_sqlite(
            f"{table}_no_replace", f"INSERT ON {table}", f"EXISTS ({same} OR ({other}))", f"{table} is there already"
        )
    _refuse_on_sqlite(
        "arena_session_of_real",
        "INSERT ON arena_session",
        OF_NONE,
        "arena_session: a rehearsal is of a real session",
    )
    _refuse_on_sqlite(
        "arena_session_no_delete",
        "DELETE ON arena_session",
        "OLD.rehearsal_of IS NULL",
        "arena_session: only a rehearsal can be deleted",
    )


def _of_session(session: str) -> str:
    return REHEARSED_SESSION.format(session=session)


def _refuse_on_sqlite(name: str, what: str, when: str, sentence: str) -> None:
    op.execute(f"CREATE TRIGGER {name} BEFORE {what} WHEN {when} BEGIN SELECT RAISE(ABORT, '{sentence}'); END")


def _postgresql() -> None:
    for kind, mark in (
        ("run", REHEARSED_RUN.format(run="OLD.run_id")),
        ("session", REHEARSED_SESSION.format(session="OLD.session_id")),
    ):
        op.execute(
            f"CREATE FUNCTION refuse_unless_rehearsed_{kind}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {mark} THEN RETURN OLD; END IF; "
            "RAISE EXCEPTION '% is append only', TG_TABLE_NAME; END $$"
        )
    for table in (*OF_RUN, *OF_SESSION):
        kind = "run" if table in OF_RUN else "session"
        op.execute(f"DROP TRIGGER {table}_no_delete ON {table}")
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION refuse_unless_rehearsed_{kind}()"
        )
    op.execute(
        "CREATE FUNCTION refuse_other_parent() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% stays whose it is', TG_TABLE_NAME; END $$"
    )
    for table, columns in OTHER_PARENT.items():
        changed = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE OF {', '.join(columns)} ON {table} "
            f"FOR EACH ROW WHEN ({changed}) EXECUTE FUNCTION refuse_other_parent()"
        )
    op.execute(
        "CREATE FUNCTION refuse_rehearsal_of_none() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {OF_NONE} THEN RAISE EXCEPTION 'arena_session: a rehearsal is of a real session'; END IF; "
        "RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER arena_session_of_real BEFORE INSERT ON arena_session "
        "FOR EACH ROW EXECUTE FUNCTION refuse_rehearsal_of_none()"
    )
    op.execute(
        "CREATE FUNCTION refuse_real_session() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'arena_session: only a rehearsal can be deleted'; END $$"
    )
    op.execute(
        "CREATE TRIGGER arena_session_no_delete BEFORE DELETE ON arena_session "
        "FOR EACH ROW WHEN (OLD.rehearsal_of IS NULL) EXECUTE FUNCTION refuse_real_session()"
    )


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    made = [(f"{table}_no_delete", table) for table in (*OF_RUN, *OF_SESSION, "arena_session")]
    made += [(f"{table}_stays", table) for table in OTHER_PARENT]
    made += [(f"{table}_no_replace", table) for table in OTHER_PARENT] if on_sqlite else []
    for name, table in (*made, ("arena_session_of_real", "arena_session")):
        op.execute(f"DROP TRIGGER {name}" + ("" if on_sqlite else f" ON {table}"))
    for table in (*OF_RUN, *OF_SESSION):
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            + (
                f"BEGIN SELECT RAISE(ABORT, '{table} is append only'); END"
                if on_sqlite
                else "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
        )
    if not on_sqlite:
        functions = ("unless_rehearsed_run", "unless_rehearsed_session", "other_parent", "rehearsal_of_none")
        for name in (*functions, "real_session"):
            op.execute(f"DROP FUNCTION refuse_{name}()")
    op.drop_index("ix_arena_session_rehearsal_of", "arena_session")
    op.drop_column("arena_session", "rehearsal_of")
