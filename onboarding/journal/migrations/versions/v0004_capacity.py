"""What a million journeys are counted and listed by, and the keys of those that were archived."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_COUNT = """\
    INSERT INTO tallies (flow, status, state, number) VALUES ({row}.flow, {row}.status, {row}.state, {by})
        ON CONFLICT (flow, status, state) DO UPDATE SET number = number + {by};"""
_MORE, _LESS = _COUNT.format(row="new", by=1), _COUNT.format(row="old", by=-1)


def upgrade() -> None:
    """Add the tallies, what keeps them, and the archived keys; one index does for the lists where there were four."""
    op.create_table(
        "tallies",
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("flow", "status", "state"),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO tallies SELECT flow, status, state, count(*) FROM journeys GROUP BY flow, status, state")
    op.execute(f"CREATE TRIGGER journeys_added AFTER INSERT ON journeys BEGIN\n{_MORE}\nEND")
    op.execute(f"CREATE TRIGGER journeys_removed AFTER DELETE ON journeys BEGIN\n{_LESS}\nEND")
    op.execute(
        "CREATE TRIGGER journeys_moved AFTER UPDATE OF flow, status, state ON journeys\n"
        "WHEN old.state IS NOT new.state OR old.status IS NOT new.status OR old.flow IS NOT new.flow BEGIN\n"
        f"{_LESS}\n{_MORE}\nEND"
    )
    for name in ("journeys_status", "journeys_flow", "journeys_flow_state"):
        op.drop_index(name, "journeys")
    op.create_index(
        "journeys_failing",
        "journeys",
        ["id", "attempt"],
        sqlite_where=sa.text("status IN ('working', 'polling') AND attempt > 1"),
    )
    op.create_index(
        "journeys_restored",
        "journeys",
        ["id"],
        sqlite_where=sa.text("restored > 0 AND status IN ('working', 'polling', 'waiting', 'parked')"),
    )
    op.create_table(
        "archived",
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("journey", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("entered", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("flow", "key"),
        sqlite_with_rowid=False,
    )
