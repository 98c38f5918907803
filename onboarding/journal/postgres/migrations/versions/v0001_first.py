"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _id() -> sa.Text:
    """Ids are compared byte by byte, as Python does it, whatever the database's language."""
    return sa.Text(collation="C")


def upgrade() -> None:
    """Create them. A migration says what was true then: it does not import today's schema."""
    op.create_table(
        "workers",
        # A number is never given twice: it is the fence.
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "journeys",
        sa.Column("id", _id(), primary_key=True),
        sa.Column("flow", _id(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", _id(), nullable=False),
        sa.Column("status", _id(), nullable=False),
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
        sa.Column("restored", sa.BigInteger(), nullable=False, server_default="0"),
        # Not a foreign key: who takes a worker off the list lets go of its journeys in the same transaction.
        sa.Column("owner", sa.BigInteger()),
    )
    op.create_index("journeys_due", "journeys", ["due", "id"], postgresql_where=sa.text("due IS NOT NULL"))
    op.create_index("journeys_status", "journeys", ["status", "id"])
    op.create_index("journeys_flow", "journeys", ["flow", "id"])
    op.create_index("journeys_flow_state", "journeys", ["flow", "state", "id"])
    op.create_index("journeys_count", "journeys", ["flow", "status", "state"])
    op.create_index(
        "journeys_flow_key", "journeys", ["flow", "key"], unique=True, postgresql_where=sa.text("key IS NOT NULL")
    )
    op.create_index("journeys_owner", "journeys", ["owner"], postgresql_where=sa.text("owner IS NOT NULL"))
    op.create_table(
        "journey_data",
        sa.Column("journey", _id(), sa.ForeignKey("journeys.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
    )
    # Sealed data look like noise: to try to compress them is work for nothing.
    op.execute("ALTER TABLE journey_data ALTER COLUMN data SET STORAGE EXTERNAL")
    op.create_table(
        "transitions",
        sa.Column("journey", _id(), sa.ForeignKey("journeys.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("dest", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("duration", sa.Double()),
        sa.Column("endpoint", sa.Text()),
        sa.Column("http_status", sa.Integer()),
        sa.Column("mcode", sa.Text()),
        sa.Column("worker", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.Column("mac", sa.LargeBinary()),
    )
    op.create_table(
        "inbox",
        sa.Column("number", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("id", _id(), nullable=False, unique=True),
        sa.Column("journey", _id(), sa.ForeignKey("journeys.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.Text()),
    )
    op.create_index("inbox_pending", "inbox", ["journey", "kind", "at"], postgresql_where=sa.text("verdict IS NULL"))
    op.create_index("inbox_journey", "inbox", ["journey"])
    op.create_table(
        "uses",
        sa.Column("number", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("budget", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("uses_budget", "uses", ["budget", "at"])
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.LargeBinary(), nullable=False),
    )
