"""What a journal does in the same way on every SQL database: handing work to its thread, and most of the work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, Update

from onboarding.errors import JournalDamaged, JournalError
from onboarding.journal import statements as sql
from onboarding.journal.batch import erase_journey
from onboarding.journal.finding import find
from onboarding.journal.moving import ended, take_in, take_out
from onboarding.journal.quarantine import set_aside
from onboarding.journal.receipt import Receipt
from onboarding.journal.records import Change, Ended, Head, Page, Query, TransitionRecord, Whole
from onboarding.journal.rows import head_of, micros, transition_of, what_is_left
from onboarding.journal.writer import Writer

__all__ = ["Tables"]

T = TypeVar("T")


class Tables:
    """A part of the protocol of ``onboarding.journal.protocol``; see there for what each method promises."""

    _writer: Writer | None = None

    @property
    def place(self) -> str:
        """Where it is, as it may be shown."""
        raise NotImplementedError

    # The thread

    @property
    def _is_open(self) -> bool:
        return self._writer is not None and not self._writer.has_ended

    async def _start(self, writer: Writer) -> None:
        self._writer = writer
        try:
            await writer.start()
        except JournalError:
            self._writer = None
            raise

    async def _stop(self) -> None:
        writer = self._writer
        if writer is not None:
            await writer.stop()
            self._writer = None

    @property
    def _running(self) -> Writer:
        if self._writer is None:
            raise self._closed()
        return self._writer

    def _closed(self) -> JournalError:
        return JournalError(f"the journal {self.place} is closed: open it first")

    async def _do(self, work: Callable[[Connection], T], *, short: bool = False) -> T:
        """Do work that writes, in a transaction; ``short``: a few rows of one journey."""
        return await self._running.do(work, short=short)

    async def _ask(self, work: Callable[[Connection], T], *, short: bool = False) -> T:
        """Do work that reads; ``short``: a few rows of one journey."""
        return await self._running.read(work, short=short)

    # The rows

    def write(self, change: Change) -> Receipt[None]:
        """Queue a write; many commit as one."""
        if self._writer is not None:
            return self._writer.write(change)
        receipt: Receipt[None] = Receipt(asyncio.get_running_loop())
        receipt.settle(None, self._closed())
        return receipt

    async def set_aside(self, record: TransitionRecord, note: str, verdict: str) -> tuple[Head, TransitionRecord]:
        """Park what cannot be read."""
        return await self._do(lambda connection: set_aside(connection, record, note, verdict))

    async def find(self, query: Query) -> Page:
        """A page of heads, newest first."""

        def work(connection: Connection) -> Page:
            heads = tuple(map(_listed, connection.execute(find(query, connection.dialect.name)).mappings()))
            page = heads[: query.limit]
            if query.after is not None and page:
                self._check_order(page[-1].id, query.after)
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

    async def give_back(self, budget: bytes, now: datetime) -> None:
        """Undo the use of a budget at that time."""
        await self._do(lambda connection: connection.execute(sql.GIVE_BACK, {"budget": budget, "at": micros(now)}))

    async def sealed(self, after: str = "", limit: int = 500) -> list[tuple[str, int, bytes]]:
        """Sealed data in order of id."""
        return await self._next(sql.SEALED, after, limit)

    async def reseal(self, rows: Sequence[tuple[str, int, bytes]]) -> int:
        """Replace sealed data where the revision still holds."""
        terms = [{"the_id": id_, "the_revision": revision, "data": data} for id_, revision, data in rows]
        return await self._replace(sql.RESEAL, terms)

    async def sealed_messages(self, after: str = "", limit: int = 500) -> list[tuple[str, str, bytes]]:
        """Sealed payloads that nobody has looked at, in order of id."""
        return await self._next(sql.SEALED_MESSAGES, after, limit)

    async def reseal_messages(self, rows: Sequence[tuple[str, bytes, bytes]]) -> int:
        """Replace such payloads where the old one still stands."""
        terms = [{"the_id": id_, "the_payload": old, "payload": new} for id_, old, new in rows]
        return await self._replace(sql.RESEAL_MESSAGE, terms)

    async def erase(self, head: Head, data: bytes, history: Sequence[TransitionRecord], verdict: str) -> None:
        """Put these in the place of all that is kept of a journey."""
        await self._do(lambda connection: erase_journey(connection, head, data, history, verdict))

    async def orphans(self, limit: int = 1000) -> list[str]:
        """Ids of journeys that have rows but no head."""
        return await self._ask(
            lambda connection: [row.journey for row in connection.execute(sql.ORPHANS, {"limit": limit})]
        )

    async def ended(self, before: datetime, after: str = "", limit: int = 200) -> Ended:
        """Journeys that ended before then, whole."""
        page = await self._ask(lambda connection: ended(connection, before, after, limit))
        if page.next is not None:
            self._check_order(after, page.next)
        return page

    async def take_in(self, journeys: Sequence[Whole]) -> None:
        """Store journeys of another journal durably."""
        await self._do(lambda connection: take_in(connection, journeys))

    async def take_out(self, journeys: Sequence[tuple[str, int]]) -> list[str]:
        """Remove those that are as they were."""
        return await self._do(lambda connection: take_out(connection, journeys))

    async def _next(self, statement: Select[Any], after: str, limit: int) -> list[Any]:
        """The rows that follow in order of id."""
        terms = {"after": after, "limit": limit}
        rows = await self._ask(lambda connection: list(map(tuple, connection.execute(statement, terms))))
        if rows:
            self._check_order(after, rows[-1][0])
        return rows

    def _check_order(self, before: str, after: str) -> None:
        """That whoever goes on from the last id comes to others: a damaged one would lead round in a circle."""
        if before >= after:
            raise JournalDamaged(
                f"the journal {self.place} is damaged: restore it from a backup; its ids are out of order"
            )

    async def _replace(self, statement: Update, terms: Sequence[Mapping[str, object]]) -> int:
        if not terms:
            return 0
        return await self._do(lambda connection: connection.execute(statement, terms).rowcount)


def _listed(row: Mapping[Any, Any]) -> Head:
    """A head for a list: one that is damaged must not hide the others."""
    try:
        return head_of(row)
    except JournalDamaged:
        return what_is_left(row)
