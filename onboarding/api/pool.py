"""Connections to one origin, handed out at a cost that does not grow with their number.

httpcore's own pool looks through all of its connections and requests whenever one comes or goes, and cancelling
requests costs it places for good. This one is a stack of idle connections, behind httpx's public interface of a
transport, over httpcore's own connection: what is on the wire is written and read by httpcore. How many requests are in
flight at once is for whoever sends to bound.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections import deque
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from onboarding.api.network import Stream, connect

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
    from types import ModuleType

__all__ = ["Pool", "PoolAnswer", "make_pool", "read_whole"]

_ERRORS = (
    "ConnectError", "ConnectTimeout", "LocalProtocolError", "NetworkError", "ProtocolError", "ProxyError",
    "ReadError", "ReadTimeout", "RemoteProtocolError", "TimeoutException", "UnsupportedProtocol", "WriteError",
    "WriteTimeout",
)  # fmt: skip


@dataclass(slots=True, eq=False)
class _Line:
    """One connection: what speaks HTTP, the bytes below, and since when it is idle."""

    http: Any
    stream: Stream
    idle_since: float = 0.0


class Pool:
    """The transport; to be made by ``make_pool``, which gives it the base class of the HTTP library in use.

    Of a request's extensions it knows ``timeout`` (``connect``; ``read`` and ``write`` are httpcore's), ``trace``
    (httpcore's, without the events of connecting) and one of its own, ``leaving``: a function that is called right
    before the first byte is written. What it raises keeps the request here. What came on a connection together with an
    answer is for the caller to look at (``leftovers``); what comes later is noticed here.

    Args:
        library: httpx or httpx2.
        base_url: its origin is the only one that is served.
        keep_alive: seconds after which an idle connection is not used any more.
        context: for https.
        now: seconds on any clock that never goes back.
    """

    def __init__(
        self,
        library: ModuleType,
        base_url: str,
        *,
        keep_alive: float,
        context: ssl.SSLContext,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._library: Any = library
        self._core: Any = _core_of(library)
        self._errors = {getattr(self._core, name): getattr(library, name) for name in _ERRORS}
        url = self._library.URL(base_url)
        self._scheme, self._host, self._port = self._served = (url.raw_scheme, url.raw_host, url.port)
        self._origin = self._core.URL(scheme=self._scheme, host=self._host, port=self._port, target=b"/").origin
        self._context = context if url.scheme == "https" else None
        if self._context is not None:
            self._context.set_alpn_protocols(["http/1.1"])
        self._keep_alive = keep_alive
        self._now = now
        self._idle: deque[_Line] = deque()
        self._lines: set[_Line] = set()
        self.is_closed = False

    async def handle_async_request(self, request: Any) -> Any:
        """Send a request and give its response, whose stream must be closed.

        Raises:
            httpx.TransportError: its kinds, as httpx's own transport raises them.
        """
        url = request.url
        if (url.raw_scheme, url.raw_host, url.port) != self._served:
            raise self._library.UnsupportedProtocol("this pool is for one origin only")
        answer = await self.send(
            request.method, url.raw_path, request.headers.raw, request.stream, extensions=request.extensions
        )
        body = _kinds(self._library)[1](answer)
        return self._library.Response(answer.status, headers=answer.headers, stream=body, extensions=answer.extensions)

    async def send(
        self,
        method: str,
        target: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        content: Any = None,
        *,
        extensions: Mapping[str, Any],
    ) -> PoolAnswer:
        """Send a request as it is, without what an HTTP library does around one; its answer must be closed.

        Args:
            method: in capitals.
            target: path and query, percent-encoded.
            headers: all of them, also the host's and the content's length; h11's are taken for checked.
            content: bytes, or an asynchronous iterable of them.
            extensions: see above.

        Raises:
            httpx.TransportError: its kinds, as httpx's own transport raises them.
        """
        line: _Line | None = None
        try:
            line = self._pop_idle() or await self._connect(extensions.get("timeout", {}).get("connect"))
            line.stream.leaving = extensions.get("leaving")
            url = self._core.URL(scheme=self._scheme, host=self._host, port=self._port, target=target)
            request = self._core.Request(method, url, content=content, extensions=extensions)
            request.headers = headers  # not looked through here: HTTP/1.1 does that
            response = await line.http.handle_async_request(request)
        except BaseException as error:
            self._drop(line)
            self.raise_as_library(error)
            raise
        return PoolAnswer(self, line, response)

    async def aclose(self) -> None:
        """Close every connection; requests in flight fail."""
        self.is_closed = True
        for line in list(self._lines):
            self._drop(line)
        self._idle.clear()
        await asyncio.sleep(0)  # asyncio closes the sockets in its next pass

    def _pop_idle(self) -> _Line | None:
        """The connection that was used last: it is the least likely to have been closed by the other side."""
        while self._idle:
            line = self._idle.pop()
            if not (self._is_old(line) or line.http.has_expired()):
                return line
            self._drop(line)
        return None

    def _is_old(self, line: _Line) -> bool:
        return self._now() - line.idle_since > self._keep_alive

    async def _connect(self, limit: float | None) -> _Line:
        if not self.is_closed:
            host = self._origin.host.decode("ascii")
            stream = await connect(self._core, host, self._origin.port, self._context, limit)
            if not self.is_closed:  # nor in the meantime
                line = _Line(self._core.AsyncHTTP11Connection(self._origin, stream), stream)
                # A connection has one request at a time here: httpcore's own lock costs two turns of the event loop.
                line.http._state_lock = asyncio.Lock()  # noqa: SLF001 - nothing where httpcore has none
                self._lines.add(line)
                return line
            stream.close()
        raise self._core.ConnectError("the pool is closed")

    def take_back(self, line: _Line) -> None:
        """Keep a connection whose response is closed, if another request can use it."""
        if line.http.is_idle() and not line.stream.is_closed and not self.is_closed:
            line.idle_since = self._now()
            self._idle.append(line)
            while self._is_old(self._idle[0]):
                self._drop(self._idle.popleft())
        else:
            self._drop(line)

    def _drop(self, line: _Line | None) -> None:
        # At once: whoever is cancelled here leaves no socket behind.
        if line is not None:
            self._lines.discard(line)
            line.stream.close()

    def raise_as_library(self, error: BaseException) -> None:
        """Raise httpcore's error as the one of httpx, as httpx does."""
        kind = self._errors.get(type(error))
        if kind is not None:
            raise kind(str(error)) from error


class PoolAnswer:
    """An answer. Closing it, or failing to read it, gives the connection back.

    Attributes:
        status: of HTTP.
        headers: in the order and the case in which they came.
        extensions: httpcore's.
        stream: httpcore's stream of the body; to be read through this object.
    """

    __slots__ = ("_line", "_pool", "extensions", "headers", "status", "stream")

    def __init__(self, pool: Pool, line: _Line, response: Any) -> None:
        self._pool = pool
        self._line: _Line | None = line
        self.status: int = response.status
        self.headers: list[tuple[bytes, bytes]] = response.headers
        self.extensions: dict[str, Any] = response.extensions
        self.stream = response.stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self.stream:
                yield part
        except BaseException as error:
            self._fail(error)
            raise

    async def read(self, most: int) -> bytes | None:
        """The whole body; None: it is over ``most`` bytes."""
        try:
            return await read_whole(self.stream, most)
        except BaseException as error:
            self._fail(error)
            raise

    def _fail(self, error: BaseException) -> None:
        self._give_back()
        self._pool.raise_as_library(error)

    async def aclose(self) -> None:
        """Let go of the connection; what was not read of the body closes it."""
        try:
            await self.stream.aclose()
        finally:
            self._give_back()

    def _give_back(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            self._pool.take_back(line)


class _Body:
    """An answer as the stream of a library's response."""

    def __init__(self, answer: PoolAnswer) -> None:
        self._stream = answer

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._stream.__aiter__()

    async def aclose(self) -> None:
        await self._stream.aclose()


async def read_whole(parts: AsyncIterable[bytes], most: int) -> bytes | None:
    """A body; None: it is over ``most`` bytes."""
    body = bytearray()
    async for part in parts:
        body += part
        if len(body) > most:
            return None
    return bytes(body)


@cache
def _core_of(library: ModuleType) -> ModuleType:
    return importlib.import_module(library.__name__.replace("httpx", "httpcore"))


@cache
def _kinds(library: ModuleType) -> tuple[type[Any], type[Any]]:
    """The pool and its responses' streams as what the library takes them for: it looks at their base classes."""
    pool = type("PoolTransport", (Pool, library.AsyncBaseTransport), {})
    body = type("PoolStream", (_Body, library.AsyncByteStream), {})
    return pool, body


def make_pool(library: ModuleType, base_url: str, **settings: Any) -> Pool:
    """A pool as a transport of ``library``; the arguments are those of ``Pool``."""
    pool: Pool = _kinds(library)[0](library, base_url, **settings)
    return pool
