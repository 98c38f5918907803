"""The journal and the way out, wrapped: in each write and each request of theirs, the process may die."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

import httpx

from onboarding.journal import Change, Head, Journal, Message, Stored, TransitionRecord
from onboarding.journal.backends import sqlite_path
from onboarding.journal.receipt import Receipt
from onboarding.journal.sqlite import SqliteJournal
from onboarding.verify.crash.broker import ANSWER, ARRIVAL, ORDER, Order
from onboarding.verify.crash.cases import FATES, INPUT, Point
from onboarding.verify.crash.watch import Watch, die

__all__ = ["WatchedTransport", "watched"]

if TYPE_CHECKING:

    class _Journal:
        """What a watch stands before: a file's journal, or a server's."""

        async def create(self, head: Head, data: bytes, first: TransitionRecord, key: bytes | None = None) -> Head:
            raise NotImplementedError

        async def post(self, message: Message) -> None:
            raise NotImplementedError

        def write(self, change: Change) -> Receipt[None]:
            raise NotImplementedError

        async def load(self, journey: str, *, last: bool = False) -> Stored:
            raise NotImplementedError

        async def claim(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[str]:
            raise NotImplementedError

else:
    _Journal = object

_FORBIDDEN = 403


class _Watched(_Journal):
    """A journal, in whose writes the process may die; it stands before the real one."""

    _watch: Watch

    async def create(self, head: Head, data: bytes, first: TransitionRecord, key: bytes | None = None) -> Head:
        """Store a new journey."""
        at = self._watch.creating(head)
        self._before(at, head.id, head.revision)
        stored = await super().create(head, data, first, key)
        self._watch.found(stored)
        if stored.id == head.id:
            self._watch.created(head)
        if at == "after":
            die()
        return stored

    async def post(self, message: Message) -> None:
        """Keep an input."""
        at = self._watch.at(INPUT)
        self._before(at, message.journey, 0)
        await super().post(message)
        if at == "after":
            die()

    def write(self, change: Change) -> Receipt[None]:
        """Queue a write."""
        at = self._watch.wrote(change)
        self._before(at, change.head.id, change.head.revision)
        receipt = super().write(change)
        if at == "after":
            self._death = asyncio.ensure_future(_die_when(receipt))
        return receipt

    async def load(self, journey: str, *, last: bool = False) -> Stored:
        """One journey, of which it is then known where it stands."""
        stored = await super().load(journey, last=last)
        self._watch.found(stored.head)
        return stored

    async def claim(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[str]:
        """What is due; who has looked for it begins what is started from now on."""
        due = await super().claim(now, limit, busy)
        self._watch.claimed.set()
        return due

    def _before(self, at: str, journey: str, revision: int) -> None:
        if at == "before":
            die()
        if at in ("commit", "within"):
            self._watch.awaited = (journey, revision)


class _WatchedFile(_Watched, SqliteJournal):
    """The one in a file."""


def watched(url: str, watch: Watch) -> Journal:
    """The journal of an address, watched."""
    if not url.startswith("postgres"):
        file = _WatchedFile(sqlite_path(url))
        file._watch = watch  # noqa: SLF001 - our own class
        return file
    from onboarding.journal.postgres.journal import PostgresJournal

    class WatchedServer(_Watched, PostgresJournal):
        """The one on a server."""

    server = WatchedServer(url)
    server._watch = watch  # noqa: SLF001 - the same
    return server


async def _die_when(receipt: Receipt[None]) -> None:
    await receipt
    die()


class WatchedTransport(httpx.AsyncBaseTransport):
    """The way out, on which the process may die."""

    def __init__(self, watch: Watch, within: httpx.AsyncBaseTransport) -> None:
        self._watch = watch
        self._within = within

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, with the order that says what is to become of it."""
        blow = self._watch.requested(request)
        if blow is not None:
            if blow.way == Point.HALF_SENT:
                self._send_half(request)
                die()
            order = Order(
                kill=os.getpid() if blow.way in (Point.SENT, Point.EFFECT) else 0,
                when=ANSWER if blow.way == Point.EFFECT else ARRIVAL,
                rule=FATES[blow.fate], status=_FORBIDDEN if blow.fate == "forbidden" else 0,
            )  # fmt: skip
            request.headers[ORDER] = order.header()
        return await self._within.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._within.aclose()

    def _send_half(self, request: httpx.Request) -> None:
        """Some bytes of the request, and not the last one."""
        head = [b"%s %s HTTP/1.1" % (request.method.encode(), request.url.raw_path)]
        head += [b"%s: %s" % (name, value) for name, value in request.headers.raw]
        whole = b"\r\n".join([*head, b"", request.content])
        with socket.create_connection((request.url.host, request.url.port or 80)) as connection:
            connection.sendall(whole[: self._watch.rng.randrange(1, len(whole))])
