"""The journal in one SQLite file: for one service on one machine, without a server to run.

Several processes may open the file. Any may create journeys, post and read; one, its owner, advances them.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from filelock import Timeout
from sqlalchemy import Connection, Update

from onboarding.errors import JournalDamaged, JournalError
from onboarding.journal import statements as sql
from onboarding.journal.backends import sqlite_path
from onboarding.journal.batch import add_journey, erase_journey, post_message, spend, unknown
from onboarding.journal.connection import SqliteSession
from onboarding.journal.faults import explain
from onboarding.journal.files import check_beside
from onboarding.journal.moving import ended, take_in, take_out
from onboarding.journal.quarantine import set_aside
from onboarding.journal.receipt import Receipt
from onboarding.journal.records import (
    Change,
    Ended,
    Head,
    Message,
    Page,
    Query,
    Stored,
    TransitionRecord,
    Whole,
)
from onboarding.journal.rows import damaged, head_of, message_of, micros, moment, transition_of, what_is_left
from onboarding.journal.turn import kernel_lock
from onboarding.journal.writer import Writer

__all__ = ["SqliteJournal"]

T = TypeVar("T")


class SqliteJournal:
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
        self._writer: Writer | None = None

    def __repr__(self) -> str:
        """The place."""
        return f"SqliteJournal({self.place!r})"

    @property
    def place(self) -> str:
        """The absolute path of the file."""
        return str(self._path)

    async def open(self) -> None:
        """Make or migrate the file where needed; a second time, nothing."""
        if self._writer is not None and not self._writer.has_ended:
            return
        writer = self._writer = Writer(SqliteSession(self._path, self._busy_timeout))
        try:
            await writer.start()
        except JournalError:
            self._writer = None
            raise

    async def close(self) -> None:
        """Write what was handed in, then let go of the file and of its ownership."""
        writer = self._writer
        if writer is not None:
            await writer.stop()
            self._writer = None
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

    def may_send(self, journey: str) -> bool:  # noqa: ARG002 - the protocol asks for each
        """The kernel's lock does not run out: always."""
        return True

    def release(self, journeys: Collection[str]) -> None:
        """Nothing to do: one process advances them all."""

    @property
    def is_exclusive(self) -> bool:
        """Yes: whoever has the lock."""
        return True

    @property
    def pace(self) -> float:
        """Nobody tells what other processes have written: it is looked at often."""
        return 0.25

    def on_news(self, tell: Callable[[str], None]) -> None:
        """Nobody tells any."""

    async def create(self, head: Head, data: bytes, first: TransitionRecord, key: bytes | None = None) -> Head:
        """Store a new journey, or find the first one of that flow and key."""
        return await self._running.do(
            lambda connection: add_journey(connection, head, data, first, key), short=True, begins=head.id
        )

    def write(self, change: Change) -> Receipt[None]:
        """Queue a write; many commit as one."""
        if self._writer is not None:
            return self._writer.write(change)
        receipt: Receipt[None] = Receipt(asyncio.get_running_loop())
        receipt.settle(None, self._closed())
        return receipt

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

    async def set_aside(self, record: TransitionRecord, note: str, verdict: str) -> tuple[Head, TransitionRecord]:
        """Park what cannot be read."""
        return await self._do(lambda connection: set_aside(connection, record, note, verdict))

    async def head(self, journey: str) -> Head:
        """The head alone."""

        def work(connection: Connection) -> Head:
            row = connection.execute(sql.HEAD, {"journey": journey}).mappings().first()
            if row is None:
                raise unknown(journey)
            return head_of(row)

        return await self._ask(work, short=True)

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

    async def find(self, query: Query) -> Page:
        """A page of heads, newest first."""
        statement = sql.find(query)

        def work(connection: Connection) -> Page:
            heads = tuple(map(_listed, connection.execute(statement).mappings()))
            page = heads[: query.limit]
            return Page(page, page[-1].id if len(heads) > query.limit else None)

        return await self._ask(work)

    async def count(self) -> dict[tuple[str, str, str], int]:
        """How many journeys there are, by (flow, status, state)."""
        return await self._ask(
            lambda connection: {(row.flow, row.status, row.state): row.number for row in connection.execute(sql.COUNT)}
        )

    async def history(self, journey: str, after: int = 0) -> list[TransitionRecord]:
        """The transitions of a journey after the number ``after``."""
        terms = {"journey": journey, "after": after}
        return await self._ask(
            lambda connection: [transition_of(row) for row in connection.execute(sql.HISTORY, terms).mappings()],
            short=after > 0,  # the last ones
        )

    async def post(self, message: Message) -> None:
        """Keep a message durably."""
        await self._do(lambda connection: post_message(connection, message), short=True)

    async def verdict(self, message: str) -> str | None:
        """What became of a message."""
        terms = {"message": message}
        return await self._ask(lambda connection: connection.execute(sql.VERDICT, terms).scalar(), short=True)

    async def recall(self, message: str) -> bool:
        """Take back a message that nobody has looked at."""
        return await self._do(
            lambda connection: connection.execute(sql.DROP_MESSAGE, {"message": message}).rowcount > 0
        )

    async def meta(self, name: str) -> bytes | None:
        """A value of the journal as a whole."""
        return await self._ask(lambda connection: connection.execute(sql.META, {"name": name}).scalar())

    async def set_meta(self, name: str, value: bytes, *, only_if_absent: bool = False) -> bytes:
        """Store such a value; the one stored afterwards."""

        def work(connection: Connection) -> bytes:
            connection.execute(sql.ADD_META if only_if_absent else sql.SET_META, {"name": name, "value": value})
            return bytes(connection.execute(sql.META, {"name": name}).scalar_one())

        return await self._do(work)

    async def spend(self, budget: bytes, now: datetime, *, most: int, within: timedelta) -> datetime | None:
        """Use a budget once more, or say when that may be."""
        length = within // timedelta(microseconds=1)
        free = await self._do(lambda connection: spend(connection, budget, micros(now), most, length))
        return None if free is None else moment(free)

    async def give_back(self, budget: bytes, now: datetime) -> None:
        """Undo the use of a budget at that time."""
        await self._do(lambda connection: connection.execute(sql.GIVE_BACK, {"budget": budget, "at": micros(now)}))

    async def sealed(self, after: str = "", limit: int = 500) -> list[tuple[str, int, bytes]]:
        """Sealed data in order of id."""
        terms = {"after": after, "limit": limit}
        return await self._ask(
            lambda connection: [(row.id, row.revision, row.data) for row in connection.execute(sql.SEALED, terms)]
        )

    async def reseal(self, rows: Sequence[tuple[str, int, bytes]]) -> int:
        """Replace sealed data where the revision still holds."""
        terms = [{"the_id": id_, "the_revision": revision, "data": data} for id_, revision, data in rows]
        return await self._replace(sql.RESEAL, terms)

    async def sealed_messages(self, after: str = "", limit: int = 500) -> list[tuple[str, str, bytes]]:
        """Sealed payloads that nobody has looked at, in order of id."""
        terms = {"after": after, "limit": limit}
        return await self._ask(
            lambda connection: [
                (row.id, row.journey, row.payload) for row in connection.execute(sql.SEALED_MESSAGES, terms)
            ]
        )

    async def reseal_messages(self, rows: Sequence[tuple[str, bytes, bytes]]) -> int:
        """Replace such payloads where the old one still stands."""
        terms = [{"the_id": id_, "the_payload": old, "payload": new} for id_, old, new in rows]
        return await self._replace(sql.RESEAL_MESSAGE, terms)

    async def erase(self, head: Head, data: bytes, history: Sequence[TransitionRecord], verdict: str) -> None:
        """Put these in the place of all that is kept of a journey."""
        await self._do(lambda connection: erase_journey(connection, head, data, history, verdict))

    async def scrub(self) -> bool:
        """Write the file anew and empty its log, on a connection and a thread of its own."""
        await self._do(lambda _: None)
        return await asyncio.to_thread(self._scrub)

    async def orphans(self, limit: int = 1000) -> list[str]:
        """Ids of journeys that have rows but no head."""
        return await self._ask(
            lambda connection: [row.journey for row in connection.execute(sql.ORPHANS, {"limit": limit})]
        )

    async def ended(self, before: datetime, after: str = "", limit: int = 200) -> Ended:
        """Journeys that ended before then, whole."""
        return await self._ask(lambda connection: ended(connection, micros(before), after, limit))

    async def take_in(self, journeys: Sequence[Whole]) -> None:
        """Store journeys of another journal durably."""
        await self._do(lambda connection: take_in(connection, journeys))

    async def take_out(self, journeys: Sequence[tuple[str, int]]) -> list[str]:
        """Remove those that are as they were."""
        return await self._do(lambda connection: take_out(connection, journeys))

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

    @property
    def _running(self) -> Writer:
        if self._writer is None:
            raise self._closed()
        return self._writer

    def _closed(self) -> JournalError:
        return JournalError(f"the journal {self.place} is closed: open it first")

    async def _do(self, work: Callable[[Connection], T], *, short: bool = False) -> T:
        return await self._running.do(work, short=short)

    async def _ask(self, work: Callable[[Connection], T], *, short: bool = False) -> T:
        return await self._running.read(work, short=short)

    async def _replace(self, statement: Update, terms: Sequence[Mapping[str, object]]) -> int:
        if not terms:
            return 0
        return await self._do(lambda connection: connection.execute(statement, terms).rowcount)


def _due(found: object, now: datetime) -> datetime | None:
    """When; a time that is damaged is found by whoever loads the journey. It sorts behind the numbers."""
    if not isinstance(found, int):
        return None
    try:
        return moment(found)
    except OverflowError:
        return now if found < 0 else None


def _listed(row: Mapping[Any, Any]) -> Head:
    """A head for a list: one that is damaged must not hide the others."""
    try:
        return head_of(row)
    except JournalDamaged:
        return what_is_left(row)
