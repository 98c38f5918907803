"""What tells a restored backup or a copy from the journal itself, and what bounds the checks of doubts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the count of commits, the mark of journeys that a restored journal holds, and the uses of budgets."""
    op.add_column("journeys", sa.Column("restored", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table("commits", sa.Column("number", sa.BigInteger(), nullable=False))
    op.execute("INSERT INTO commits (number) VALUES (0)")
    op.create_table(
        "uses",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("budget", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("uses_budget", "uses", ["budget", "at"])
