"""A server that does with each connection exactly what a test says, and knows what came in and what is open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from onboarding.testing.local_server import LocalServer

if TYPE_CHECKING:
    import ssl

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Line:
    """The server's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer
        self.heard = bytearray()

    async def hear(self, count: int = 1) -> None:
        """Read so many bytes at least; all of them are kept.

        Raises:
            ConnectionError: the client has gone.
        """
        while len(self.heard) < count:
            got = await self._reader.read(65536)
            if not got:
                raise ConnectionResetError
            self.heard += got

    async def request(self) -> None:
        """Read one request without a body to its end."""
        before = self.heard.count(b"\r\n\r\n")
        while self.heard.count(b"\r\n\r\n") == before:
            await self.hear(len(self.heard) + 1)

    async def say(self, *parts: bytes) -> None:
        """Write one part after the other."""
        for part in parts:
            self.writer.write(part)
            await self.writer.drain()

    async def until_gone(self) -> None:
        """Return when the client has closed."""
        try:
            while True:
                await self.hear(len(self.heard) + 1)
        except ConnectionError:
            return

    def reset(self) -> None:
        """Break the connection off."""
        self.writer.transport.abort()


Play = Callable[[Line], Awaitable[Any]]


async def answer_all(line: Line) -> None:
    """Answer every request at once."""
    while True:
        await line.request()
        await line.say(OK)


class RawServer(LocalServer):
    """Plays ``plays`` in order, one a connection, then ``answer_all``."""

    def __init__(self, *plays: Play, context: ssl.SSLContext | None = None) -> None:
        super().__init__(context)
        self.plays = list(plays)
        self.lines: list[Line] = []
        self.open = 0
        self.most_open = 0

    @property
    def heard(self) -> list[bytearray]:
        """What came in, by connection."""
        return [line.heard for line in self.lines]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what happens in its own time; a test that waits in vain fails."""
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.002)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(reader, writer)
        self.lines.append(line)
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await (self.plays.pop(0) if self.plays else answer_all)(line)
        finally:
            self.open -= 1
