"""The tables, in SQLAlchemy Core. ``migrations/`` makes them; a test holds the two to each other.

Times are integer microseconds since the epoch, in UTC. Ids are UUIDv7 as text: their order is that of time.
The head row is narrow, and the sealed data lie beside it: lists, claims and timers never read past them.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
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
    event,
    text,
)

__all__ = [
    "APPLICATION_ID",
    "ASTRAY",
    "FAILING",
    "LIVE",
    "NEWEST",
    "SPAN",
    "VERSIONS",
    "archived",
    "commits",
    "inbox",
    "journey_data",
    "journeys",
    "meta",
    "metadata",
    "tallies",
    "transitions",
    "uses",
]

VERSIONS = ("0001", "0002", "0003", "0004", "0005")
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
# The one index of all lists: ``tallies`` says which of its parts a list has to be put together from.
Index("journeys_count", journeys.c.flow, journeys.c.status, journeys.c.state)
FAILING = "status IN ('working', 'polling') AND attempt > 1"
LIVE = "restored > 0 AND status IN ('working', 'polling', 'waiting', 'parked')"
# A query uses these where it says the same, to the letter.
Index("journeys_failing", journeys.c.id, journeys.c.attempt, sqlite_where=text(FAILING), postgresql_where=text(FAILING))
Index("journeys_restored", journeys.c.id, sqlite_where=text(LIVE), postgresql_where=text(LIVE))
SPAN = 65_536_000
"""Microseconds for which ids begin with the same eight digits."""
_ASTRAY = "(substr(id, 1, 8) NOT BETWEEN {lower} AND {upper} OR updated < created)"
_BOUNDS = {"lower": f"created / {SPAN} - 1", "upper": f"created / {SPAN} + 1"}
ASTRAY = {
    dialect: _ASTRAY.format(**{name: digits.format(number) for name, number in _BOUNDS.items()})
    for dialect, digits in (("sqlite", "printf('%08x', {})"), ("postgresql", "lpad(to_hex({}), 8, '0')"))
}
"""For each kind of database: the id was made a minute or more before or after the journey says that it was created, or
it was written before that. So it is where a clock was set back, or was not the machine's. ``finding`` tells more."""
Index(
    "journeys_astray",
    journeys.c.id,
    sqlite_where=text(ASTRAY["sqlite"]),
    postgresql_where=text(ASTRAY["postgresql"]),
)
Index(
    "journeys_flow_key",
    journeys.c.flow,
    journeys.c.key,
    unique=True,
    sqlite_where=journeys.c.key.is_not(None),
)

tallies = Table(
    "tallies",
    metadata,
    Column("flow", Text, primary_key=True),
    Column("status", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How many journeys there are of each kind. Triggers keep it, whoever writes and however that ends."""

_COUNT = """\
    INSERT INTO tallies (flow, status, state, number) VALUES ({row}.flow, {row}.status, {row}.state, {by})
        ON CONFLICT (flow, status, state) DO UPDATE SET number = number + {by};"""
_MORE, _LESS = _COUNT.format(row="new", by=1), _COUNT.format(row="old", by=-1)
_BOTH = f"{_LESS}\n{_MORE}"
_MOVED = "old.state IS NOT new.state OR old.status IS NOT new.status OR old.flow IS NOT new.flow"
for _trigger in (
    f"CREATE TRIGGER journeys_added AFTER INSERT ON journeys BEGIN\n{_MORE}\nEND",
    f"CREATE TRIGGER journeys_removed AFTER DELETE ON journeys BEGIN\n{_LESS}\nEND",
    f"CREATE TRIGGER journeys_moved AFTER UPDATE OF flow, status, state ON journeys\nWHEN {_MOVED} BEGIN\n{_BOTH}\nEND",
):
    event.listen(metadata, "after_create", DDL(_trigger).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]

archived = Table(
    "archived",
    metadata,
    Column("flow", Text, primary_key=True),
    Column("key", LargeBinary, primary_key=True),
    Column("journey", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("entered", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The idempotency keys of journeys that were taken out, and how those ended: a used key stays used."""

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
