"""What a million journeys are listed by, newest first or by time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Put those of a kind in order of id, and add the index of those whose ids do not tell when they were created."""
    # A big table takes longer than an ordinary statement may.
    op.execute("SET LOCAL statement_timeout = 0")
    op.drop_index("journeys_count", "journeys")
    op.create_index("journeys_count", "journeys", ["flow", "status", "state", "id"])
    op.create_index(
        "journeys_astray", "journeys", ["id"],
        postgresql_where=sa.text(
            "(substr(id, 1, 8) NOT BETWEEN lpad(to_hex(created / 65536000 - 1), 8, '0') "
            "AND lpad(to_hex(created / 65536000 + 1), 8, '0') OR updated < created)"
        ),
    )  # fmt: skip
