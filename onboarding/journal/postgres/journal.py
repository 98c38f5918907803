"""The journal in PostgreSQL: any process may create journeys, post and read, and any number of them may advance."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
from sqlalchemy import Connection

from onboarding.errors import JournalError
from onboarding.journal.batch import spend
from onboarding.journal.moving import take_out
from onboarding.journal.postgres import reading
from onboarding.journal.postgres.address import address_of
from onboarding.journal.postgres.faults import explained
from onboarding.journal.postgres.incoming import New
from onboarding.journal.postgres.leases import Leases
from onboarding.journal.postgres.listener import Listener
from onboarding.journal.postgres.session import PostgresSession, connect
from onboarding.journal.records import Head, Message, Stored, TransitionRecord
from onboarding.journal.rows import micros, moment
from onboarding.journal.tables import Tables
from onboarding.journal.writer import Writer
from onboarding.log import log

__all__ = ["PostgresJournal"]

_BEATS = 4
"""How often a lease is renewed within its length."""
_TOLD, _UNTOLD = 5.0, 0.5
"""Seconds between two looks, where the server tells of news and where it does not."""
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended(encode(%(budget)s::bytea, 'hex'), 1))"
_LOCKED = "SELECT FROM journeys WHERE id = ANY(%(ids)s::text[]) ORDER BY id FOR UPDATE"
_SCRUB = ("journeys", "journey_data", "transitions", "inbox")


class PostgresJournal(Tables):
    """The protocol of ``onboarding.journal.protocol`` on a server; see there for what each method promises.

    Args:
        url: ``postgresql://user:password@host:port/database``; ``docs/guides/postgres.md`` tells its options.
        waits: whether opening waits for a server that is not there yet, as long as the URL says.
    """

    def __init__(self, url: str, *, waits: bool = True) -> None:
        address = address_of(url)
        self._address = address if waits else replace(address, wait=0.0)
        name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}"
        self._leases = Leases(self._address.lease, name)
        self._session: PostgresSession | None = None
        self._heart: asyncio.Task[None] | None = None
        self._listener: Listener | None = None

    def __repr__(self) -> str:
        """The place."""
        return f"PostgresJournal({self.place!r})"

    @property
    def place(self) -> str:
        """The address without its password."""
        return self._address.place

    @property
    def is_exclusive(self) -> bool:
        """No: any number of workers."""
        return False

    @property
    def pace(self) -> float:
        """Seconds after which to look though nothing was told."""
        listener = self._listener
        if listener is None or not listener.is_listening:
            return _UNTOLD
        # Nobody tells of a worker that has died: that is only seen by looking.
        return min(_TOLD, self._address.lease / 2)

    async def open(self) -> None:
        """Connect, and make or migrate the tables where needed; a second time, nothing.

        A server that is not there yet is waited for.
        """
        if self._is_open:
            return
        self._session = PostgresSession(self._address, self._leases)
        writer = Writer(self._session, self._leases.apply)
        try:
            await self._start(writer)
        except JournalError:
            raise
        except BaseException:  # broken off: nobody waits for the server any more
            self._writer = None
            self._session.arrival.give_up()
            await writer.stop()
            raise

    async def close(self) -> None:
        """Write what was handed in, leave the list of workers, and let go of the connections."""
        listener, self._listener = self._listener, None
        if listener is not None:
            await asyncio.to_thread(listener.stop)
        if self._writer is not None:
            await self.disown()
            await self._stop()

    def on_news(self, tell: Callable[[str], None]) -> None:
        """Call ``tell`` on this event loop with what the server tells; nothing where a pooler stands before it."""
        session = self._session
        if self._listener is not None or session is None or self._address.listen is False:
            return
        if session.pooled and self._address.listen is None:
            return
        loop = asyncio.get_running_loop()

        def heard(news: str) -> None:
            with suppress(RuntimeError):  # the loop has ended: nobody wants to know
                loop.call_soon_threadsafe(tell, news)

        self._listener = Listener(self._address, heard)
        self._listener.start()

    # Reading what is asked for most

    async def load(self, journey: str, *, last: bool = False) -> Stored:
        """One journey with its unseen messages."""
        stored: Stored = await self._running.look(reading.load, (journey, last))
        return stored

    async def head(self, journey: str) -> Head:
        """The head alone."""
        head: Head = await self._running.look(reading.heads, journey)
        return head

    # Who advances

    async def own(self) -> bool:
        """Be one of the workers; True."""
        if not self._leases.is_fresh:
            await self._renew()
        if self._heart is None or self._heart.done():
            self._heart = asyncio.create_task(self._beat())
        return True

    async def disown(self) -> None:
        """Leave the list of workers, and all journeys to others."""
        heart, self._heart = self._heart, None
        if heart is not None:
            heart.cancel()
            with suppress(asyncio.CancelledError):
                await heart
        if self._leases.fence is None:
            return
        try:
            await self._do(self._leases.resign)
        except JournalError as error:
            log.warning("the journal {}: this worker's lease runs out by itself: {}", self.place, error)
        self._leases.resigned()

    async def is_attended(self) -> bool:
        """Whether a worker is on the list whose time has not passed."""
        return await self._ask(
            lambda connection: connection.exec_driver_sql(
                "SELECT EXISTS (SELECT FROM workers WHERE until >= clock_timestamp())"
            ).scalar_one()
        )

    def may_send(self, journey: str) -> bool:
        """Whether the journey is this worker's, and its time has not passed."""
        return self._leases.may_send(journey)

    def release(self, journeys: Collection[str]) -> None:
        """Leave these to whoever is next."""
        self._leases.release(journeys)

    def reserve(self, journey: str) -> None:
        """Have this journey be stored as this worker's, or not at all."""
        self._leases.reserve(journey)

    async def _renew(self) -> None:
        self._leases.renewed(await self._do(self._leases.renew))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._address.lease / _BEATS)
            try:
                await self._renew()
            except JournalError as error:
                log.warning("the lease of this worker could not be renewed: {}", error)

    # Writing

    async def create(self, head: Head, data: bytes, first: TransitionRecord, key: bytes | None = None) -> Head:
        """Store a new journey, or find the first one of that flow and key."""
        mine = self._leases.reserved(head.id)
        stored: Head = await self._running.create(
            self._leases.add, New(head=head, data=data, first=first, key=key, is_reserved=mine)
        )
        return stored

    async def post(self, message: Message) -> None:
        """Keep a message durably, and let the workers know."""
        await self._running.create(self._leases.add, message)

    async def spend(self, budget: bytes, now: datetime, *, most: int, within: timedelta) -> datetime | None:
        """Use a budget once more, or say when that may be."""
        length = within // timedelta(microseconds=1)

        def work(connection: Connection) -> int | None:
            # Of two processes at once, the second counts what the first one used.
            connection.exec_driver_sql(_ALONE, {"budget": budget})
            return spend(connection, budget, micros(now), most, length)

        free = await self._do(work)
        return None if free is None else moment(free)

    # What is to be advanced

    async def claim(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[str]:
        """What to advance now: longest waiting first, past its time or with a message to be looked at."""
        return await self._do(lambda connection: self._leases.claim(connection, micros(now), limit, busy))

    async def due(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[str]:
        """What there is to advance and nobody else has; whoever asks has it no more than before."""
        return await self._do(lambda connection: self._leases.due(connection, micros(now), limit, busy))

    async def take(self, journey: str) -> bool:
        """Take this one, unless another worker has it."""
        return await self._do(lambda connection: self._leases.take(connection, journey))

    async def next_due(self, now: datetime, busy: Collection[str] = ()) -> datetime | None:
        """When ``claim`` will next find something: ``now`` at the latest where a message waits."""
        found, called = await self._ask(lambda connection: self._leases.next_due(connection, busy))
        due = None if found is None else moment(found)
        return now if called and (due is None or due > now) else due

    # Forgetting

    async def take_out(self, journeys: Sequence[tuple[str, int]]) -> list[str]:
        """Remove those that are as they were."""

        def work(connection: Connection) -> list[str]:
            # Who is just handing something in is waited for, and whoever comes later finds no journey.
            connection.exec_driver_sql(_LOCKED, {"ids": [journey for journey, _ in journeys]})
            return take_out(connection, journeys)

        return await self._do(work)

    async def scrub(self) -> bool:
        """Free what was erased in the tables. What the server's log and its backups hold is not in our hands."""
        await self._do(lambda _: None)
        return await asyncio.to_thread(self._scrub)

    def _scrub(self) -> bool:
        try:
            with connect(self._address) as connection:
                connection.execute(f"VACUUM {', '.join(_SCRUB)}")
        except psycopg.Error as error:
            fault = explained(error, self.place)
        else:
            return True
        raise fault
