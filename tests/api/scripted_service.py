"""A small HTTP service that keeps every request byte for byte and plays the replies it is given."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from onboarding.testing.local_server import LocalServer

TOKEN = "canary-token-7f3a"

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(found) < 2, f"{name} was sent twice"
        return found[0] if found else None


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    """A whole HTTP reply."""
    lines = [f"HTTP/1.1 {status} Any", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def answer(data: Any = None, mcode: str = "m0000000", *, result: bool | None = None) -> bytes:
    """A reply with an envelope."""
    envelope = {"result": mcode == "m0000000" if result is None else result, "mcode": mcode, "data": data}
    return http(200, json.dumps(envelope).encode(), "Content-Type: application/json")


class ScriptedService(LocalServer):
    """Plays ``replies`` in order, then ``always``."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Received] = []
        self.replies: list[bytes | Play] = []
        self.always: bytes | Play = answer()
        self._came = asyncio.Condition()
        self.connections = 0
        self.at_once = 0
        self.most_at_once = 0

    async def until_it_has(self, requests: int) -> None:
        """Return when so many requests have come in; a test that waits in vain fails."""
        async with asyncio.timeout(10), self._came:
            await self._came.wait_for(lambda: len(self.received) >= requests)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while (request := await self._read(reader)) is not None:
            async with self._came:
                self.received.append(request)
                self._came.notify_all()
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            reply = self.replies.pop(0) if self.replies else self.always
            try:
                if isinstance(reply, bytes):
                    writer.write(reply)
                    await writer.drain()
                else:
                    await reply(reader, writer)
            finally:
                self.at_once -= 1

    @staticmethod
    async def _read(reader: asyncio.StreamReader) -> Received | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        except asyncio.IncompleteReadError:
            return None
        line, *rest = head.rstrip("\r\n").split("\r\n")
        headers = [(name, value.strip()) for name, _, value in (one.partition(":") for one in rest)]
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        return Received(line, headers, await reader.readexactly(length))


async def drop(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close without an answer."""
    writer.transport.abort()


async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Say nothing until the client goes away."""
    await reader.read()
    raise ConnectionError


def drip(reply: bytes, every: float = 0.02) -> Play:
    """Send one byte at a time."""

    async def play(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in reply:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(every)

    return play


def after(event: asyncio.Event, reply: bytes) -> Play:
    """Reply when the event is set."""

    async def play(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await event.wait()
        writer.write(reply)
        await writer.drain()

    return play
