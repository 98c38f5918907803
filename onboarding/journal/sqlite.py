"""The journal in one SQLite file: for one service on one machine, without a server to run.

Several processes may open the file. Any may create journeys, post and read; one, its owner, advances them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from filelock import Timeout
from sqlalchemy import Connection

from onboarding.errors import JournalError
from onboarding.journal import statements as sql
from onboarding.journal.backends import sqlite_path
from onboarding.journal.batch import add_journey, post_message, spend, unknown
from onboarding.journal.connection import SqliteSession
from onboarding.journal.faults import explain
from onboarding.journal.files import check_beside
from onboarding.journal.records import Head, Message, Stored, TransitionRecord
from onboarding.journal.rows import damaged, head_of, message_of, micros, moment, transition_of
from onboarding.journal.single_owner import SingleOwner
from onboarding.journal.tables import Tables
from onboarding.journal.turn import kernel_lock
from onboarding.journal.writer import Writer

__all__ = ["SqliteJournal"]


class SqliteJournal(SingleOwner, Tables):
    """The protocol of ``onboarding.journal.protocol`` on a file; see there for what each method promises.

    Args:
        place: a path, or ``sqlite:///relative/path.db``, or ``sqlite:////absolute/path.db``.
        busy_timeout: seconds to wait for another process that is just writing, before ``JournalBusy``.
    """

    def __init__(self, place: str | os.PathLike[str], *, busy_timeout: float = 10.0) -> None:
        path = sqlite_path(place) if isinstance(place, str) and place.startswith("sqlite:") else Path(place)
        self._path = path.absolute()
        self._busy_timeout = busy_timeout
        self._owner = kernel_lock(self._path.with_name(self._path.name + ".owner"), 0)

    def __repr__(self) -> str:
        """The place."""
        return f"SqliteJournal({self.place!r})"

    @property
    def place(self) -> str:
        """The absolute path of the file."""
        return str(self._path)

    async def open(self) -> None:
        """Make or migrate the file where needed; a second time, nothing."""
        if not self._is_open:
            await self._start(Writer(SqliteSession(self._path, self._busy_timeout)))

    async def close(self) -> None:
        """Write what was handed in, then let go of the file and of its ownership."""
        await self._stop()
        self._owner.release(force=True)

    async def own(self) -> bool:
        """Try to take the lock ``<file>.owner``, which the kernel lets go of when this process dies."""
        if self._owner.is_locked:
            return True
        # Who cannot write must not own.
        await self._do(lambda _: None)
        fault = None
        check_beside(self._path)
        try:
            self._owner.acquire(blocking=False)
        except Timeout:
            return False
        except OSError as error:
            fault = error.strerror or type(error).__name__
        if fault is not None:
            raise JournalError(f"the owner's lock of the journal {self.place} cannot be taken: {fault}")
        return True

    async def disown(self) -> None:
        """Let go of that lock, once everything handed in is written."""
        if self._owner.is_locked:
            await self._do(lambda _: None)
            self._owner.release(force=True)

    async def is_attended(self) -> bool:
        """Whether somebody holds that lock."""
        if self._owner.is_locked or not await self.own():
            return True
        await self.disown()
        return False

    async def load(self, journey: str, *, last: bool = False) -> Stored:
        """One journey with its unseen messages."""

        def work(connection: Connection) -> Stored:
            row = connection.execute(sql.STORED, {"journey": journey}).mappings().first()
            if row is None and connection.execute(sql.HEAD, {"journey": journey}).first() is not None:
                raise damaged(journey, "its sealed data are gone")
            if row is None:
                raise unknown(journey)
            messages = connection.execute(sql.MESSAGES, {"journey": journey}).mappings()
            stored = Stored(head_of(row), row["data"], tuple(map(message_of, messages)))
            if not last:
                return stored
            terms = {"journey": journey, "after": stored.head.seq - 1}
            row = connection.execute(sql.HISTORY, terms).mappings().first()
            return replace(stored, last=None if row is None else transition_of(row))

        return await self._ask(work, short=True)

    async def head(self, journey: str) -> Head:
        """The head alone."""

        def work(connection: Connection) -> Head:
            row = connection.execute(sql.HEAD, {"journey": journey}).mappings().first()
            if row is None:
                raise unknown(journey)
            return head_of(row)

        return await self._ask(work, short=True)

    async def create(self, head: Head, data: bytes, first: TransitionRecord, key: bytes | None = None) -> Head:
        """Store a new journey, or find the first one of that flow and key."""
        return await self._running.do(
            lambda connection: add_journey(connection, head, data, first, key), short=True, begins=head.id
        )

    async def claim(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[str]:
        """What to advance now: longest waiting first, past its time or with a message to be looked at."""
        terms = {"now": micros(now), "limit": limit, "busy": sql.listed(busy)}

        def work(connection: Connection) -> list[str]:
            since = {row.id: row.due for row in connection.execute(sql.DUE, terms)}
            for row in connection.execute(sql.CALLED, terms):
                at = row.since if isinstance(row.since, int) else 0  # damaged: found by whoever loads it
                since[row.journey] = min(at, since.get(row.journey, at))
            return sorted(since, key=lambda journey: (since[journey], journey))[:limit]

        return await self._ask(work, short=True)

    async def take(self, journey: str) -> bool:  # noqa: ARG002 - the protocol asks for each
        """Whether this process has the lock."""
        return self._owner.is_locked

    async def next_due(self, now: datetime, busy: Collection[str] = ()) -> datetime | None:
        """When ``claim`` will next find something: ``now`` at the latest where a message waits."""
        terms = {"busy": sql.listed(busy)}

        def work(connection: Connection) -> datetime | None:
            found = connection.execute(sql.NEXT_DUE, terms).scalar()
            due = _due(found, now)
            if (due is None or due > now) and connection.execute(sql.NEXT_CALLED, terms).first() is not None:
                return now
            return due

        return await self._ask(work, short=True)

    async def post(self, message: Message) -> None:
        """Keep a message durably."""
        await self._do(lambda connection: post_message(connection, message), short=True)

    async def spend(self, budget: bytes, now: datetime, *, most: int, within: timedelta) -> datetime | None:
        """Use a budget once more, or say when that may be."""
        length = within // timedelta(microseconds=1)
        free = await self._do(lambda connection: spend(connection, budget, micros(now), most, length))
        return None if free is None else moment(free)

    async def scrub(self) -> bool:
        """Write the file anew and empty its log, on a connection and a thread of its own."""
        await self._do(lambda _: None)
        return await asyncio.to_thread(self._scrub)

    def _scrub(self) -> bool:
        session = SqliteSession(self._path, self._busy_timeout)
        try:
            session.open()
            return session.scrub()
        except Exception as error:  # noqa: BLE001 - told without what it may quote
            fault = explain(error, self.place)
        finally:
            session.close()
        raise fault


def _due(found: object, now: datetime) -> datetime | None:
    """When; a time that is damaged is found by whoever loads the journey. It sorts behind the numbers."""
    if not isinstance(found, int):
        return None
    try:
        return moment(found)
    except OverflowError:
        return now if found < 0 else None
