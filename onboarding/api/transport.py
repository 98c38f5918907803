"""Send one request and bring back the status and the body, or say how far it came."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from onboarding.api.envelope import Trouble
from onboarding.api.http_library import library_of, make_client, preferred_library
from onboarding.api.quiet import hush, our_request
from onboarding.api.routes import Reply, route_through
from onboarding.errors import InDoubt, NotSent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import SecretStr

    from onboarding.api.passage import Passage
    from onboarding.api.request import FilledRequest

__all__ = ["Transport"]


class Transport:
    """A way out with bounds: our own pool, or an HTTP client.

    Of a handed-in client only the way out is used (its transports, mounts and proxies): not its base URL,
    headers, cookies, authentication or parameters. It is never closed here.

    Args:
        base_url: without a slash at the end.
        headers: sent with every request.
        connect_timeout: seconds for a connection to stand.
        pool_size: the most requests in flight.
        trust_env: whether proxies and certificates of the environment count; for a client of our own.
        client: an ``AsyncClient`` of httpx or httpx2, or None.
    """

    def __init__(
        self,
        base_url: str,
        headers: Sequence[tuple[str, SecretStr]],
        *,
        connect_timeout: float,
        pool_size: int,
        trust_env: bool,
        client: Any,
    ) -> None:
        self._library: Any = preferred_library() if client is None else library_of(client)
        self.owned = client is None
        self._client = client or make_client(self._library, base_url, pool_size=pool_size, trust_env=trust_env)
        plain = self._library.Headers([(name, value.get_secret_value()) for name, value in headers])
        self._route = route_through(
            self._library, self._client, base_url, plain, connect_timeout=connect_timeout, owned=self.owned
        )
        self._slots = asyncio.Semaphore(pool_size)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False
        hush()

    async def take_slot(self, passage: Passage) -> Trouble | None:
        """Wait until one more request may be in flight; a trouble: there was no place in time."""
        if self._closed or self._client.is_closed:
            return Trouble(NotSent, "the client is closed")
        if not self._slots.locked():
            await self._slots.acquire()
            return None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(passage.deadline):
                await self._slots.acquire()
            return None
        return Trouble(NotSent, "no connection was free in time")

    def free_slot(self) -> None:
        """Give a place back that was not used."""
        self._slots.release()

    def own(self, task: asyncio.Task[Any]) -> None:
        """Keep a task that uses a place until it has ended, whoever still waits for it."""
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        self._slots.release()

    async def aclose(self) -> None:
        """Let the requests in flight end (they are bounded), then close the client if it is ours."""
        self._closed = True
        if self._tasks:
            await asyncio.wait(set(self._tasks))
        if self.owned:
            await self._client.aclose()

    async def perform(self, request: FilledRequest, passage: Passage) -> Reply | Trouble:
        """Send a request; to be called in a task of its own. It raises nothing but its own cancellation."""
        our_request.set(True)
        try:
            return await self._route.fetch(request, passage)
        except Exception as error:  # noqa: BLE001
            trouble = self._trouble(error, passage)
        # Out here, the original is gone: it holds the request.
        return trouble

    def _trouble(self, error: Exception, passage: Passage) -> Trouble:
        library = self._library
        if passage.under_way or not (passage.traced or self._proves_unsent(error)):
            match error:
                case TimeoutError() | library.TimeoutException():
                    return Trouble(InDoubt, "no answer in time")
                case library.RequestError():
                    return Trouble(InDoubt, "the connection broke before the answer was complete")
                case _:
                    return Trouble(InDoubt, "the request failed in a way that proves nothing")
        match error:
            case library.PoolTimeout():
                return Trouble(NotSent, "no connection was free in time")
            case library.ConnectTimeout() | library.ConnectError() | library.ProxyError():
                return Trouble(NotSent, "no connection could be made")
            case _:
                return Trouble(NotSent, "the request could not be handed over")

    def _proves_unsent(self, error: Exception) -> bool:
        """Whether an error of a transport that does not trace can be believed when it says "never connected".

        Not where it was translated from another library's error: such translations are known to call a
        connection that was dropped in mid-call a connect timeout.
        """
        library = self._library
        named = (
            library.ConnectError,
            library.ConnectTimeout,
            library.PoolTimeout,
            library.ProxyError,
            library.LocalProtocolError,
            library.UnsupportedProtocol,
        )
        origin = type(error.__cause__).__module__.partition(".")[0]
        return isinstance(error, named) and (error.__cause__ is None or origin in ("httpcore", "httpcore2"))
