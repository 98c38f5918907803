"""What a million journeys are listed and claimed by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Have lists read what they show, and claims write what they change."""
    # A big table takes longer than an ordinary statement may.
    op.execute("SET LOCAL statement_timeout = 0")
    _list()
    _claim()


def _list() -> None:
    """Put those of a kind in order of id, and add the index of those whose ids do not tell when they were created."""
    op.drop_index("journeys_count", "journeys")
    op.create_index("journeys_count", "journeys", ["flow", "status", "state", "id"])
    op.create_index(
        "journeys_astray", "journeys", ["id"],
        postgresql_where=sa.text(
            "(substr(id, 1, 8) NOT BETWEEN lpad(to_hex(created / 65536000 - 1), 8, '0') "
            "AND lpad(to_hex(created / 65536000 + 1), 8, '0') OR updated < created)"
        ),
    )  # fmt: skip


def _claim() -> None:
    """Note beside the journeys which of them have an owner.

    An index of the owner would have each change of it be written into all indexes. Without one, it stays within the
    row's page, if there is room.
    """
    op.create_table(
        "held",
        sa.Column("journey", sa.Text(collation="C"), primary_key=True),
        sa.Column("owner", sa.BigInteger(), nullable=False),
    )
    op.execute("INSERT INTO held (journey, owner) SELECT id, owner FROM journeys WHERE owner IS NOT NULL")
    op.drop_index("journeys_owner", "journeys")
    op.execute("ALTER TABLE journeys SET (fillfactor = 85)")
    # A plan is made once, for the first change, and kept: where that was small, or nothing was held yet, it would look
    # at all that is held for each row of a big one (enable_nestloop).
    noted = "SELECT FROM held WHERE journey = put.id AND held.owner = put.owner"
    taken = f"SELECT id, owner FROM put WHERE owner IS NOT NULL AND NOT EXISTS ({noted})"
    take = f"INSERT INTO held {taken} ON CONFLICT (journey) DO UPDATE SET owner = excluded.owner"
    leave = "DELETE FROM held WHERE journey IN (SELECT id FROM put WHERE owner IS NULL)"
    more, less = _counted("put", 1), _counted("gone", -1)
    _follow("journeys_added", more, take)
    _follow("journeys_removed", less, "DELETE FROM held WHERE journey IN (SELECT id FROM gone)")
    _follow("journeys_moved", f"{more} UNION ALL {less}", f"{leave}; {take}")


def _follow(trigger: str, changes: str, noting: str) -> None:
    op.execute(
        f"CREATE OR REPLACE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql SET enable_nestloop = off AS $$ "
        "BEGIN "
        f"INSERT INTO tally_changes SELECT flow, status, state, sum(number) FROM ({changes}) AS changes "
        f"GROUP BY flow, status, state HAVING sum(number) <> 0; {noting}; RETURN NULL; END $$"
    )


def _counted(rows: str, by: int) -> str:
    return f"SELECT flow, status, state, {by} AS number FROM {rows}"
