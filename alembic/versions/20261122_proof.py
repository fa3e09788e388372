"""proof: sealed rounds, held ballots, corrections, tickets, external tallies, the audit log in a chain

Ballots, batches, audit entries, corrections and external tallies can only be added from here on: triggers refuse the
rest, whoever asks.
"""

import hashlib
from collections.abc import Sequence

import orjson
import sqlalchemy as sa

from alembic import op

revision: str = "20261122_proof"
down_revision: str | None = "20261122_first_tables"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

APPEND_ONLY = ("ballot", "ledger_batch", "audit_entry", "correction", "external_tally")
CHAIN_START = "0" * 64


def upgrade() -> None:
    # Columns are added in place: SQLite's way round, a copy of the table, would drop rows that others refer to.
    op.add_column("arena_session", sa.Column("ended_at_ms", sa.BigInteger(), nullable=True))
    op.add_column("arena_session", sa.Column("purged_at_ms", sa.BigInteger(), nullable=True))
    op.add_column("arena_session", sa.Column("voter_key", sa.String(length=64), nullable=False, server_default=""))
    op.execute(
        "UPDATE arena_session SET voter_key = (SELECT voter_key FROM show WHERE show.id = arena_session.show_id)"
    )
    op.execute(
        "UPDATE arena_session SET ended_at_ms = coalesce((SELECT max(at_ms) FROM audit_entry "
        "WHERE audit_entry.session_id = arena_session.id), created_at_ms) WHERE ended"
    )
    op.drop_column("show", "voter_key")
    op.add_column("round", sa.Column("sealed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("round", sa.Column("quarantine", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("ballot", sa.Column("held", sa.String(length=16), nullable=False, server_default=""))
    op.add_column("audit_entry", sa.Column("token_id", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("audit_entry", sa.Column("digest", sa.String(length=64), nullable=False, server_default=""))
    _chain_audit()
    _new_tables()
    _refuse_changes()


def _refuse_changes() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    if not on_sqlite:
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append only', TG_TABLE_NAME; END $$"
        )
    for table in APPEND_ONLY:
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append only'); END"
                if on_sqlite
                else f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
        if not on_sqlite:
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )


def _chain_audit() -> None:
    """Chain the entries that stand, each session's to the one before, as every later entry is."""
    entries = sa.table(
        "audit_entry",
        *(sa.column(name) for name in ("id", "session_id", "at_ms", "actor", "role", "action", "round", "detail")),
        sa.column("before", sa.JSON()),
        sa.column("after", sa.JSON()),
        sa.column("token_id"),
        sa.column("digest"),
    )
    heads: dict[int | None, str] = {}
    for row in op.get_bind().execute(sa.select(entries).order_by(entries.c.id)).mappings().all():
        entry = {key: value for key, value in row.items() if key not in ("id", "session_id", "digest")}
        before = heads.get(row["session_id"], CHAIN_START)
        text = before.encode() + b"\n" + orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)
        heads[row["session_id"]] = digest = hashlib.sha256(text).hexdigest()
        op.execute(entries.update().where(entries.c.id == row["id"]).values(digest=digest))


def _new_tables() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("proposed_token_id", sa.Integer(), nullable=False),
        sa.Column("proposed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_proposal_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    op.create_index(op.f("ix_proposal_run_id"), "proposal", ["run_id"])
    op.create_table(
        "correction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_correction_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction")),
        sa.UniqueConstraint("run_id", "number", name=op.f("uq_correction_run_id_number")),
    )
    op.create_table(
        "external_source",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["arena_session.id"], name=op.f("fk_external_source_session_id_arena_session")
        ),
        sa.PrimaryKeyConstraint("session_id", "key", name=op.f("pk_external_source")),
    )
    op.create_table(
        "external_tally",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("taken_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("imported_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("imported_by", sa.String(length=80), nullable=False),
        sa.Column("statement", sa.JSON(), nullable=False),
        sa.Column("public_key", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["arena_session.id"], name=op.f("fk_external_tally_session_id_arena_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_external_tally")),
        sa.UniqueConstraint("session_id", "signature", name=op.f("uq_external_tally_session_id_signature")),
    )
    op.create_index(op.f("ix_external_tally_session_id"), "external_tally", ["session_id"])
    op.create_table(
        "ticket",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.String(length=60), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("used_nonce", sa.String(length=64), nullable=False),
        sa.Column("voided_at_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["arena_session.id"], name=op.f("fk_ticket_session_id_arena_session")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("digest", name=op.f("uq_ticket_digest")),
    )
    op.create_index(op.f("ix_ticket_session_id"), "ticket", ["session_id"])


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for table in APPEND_ONLY:
        for what in ("update", "delete") if on_sqlite else ("update", "delete", "truncate"):
            op.execute(f"DROP TRIGGER {table}_no_{what}" + ("" if on_sqlite else f" ON {table}"))
    if not on_sqlite:
        op.execute("DROP FUNCTION refuse_change()")
    for table in ("ticket", "external_tally", "external_source", "correction", "proposal"):
        op.drop_table(table)
    op.drop_column("audit_entry", "digest")
    op.drop_column("audit_entry", "token_id")
    op.drop_column("ballot", "held")
    op.drop_column("round", "quarantine")
    op.drop_column("round", "sealed")
    op.add_column("show", sa.Column("voter_key", sa.String(length=64), nullable=False, server_default=""))
    op.execute(
        "UPDATE show SET voter_key = coalesce((SELECT voter_key FROM arena_session "
        "WHERE arena_session.show_id = show.id LIMIT 1), '')"
    )
    op.drop_column("arena_session", "voter_key")
    op.drop_column("arena_session", "purged_at_ms")
    op.drop_column("arena_session", "ended_at_ms")
