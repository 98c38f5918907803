"""A service on a raw socket: it reads requests as far as it must, and writes whatever a play wants."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from onboarding.testing.local_server import LocalServer

__all__ = ["Counterpart", "Exchange", "Nobody", "Play", "read_request"]

_LINE = b"\r\n\r\n"


@dataclass(slots=True)
class Exchange:
    """One connection, as a play sees it.

    Attributes:
        reader: where the client's bytes come from.
        writer: where the play's bytes go to.
        data: ``data`` of a good answer to the call that is made, as JSON.
        trap: an address that nobody may ever ask.
        over: set by the play to close the connection.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    data: bytes
    trap: str
    over: bool = False

    async def write(self, content: bytes) -> None:
        """Write, and wait until the client has taken most of it."""
        self.writer.write(content)
        await self.writer.drain()

    def reset(self) -> None:
        """Cut the connection off, without waiting for what is still to be sent."""
        self.over = True
        self.writer.transport.abort()


Play = Callable[[Exchange], Awaitable[None]]


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes] | None:
    """The head and the body of the next request; None: there is none."""
    try:
        head = await reader.readuntil(_LINE)
        length = next(
            (
                int(value)
                for name, _, value in (line.partition(b":") for line in head.split(b"\r\n"))
                if name.strip().lower() == b"content-length"
            ),
            0,
        )
        return head, await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


class Counterpart(LocalServer):
    """Plays its part for the first request on each connection in turn, and another for all that follow.

    Args:
        first: played for the first request.
        then: played for every other.
        data: ``data`` of a good answer to the first request, as JSON.
        trap: handed to the plays.
        deaf: the first connection is played without reading anything.

    Attributes:
        requests: how many whole requests came.
        changing: how many of them were more than a look (``GET``).
        heard: whether a byte came at all.
    """

    def __init__(self, first: Play, then: Play, *, data: bytes = b"null", trap: str = "", deaf: bool = False) -> None:
        super().__init__()
        self.requests = self.changing = 0
        self.heard = False
        self._first: Play | None = first
        self._then = then
        self._data = data
        self._trap = trap
        self._deaf = deaf

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        exchange = Exchange(reader, writer, self._data, self._trap)
        while not exchange.over:
            if self._deaf:
                self._deaf = False
            elif (request := await read_request(reader)) is None:
                break
            else:
                self.requests += 1
                self.changing += not request[0].startswith(b"GET ")
                self.heard = True
            play, self._first = self._first or self._then, None
            await play(exchange)


class Nobody:
    """A port that is taken, and at which nobody listens."""

    requests = 0
    heard = False

    async def __aenter__(self) -> Self:
        self._taken = socket.socket()
        self._taken.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._taken.getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._taken.close()
