"""One connection's bytes: httpcore's interface of a network stream over asyncio's own transports.

httpcore's stream for asyncio goes through anyio, which costs a pass of the event loop for each write and two system
calls for each read: a fifth of a call. It also cannot say when the first byte of a request is written, which is what
"never sent" hangs on.
"""

from __future__ import annotations

import asyncio
import ipaddress
import select
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from types import ModuleType

__all__ = ["Stream", "connect"]

_MOST_UNREAD = 64 * 1024
_MOST_UNSENT = 16 * 1024
_NEXT_ADDRESS_AFTER = 0.25


class Stream(asyncio.Protocol):
    """The two directions of one connection; one reader and one writer at a time.

    Attributes:
        leaving: called once, right before the next bytes are written, then forgotten; what it raises keeps them here.

    Args:
        core: httpcore or httpcore2: its errors are raised.
    """

    def __init__(self, core: ModuleType) -> None:
        self.leaving: Callable[[], None] | None = None
        self._core: Any = core
        self._loop = asyncio.get_running_loop()
        self._transport: Any = None
        self._poll: Any = None
        self._unread = b""
        self._unsent = b""
        self._paused = False
        self._full = False
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    # What asyncio tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands; with TLS, after the handshake."""
        self._transport = transport
        # asyncio reads while nobody asks, but not while other tasks run: only the socket knows the latest.
        if hasattr(select, "poll"):
            self._poll = select.poll()
            self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._unread = self._unread + data if self._unread else data
        if len(self._unread) > _MOST_UNREAD and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """The other side writes no more; asyncio closes the connection then."""
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed, by whomever."""
        self._ended = True
        self._error = exc
        self._wake()

    def pause_writing(self) -> None:
        """The other side takes no more for now."""
        self._full = True

    def resume_writing(self) -> None:
        """It does again."""
        self._full = False
        self._wake()

    # What httpcore asks.

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - as httpcore has it
        """At most ``max_bytes``; none: the other side has ended.

        Raises:
            httpcore.ReadTimeout: nothing came in time.
            httpcore.ReadError: the connection broke.
        """
        if self._unsent:
            self._send()
        if not (self._unread or self._ended):
            await self._wait(timeout, self._core.ReadTimeout)
        data, self._unread = self._unread[:max_bytes], self._unread[max_bytes:]
        if self._paused and not self._unread and not self._ended:
            self._paused = False
            self._transport.resume_reading()
        if not data and self._error is not None:
            raise self._core.ReadError("the connection broke") from self._error
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as httpcore has it
        """Write all of it, together with what is written before anything is read: a request's head and its body.

        Raises:
            httpcore.WriteTimeout: the other side did not take it in time.
            httpcore.WriteError: the connection is closed.
        """
        if not buffer:
            return
        if self.is_closed:
            raise self._core.WriteError("the connection is closed")
        leaving, self.leaving = self.leaving, None
        if leaving is not None:
            leaving()
        self._unsent += buffer
        if len(self._unsent) > _MOST_UNSENT:
            self._send()
        while self._full and not self._ended:
            await self._wait(timeout, self._core.WriteTimeout)

    async def aclose(self) -> None:
        """Close at once."""
        self.close()

    def get_extra_info(self, info: str) -> Any:
        """``is_readable``: whether there is anything to read, an end included; else what asyncio knows."""
        if info == "is_readable":
            return bool(self._unread) or self.is_closed or (self._poll is not None and bool(self._poll.poll(0)))
        if info in ("client_addr", "server_addr"):
            return self._transport.get_extra_info("sockname" if info == "client_addr" else "peername")
        return self._transport.get_extra_info(info)

    # What the pool asks.

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be written any more."""
        return self._ended or bool(self._transport.is_closing())

    def close(self) -> None:
        """Close at once, without waiting for anything: what was not written yet is dropped."""
        self._ended = True
        self._transport.abort()
        self._wake()

    def _send(self) -> None:
        unsent, self._unsent = self._unsent, b""
        if not self.is_closed:  # else whoever reads next is told
            self._transport.write(unsent)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self, seconds: float | None, error: type[Exception]) -> None:
        """Wait for one of asyncio's calls."""
        waiter = self._waiter = self._loop.create_future()
        timer = None if seconds is None else self._loop.call_later(seconds, _fail, waiter, error)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()


def _fail(waiter: asyncio.Future[None], error: type[Exception]) -> None:
    if not waiter.done():
        waiter.set_exception(error("too late"))


async def connect(
    core: ModuleType, host: str, port: int, context: ssl.SSLContext | None, limit: float | None
) -> Stream:
    """A connection that stands, its TLS handshake included. Cancelling it leaves nothing behind.

    Args:
        core: httpcore or httpcore2.
        host: a name or an address.
        port: of TCP.
        context: for TLS; None: there is none.
        limit: seconds for all of it.

    Raises:
        httpcore.ConnectTimeout: it took too long.
        httpcore.ConnectError: it failed.
    """
    errors: Any = core
    loop = asyncio.get_running_loop()
    more: dict[str, Any] = {}
    # Other loops try one address after the other. Cancelled at the wrong moment, asyncio's race leaves a socket to the
    # garbage collector: only where there is a choice of addresses.
    if isinstance(loop, asyncio.BaseEventLoop) and not _is_address(host):
        more["happy_eyeballs_delay"] = _NEXT_ADDRESS_AFTER
    try:
        async with asyncio.timeout(limit):
            _, stream = await loop.create_connection(lambda: Stream(core), host, port, ssl=context, **more)
    except TimeoutError as error:
        raise errors.ConnectTimeout("no connection in time") from error
    except OSError as error:
        raise errors.ConnectError("no connection could be made") from error
    return stream


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
