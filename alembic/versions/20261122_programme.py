"""programme: seasons, people, promotion with its record, visits, the card's formula

The record of moves can only be added to, as the ledger: triggers refuse the rest, whoever asks.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op

revision: str = "20261122_programme"
down_revision: str | None = "20261122_cluster"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    _people_and_seasons()
    _sessions_of_seasons()
    _visits()
    op.create_table(
        "card_formula",
        sa.Column("show_id", sa.Integer(), nullable=False),
        sa.Column("stars", sa.JSON(), nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger(), nullable=False),
        _refers("card_formula", "show_id", "show"),
        sa.PrimaryKeyConstraint("show_id", name=op.f("pk_card_formula")),
    )
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for what in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER move_no_{what.lower()} BEFORE {what} ON move "
            + (
                "BEGIN SELECT RAISE(ABORT, 'move is append only'); END"
                if on_sqlite
                else "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
        )
    if not on_sqlite:
        op.execute(
            "CREATE TRIGGER move_no_truncate BEFORE TRUNCATE ON move "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )


def _people_and_seasons() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("show_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("organisation", sa.String(length=120), nullable=False),
        sa.Column("sector", sa.String(length=60), nullable=False),
        sa.Column("portrait_url", sa.String(length=500), nullable=False),
        sa.Column("clip_url", sa.String(length=500), nullable=False),
        sa.Column("slogan", sa.String(length=200), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        _refers("person", "show_id", "show"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("show_id", "key", name=op.f("uq_person_show_id_key")),
    )
    op.create_index(op.f("ix_person_show_id"), "person", ["show_id"])
    op.create_table(
        "season",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("show_id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("public_stage", sa.String(length=16), nullable=False),
        sa.Column("formula", sa.JSON(), nullable=True),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        _refers("season", "show_id", "show"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_season")),
        sa.UniqueConstraint("show_id", "slug", name=op.f("uq_season_show_id_slug")),
    )
    op.create_index(op.f("ix_season_show_id"), "season", ["show_id"])
    op.create_table(
        "entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("season_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("unit", sa.String(length=120), nullable=False),
        sa.Column("entered_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("moved_at_ms", sa.BigInteger(), nullable=False),
        _refers("entry", "season_id", "season"),
        _refers("entry", "person_id", "person"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
        sa.UniqueConstraint("season_id", "person_id", name=op.f("uq_entry_season_id_person_id")),
    )
    op.create_index(op.f("ix_entry_season_id"), "entry", ["season_id"])
    op.create_index(op.f("ix_entry_person_id"), "entry", ["person_id"])
    op.create_table(
        "move",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("season_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("from_stage", sa.String(length=16), nullable=True),
        sa.Column("to_stage", sa.String(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("basis", sa.JSON(), nullable=False),
        _refers("move", "season_id", "season"),
        _refers("move", "entry_id", "entry"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_move")),
    )
    op.create_index(op.f("ix_move_season_id"), "move", ["season_id"])
    op.create_index(op.f("ix_move_entry_id"), "move", ["entry_id"])


def _sessions_of_seasons() -> None:
    op.create_table(
        "season_session",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("season_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=True),
        sa.Column("winner", sa.String(length=32), nullable=True),
        _refers("season_session", "session_id", "arena_session"),
        _refers("season_session", "season_id", "season"),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_season_session")),
    )
    op.create_index(op.f("ix_season_session_season_id"), "season_session", ["season_id"])
    op.create_table(
        "session_person",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("contestant", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        _refers("session_person", "session_id", "arena_session"),
        _refers("session_person", "person_id", "person"),
        sa.PrimaryKeyConstraint("session_id", "contestant", name=op.f("pk_session_person")),
    )
    op.create_index(op.f("ix_session_person_person_id"), "session_person", ["person_id"])


def _visits() -> None:
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("contestant", sa.String(length=32), nullable=False),
        sa.Column("contestant_name", sa.String(length=60), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("organisation", sa.String(length=120), nullable=False),
        sa.Column("district", sa.String(length=60), nullable=False),
        sa.Column("topic", sa.String(length=120), nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("asker_name", sa.String(length=60), nullable=False),
        sa.Column("asker_phone", sa.String(length=24), nullable=False),
        sa.Column("wanted", sa.String(length=120), nullable=False),
        sa.Column("message", sa.String(length=500), nullable=False),
        sa.Column("asked_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("starts_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("duration_min", sa.Integer(), nullable=True),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("taught", sa.Integer(), nullable=True),
        sa.Column("delivered_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("purge_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("purged_at_ms", sa.BigInteger(), nullable=True),
        _refers("visit", "session_id", "arena_session"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint("digest", name=op.f("uq_visit_digest")),
    )
    op.create_index(op.f("ix_visit_session_id"), "visit", ["session_id"])
    op.create_index(op.f("ix_visit_purge_at_ms"), "visit", ["purge_at_ms"])


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for what in ("update", "delete") if on_sqlite else ("update", "delete", "truncate"):
        op.execute(f"DROP TRIGGER move_no_{what}" + ("" if on_sqlite else " ON move"))
    tables = ("card_formula", "visit", "session_person", "season_session", "move", "entry", "season", "person")
    for table in tables:
        op.drop_table(table)
