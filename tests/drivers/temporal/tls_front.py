"""What stands before Temporal Cloud: TLS, certificates of those who ask, and a look at the key that they bring."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import hpack
from certificates import Pair

__all__ = ["Front", "listening"]

_PREFACE = len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
_HEADERS, _SETTINGS = 1, 4
_END_STREAM_AND_HEADERS, _PADDED, _PRIORITY = 0x5, 0x8, 0x20
_REFUSED = [(":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "16"), ("grpc-message", "no")]
_ONCE = 1 << 16


@dataclass
class Front:
    """How it is asked, and what it has seen.

    Attributes:
        behind: the port of the real server on the loopback.
        key: the API key that every connection must bring; None: none is looked for.
        seen: the headers of the first request of each connection.
    """

    behind: int
    key: str | None = None
    seen: list[dict[str, str]] = field(default_factory=list)
    address: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        with suppress(OSError, asyncio.IncompleteReadError):
            begun = await reader.readexactly(_PREFACE)
            kind, stream, headers, frames = await _first_headers(reader)
            assert kind == _HEADERS
            self.seen.append(headers)
            if self.key is not None and headers.get("authorization") != f"Bearer {self.key}":
                writer.write(_frame(_SETTINGS, 0, 0, b"") + _refusal(stream))
                await writer.drain()
                await reader.read()  # until it has understood
            else:
                await self._forward(begun + frames, reader, writer)
        writer.close()

    async def _forward(self, begun: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, away = await asyncio.open_connection("127.0.0.1", self.behind)
        away.write(begun)
        try:
            await asyncio.gather(_copy(reader, away), _copy(there, writer))
        finally:
            away.transport.abort()
            writer.transport.abort()


@asynccontextmanager
async def listening(
    front: Front, own: Pair, *, clients: Path | None = None, protocols: tuple[str, ...] = ("h2",)
) -> AsyncIterator[Front]:
    """Let it listen on a free port.

    Args:
        front: what is done with a connection.
        own: its certificate.
        clients: the authority by which those who ask must be known.
        protocols: what it speaks above TLS.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    context.set_alpn_protocols(protocols)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    under_way: set[asyncio.Task[None]] = set()

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        under_way.add(task)
        with suppress(asyncio.CancelledError):
            await front.serve(reader, writer)
        writer.close()
        under_way.discard(task)

    server = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=context)
    front.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield front
    finally:
        server.close()
        for task in [*under_way]:
            task.cancel()
        await asyncio.gather(*under_way)


async def _first_headers(reader: asyncio.StreamReader) -> tuple[int, int, dict[str, str], bytes]:
    """The first request's stream and headers, and every byte up to them."""
    read = b""
    while True:
        head = await reader.readexactly(9)
        length, (kind, flags, stream) = int.from_bytes(head[:3], "big"), struct.unpack(">BBL", head[3:])
        body = await reader.readexactly(length)
        read += head + body
        if kind == _HEADERS:
            if flags & _PADDED:
                body = body[1 : -body[0] or None]
            if flags & _PRIORITY:
                body = body[5:]
            return kind, stream, dict(_decoded(body)), read


def _decoded(body: bytes) -> Iterator[tuple[str, str]]:
    for name, value in hpack.Decoder().decode(body):
        yield str(name), str(value)


def _refusal(stream: int) -> bytes:
    return _frame(_HEADERS, _END_STREAM_AND_HEADERS, stream, hpack.Encoder().encode(_REFUSED))


def _frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "big") + struct.pack(">BBL", kind, flags, stream) + body


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(_ONCE):
            writer.write(piece)
            await writer.drain()
    writer.close()
