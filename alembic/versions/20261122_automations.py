"""automations: what is called when something happens in a session"""

from collections.abc import Sequence

import sqlalchemy as sa

from alembic import op

revision: str = "20261122_automations"
down_revision: str | None = "20261122_proof"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "automation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("trigger", sa.String(length=32), nullable=False),
        sa.Column("every_ms", sa.Integer(), nullable=True),
        sa.Column("milestone", sa.Integer(), nullable=True),
        sa.Column("action", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["arena_session.id"], name=op.f("fk_automation_session_id_arena_session")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automation")),
    )
    op.create_index(op.f("ix_automation_session_id"), "automation", ["session_id"])


def downgrade() -> None:
    op.drop_table("automation")
