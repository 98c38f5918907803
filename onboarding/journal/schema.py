"""The tables, in SQLAlchemy Core. ``migrations/`` makes them; a test holds the two to each other.

Times are integer microseconds since the epoch, in UTC. Ids are UUIDv7 as text: their order is that of time.
The head row is narrow, and the sealed data lie beside it: lists, claims and timers never read past them.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

__all__ = [
    "APPLICATION_ID",
    "NEWEST",
    "VERSIONS",
    "commits",
    "inbox",
    "journey_data",
    "journeys",
    "meta",
    "metadata",
    "transitions",
    "uses",
]

VERSIONS = ("0001", "0002", "0003")
"""Every version of the schema, oldest first: what ``alembic_version`` may hold."""

NEWEST = VERSIONS[-1]

APPLICATION_ID = 0x6F6E6264
"""In the SQLite header: this file is a journal (the letters ``onbd``)."""

metadata = MetaData()

journeys = Table(
    "journeys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("flow", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("due", BigInteger),
    Column("attempt", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("entered", BigInteger, nullable=False),
    Column("note", Text),
    Column("key", LargeBinary),
    Column("restored", BigInteger, nullable=False, server_default="0"),
    # One B-tree, in order of id: a list, newest first, is a walk along it.
    sqlite_with_rowid=False,
)
Index("journeys_due", journeys.c.due, sqlite_where=journeys.c.due.is_not(None))
Index("journeys_status", journeys.c.status, journeys.c.id)
Index("journeys_flow", journeys.c.flow, journeys.c.id)
Index("journeys_flow_state", journeys.c.flow, journeys.c.state, journeys.c.id)
# Counting reads this alone: without it, 100,000 journeys keep the thread for 0.2 s.
Index("journeys_count", journeys.c.flow, journeys.c.status, journeys.c.state)
Index(
    "journeys_flow_key",
    journeys.c.flow,
    journeys.c.key,
    unique=True,
    sqlite_where=journeys.c.key.is_not(None),
)

journey_data = Table(
    "journey_data",
    metadata,
    Column("journey", Text, ForeignKey("journeys.id", ondelete="CASCADE"), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

transitions = Table(
    "transitions",
    metadata,
    Column("journey", Text, ForeignKey("journeys.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("dest", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("duration", Float),
    Column("endpoint", Text),
    Column("http_status", Integer),
    Column("mcode", Text),
    Column("worker", Text),
    Column("detail", Text),
    Column("mac", LargeBinary),
    sqlite_with_rowid=False,
)

inbox = Table(
    "inbox",
    metadata,
    # The order of arrival in this journal: processes' clocks may differ.
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("journey", Text, ForeignKey("journeys.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("payload", LargeBinary),
    Column("at", BigInteger, nullable=False),
    Column("verdict", Text),
)
Index("inbox_pending", inbox.c.journey, inbox.c.kind, inbox.c.at, sqlite_where=inbox.c.verdict.is_(None))
# Deleting a journey must not scan the whole inbox.
Index("inbox_journey", inbox.c.journey)

commits = Table("commits", metadata, Column("number", BigInteger, nullable=False))
"""One row: how many transactions have written. Kept outside too (``watermark``), it tells an old copy."""

uses = Table(
    "uses",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("budget", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)
Index("uses_budget", uses.c.budget, uses.c.at)

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
