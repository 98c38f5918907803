"""The journeys whose ids do not tell when they were created: with them, lists by time read what they show."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add their index."""
    op.create_index(
        "journeys_astray",
        "journeys",
        ["id"],
        sqlite_where=sa.text(
            "(substr(id, 1, 8) NOT BETWEEN printf('%08x', created / 65536000 - 1) "
            "AND printf('%08x', created / 65536000 + 1) OR updated < created)"
        ),
    )
