"""air: what is next, panic, and the log of the air as it was seen"""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op

revision: str = "20261129_air"
down_revision: str | None = "20261122_programme"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("arena_session", sa.Column("preview", sa.String(length=16), nullable=False, server_default="board"))
    op.add_column("arena_session", sa.Column("panicked_at_ms", sa.BigInteger(), nullable=True))
    op.create_table(
        "air_entry",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("overlay", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("scene", sa.String(length=16), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("fps", sa.Float(), nullable=True),
        sa.Column("visible", sa.Boolean(), nullable=True),
        sa.Column("behind_ms", sa.BigInteger(), nullable=True),
        sa.Column("stale_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["arena_session.id"], name=op.f("fk_air_entry_session_id_arena_session")
        ),
        sa.PrimaryKeyConstraint("session_id", "number", name=op.f("pk_air_entry")),
    )


def downgrade() -> None:
    op.drop_table("air_entry")
    for column in ("panicked_at_ms", "preview"):
        op.drop_column("arena_session", column)
