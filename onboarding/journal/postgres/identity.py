"""Which database a journal is in, and whether that is the one in which it was left.

A note in the table ``meta`` says where the journal lives. Each part of it changes when the journal is put back:

- the number of the transaction that wrote it. The row carries that number too, put there by the server: a dump that is
  restored, by whatever tool, is written by another transaction;
- the server's own number: made by ``initdb``;
- the server's timeline: grows when a server is set back to a point in time, and when a standby takes over;
- the numbers of the database and of the table ``journeys``: of a copy of a database, and of a table that was restored
  by itself.

A process that lives on while the server is set back knows besides how many transactions there were. A copy of all the
server's files, put back or started elsewhere, cannot be told from within.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import Connection

from onboarding.journal.connection import mark_old
from onboarding.journal.postgres.faults import is_lost

__all__ = ["Facts", "Identity"]

_NAME = "server"
_OLD_NUMBERS = 2**32
"""A row holds the lower half of its transaction's number."""
_LIMITS = "SELECT set_config('statement_timeout', '15min', true), set_config('lock_timeout', '15min', true)"
"""For as many journeys as there may be, and for whoever waits until another process has marked them."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server says of itself; None: it does not."""

    system: str | None = None
    timeline: int | None = None
    database: int | None = None
    next_transaction: int | None = None
    counts_since: str | None = None
    """Since when it keeps its statistics, which begin anew after a crash, and only then by themselves."""


class Identity:
    """Where a journal is, compared with where it was left.

    Args:
        lossless: whether a standby that takes over has every commit: then a new timeline alone means nothing.
    """

    def __init__(self, lossless: bool) -> None:
        self._lossless = lossless
        self._seen = 0
        self.facts = Facts()

    def saw(self, transaction: int) -> None:
        """Remember that this transaction, which has written something, was committed: no crash undoes it."""
        self._seen = max(self._seen, transaction)

    def look_at(self, connection: psycopg.Connection[Any]) -> None:
        """Ask the server, outside of a transaction."""
        row = connection.execute(_FACTS).fetchone()
        assert row is not None, "it is asked for one row"
        database, following, replays, may_system, may_checkpoint, counts_since = row
        timeline = None if replays else _asked(connection, _TIMELINE)
        if timeline is None and may_checkpoint and not replays:
            timeline = _asked(connection, _CHECKPOINT)
        self.facts = Facts(
            system=_asked(connection, _SYSTEM) if may_system else None,
            timeline=None if timeline is None else int(timeline, 16),
            database=database,
            next_transaction=None if replays else following,
            counts_since=counts_since,
        )

    def is_kept(self, before: Facts, number: int, status: Callable[[], bool | None]) -> tuple[bool, bool | None]:
        """Whether a transaction that was on its way into the server of ``before`` is committed there.

        Args:
            before: what the server said of itself when the transaction began.
            number: the transaction's.
            status: asks whether the transaction of that number is committed; None: it is still under way.

        Returns:
            Whether that can be told, and the answer; None: later.
        """
        now = self.facts
        if before.timeline is None or now.timeline != before.timeline:
            return False, None  # another server has taken over, which counts anew
        if now.counts_since == before.counts_since:
            return True, status()
        # It has crashed: numbers that it had not yet written down are given once more, and may be another's by now.
        if now.next_transaction is not None and now.next_transaction <= number:
            return True, False
        return (False, None) if status() else (True, False)

    def is_known(self, connection: Connection) -> bool:
        """Whether the journal is noted to be in this database."""
        noted = self._noted(connection)
        return noted.kept is not None and self._why_old(noted) is None and noted.now.items() <= noted.kept.items()

    def note(self, connection: Connection) -> tuple[str, int] | None:
        """Note that the journal is in this database; where it was in another, why it is old, and how many live in it.

        What lives in an old journal is marked, for the engine, and no worker has it any more.
        """
        noted = self._noted(connection)
        kept, why, live = noted.kept, self._why_old(noted), 0
        if why is not None:
            # The workers first, as every writer does it. One that lives on is refused from now on, and begins anew.
            connection.exec_driver_sql("DELETE FROM workers")
            connection.exec_driver_sql("UPDATE journeys SET owner = NULL WHERE owner IS NOT NULL")
            connection.exec_driver_sql("DELETE FROM held")  # also where it was not restored together with them
            live = mark_old(connection, int(connection.exec_driver_sql(_TIMES).scalar_one()))
        if why is not None or kept is None or not noted.now.items() <= kept.items():
            number = connection.exec_driver_sql(_TRANSACTION).scalar_one()
            value = {**(kept or {}), **noted.now, "transaction": number}
            connection.exec_driver_sql(_KEEP, {"name": _NAME, "value": json.dumps(value).encode()})
        self._seen = 0
        return None if why is None else (why, live)

    def be_patient(self, connection: Connection) -> None:
        """Let the transaction take its time."""
        connection.exec_driver_sql(_LIMITS)

    def _noted(self, connection: Connection) -> _Noted:
        row = connection.exec_driver_sql(_NOTED, {"name": _NAME}).mappings().one()
        facts = self.facts
        now = {
            "system": facts.system, "timeline": facts.timeline, "database": facts.database, "journeys": row["journeys"],
        }  # fmt: skip
        return _Noted(
            kept=None if row["value"] is None else _read(bytes(row["value"])),
            now={name: value for name, value in now.items() if value is not None},
            written=row["written"],
        )

    def _why_old(self, noted: _Noted) -> str | None:
        """Why the journal must not be trusted to know what has happened; None: it may."""
        if noted.kept is None:
            return None
        changed = {name for name, value in noted.now.items() if noted.kept.get(name, value) != value}
        following = self.facts.next_transaction
        trusted = self._lossless and "timeline" in changed and noted.kept["timeline"] < noted.now["timeline"]
        reasons = {
            "it was restored: its rows were put there by somebody else":
                noted.kept.get("transaction", -1) % _OLD_NUMBERS != noted.written or "journeys" in changed,
            "it is a copy: it was left on another server": "system" in changed,
            "it is a copy: it was left in another database": "database" in changed,
            "it was set back while it was in use": following is not None and following <= self._seen,
            "its server was set back, or a standby has taken over": "timeline" in changed and not trusted,
        }  # fmt: skip
        return next((why for why, is_so in reasons.items() if is_so), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Noted:
    """What the note says, None where there is none; what it would say now; and the number that its row carries."""

    kept: dict[str, Any] | None
    now: dict[str, Any]
    written: int | None


def _asked(connection: psycopg.Connection[Any], question: str) -> str | None:
    """The answer; None: this server gives none."""
    try:
        row = connection.execute(question.encode()).fetchone()
    except psycopg.Error as error:
        if is_lost(error):
            raise
        return None
    return None if row is None else str(row[0])


def _read(value: bytes) -> dict[str, Any]:
    try:
        kept = json.loads(value)
    except ValueError:
        return {}
    fits = isinstance(kept, dict) and all(isinstance(kept.get(name, 0), int) for name in _NUMBERS)
    return kept if fits else {}


_NUMBERS = ("timeline", "database", "journeys", "transaction")
_FACTS = """
    SELECT (SELECT oid::bigint FROM pg_catalog.pg_database WHERE datname = current_database()),
           pg_snapshot_xmax(pg_current_snapshot())::text::bigint, pg_is_in_recovery(),
           has_function_privilege('pg_control_system()', 'execute'),
           has_function_privilege('pg_control_checkpoint()', 'execute'),
           (SELECT stats_reset::text FROM pg_catalog.pg_stat_bgwriter)"""
_SYSTEM = "SELECT system_identifier FROM pg_control_system()"
# Of the log that is being written: the checkpoint's is behind for a while after a standby has taken over.
_TIMELINE = "SELECT substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8)"
_CHECKPOINT = "SELECT to_hex(timeline_id) FROM pg_control_checkpoint()"
_NOTED = """
    SELECT 'journeys'::regclass::oid::bigint AS journeys, noted.value, noted.xmin::text::bigint AS written
    FROM (SELECT) AS one LEFT JOIN (SELECT value, xmin FROM meta WHERE name = %(name)s) AS noted ON true"""
_TIMES = "SELECT 1 + coalesce(max(restored), 0) FROM journeys"
_TRANSACTION = "SELECT pg_current_xact_id()::text::bigint"
_KEEP = """
    INSERT INTO meta (name, value) VALUES (%(name)s, %(value)s)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
