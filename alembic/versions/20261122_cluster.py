"""cluster: running tallies, snapshots and presence, which several processes share

On PostgreSQL also the commits' clock: a sequence, for it must not go back with a transaction that fails.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op

revision: str = "20261122_cluster"
down_revision: str | None = "20261122_automations"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("origin", sa.Column("secret_check", sa.String(length=64), nullable=False, server_default=""))
    op.create_table(
        "running_tally",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_running_tally_run_id_run")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_running_tally")),
    )
    op.create_table(
        "snapshot",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["arena_session.id"], name=op.f("fk_snapshot_session_id_arena_session")
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_snapshot")),
    )
    op.create_table(
        "presence",
        sa.Column("worker", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("online", sa.Integer(), nullable=False),
        sa.Column("overlays", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["arena_session.id"], name=op.f("fk_presence_session_id_arena_session")
        ),
        sa.PrimaryKeyConstraint("worker", "session_id", name=op.f("pk_presence")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SEQUENCE commit_clock MINVALUE 0 START 0")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SEQUENCE commit_clock")
    for table in ("presence", "snapshot", "running_tally"):
        op.drop_table(table)
    op.drop_column("origin", "secret_check")
