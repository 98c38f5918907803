"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create them. A migration says what was true then: it does not import today's schema."""
    op.create_table(
        "journeys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger()),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("entered", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text()),
        sa.Column("key", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("journeys_due", "journeys", ["due"], sqlite_where=sa.text("due IS NOT NULL"))
    op.create_index("journeys_status", "journeys", ["status", "id"])
    op.create_index("journeys_flow", "journeys", ["flow", "id"])
    op.create_index("journeys_flow_state", "journeys", ["flow", "state", "id"])
    op.create_index("journeys_count", "journeys", ["flow", "status", "state"])
    op.create_index(
        "journeys_flow_key",
        "journeys",
        ["flow", "key"],
        unique=True,
        sqlite_where=sa.text('"key" IS NOT NULL'),
    )
    op.create_table(
        "journey_data",
        sa.Column("journey", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("journey"),
        sa.ForeignKeyConstraint(["journey"], ["journeys.id"], ondelete="CASCADE"),
    )
    op.create_table(
        "transitions",
        sa.Column("journey", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("dest", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("duration", sa.Float()),
        sa.Column("endpoint", sa.Text()),
        sa.Column("http_status", sa.Integer()),
        sa.Column("mcode", sa.Text()),
        sa.Column("worker", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.PrimaryKeyConstraint("journey", "seq"),
        sa.ForeignKeyConstraint(["journey"], ["journeys.id"], ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "inbox",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("journey", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text()),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sa.ForeignKeyConstraint(["journey"], ["journeys.id"], ondelete="CASCADE"),
    )
    op.create_index("inbox_pending", "inbox", ["journey", "kind", "at"], sqlite_where=sa.text("verdict IS NULL"))
    op.create_index("inbox_journey", "inbox", ["journey"])
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
