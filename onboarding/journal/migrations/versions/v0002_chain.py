"""A signature in every transition; those written before have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add its column."""
    op.add_column("transitions", sa.Column("mac", sa.LargeBinary()))
