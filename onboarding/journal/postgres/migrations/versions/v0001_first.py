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
    op.create_index("journeys_count", "journeys", ["flow", "status", "state"])
    op.create_index(
        "journeys_flow_key", "journeys", ["flow", "key"], unique=True, postgresql_where=sa.text("key IS NOT NULL")
    )
    op.create_index(
        "journeys_failing", "journeys", ["id", "attempt"],
        postgresql_where=sa.text("status IN ('working', 'polling') AND attempt > 1"),
    )  # fmt: skip
    op.create_index(
        "journeys_restored", "journeys", ["id"],
        postgresql_where=sa.text("restored > 0 AND status IN ('working', 'polling', 'waiting', 'parked')"),
    )  # fmt: skip
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
    op.create_table(
        "archived",
        sa.Column("flow", _id(), primary_key=True),
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("journey", _id(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", _id(), nullable=False),
        sa.Column("status", _id(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("entered", sa.BigInteger(), nullable=False),
    )
    _tally()


def _tally() -> None:
    """Count journeys by their kind.

    Rows of changes, which workers add up now and then: to change one number a kind would have all writers wait for
    each other.
    """
    op.create_table(
        "tally_changes",
        sa.Column("flow", _id(), nullable=False),
        sa.Column("status", _id(), nullable=False),
        sa.Column("state", _id(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
    )
    op.execute(
        "CREATE VIEW tallies AS SELECT flow, status, state, sum(number)::bigint AS number FROM tally_changes "
        "GROUP BY flow, status, state HAVING sum(number) <> 0"
    )
    more, less = (f"SELECT flow, status, state, {by} AS number FROM {rows}" for by, rows in ((1, "put"), (-1, "gone")))
    for name, kind, tables, changes in (
        ("journeys_added", "INSERT", "NEW TABLE AS put", more),
        ("journeys_removed", "DELETE", "OLD TABLE AS gone", less),
        ("journeys_moved", "UPDATE", "OLD TABLE AS gone NEW TABLE AS put", f"{more} UNION ALL {less}"),
    ):
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"INSERT INTO tally_changes SELECT flow, status, state, sum(number) FROM ({changes}) AS changes "
            "GROUP BY flow, status, state HAVING sum(number) <> 0; RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {name} AFTER {kind} ON journeys REFERENCING {tables} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION {name}()"
        )
