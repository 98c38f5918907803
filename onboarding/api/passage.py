"""How far one request has come: whether a byte of it may have left, told by who writes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

__all__ = ["Passage"]


class _TooLateError(Exception):
    """Time was up before the first byte: it must not leave any more."""


class Passage:
    """One request on its way.

    Our own pool says when the first byte of a request is about to be written, and so does the trace of another
    (httpcore's ``trace`` extension). That makes "not sent" a fact instead of a reading of exceptions, and it is the
    last moment at which a request whose caller has been answered can be stopped. A transport that does not trace leaves
    ``traced`` False: then nothing is proved.

    Args:
        deadline: when the caller gets its answer, in the event loop's time.
        grace: seconds after it at which even a transport that does not trace is ended.
        traced: whether the transport is known to trace.
        permit: asked in that last moment whether the request may leave at all.
    """

    __slots__ = ("_bound", "_given_up", "_grace", "_permit", "deadline", "settled", "traced", "under_way")

    def __init__(
        self, deadline: float, *, grace: float, traced: bool, permit: Callable[[], bool] = lambda: True
    ) -> None:
        self.deadline = deadline
        self.traced = traced
        self.under_way = False
        self.settled = False
        self._grace = grace
        self._permit = permit
        self._given_up = False
        self._bound: asyncio.Timeout | None = None

    @property
    def may_have_left(self) -> bool:
        """Whether a byte of the request may be out."""
        return self.under_way or not self.traced

    def remaining(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.deadline - asyncio.get_running_loop().time())

    def bound(self) -> asyncio.Timeout:
        """The limit of the whole request, to be entered by the task that performs it.

        While a connection is awaited or made, the library's own limits work and this one stays out of the
        way, because ending a request there can leak its place in the pool. From the first byte on it is the
        deadline: ending a request that waits for its answer closes the connection, as a read timeout does.
        """
        self._bound = asyncio.timeout_at(self.deadline + self._grace)
        return self._bound

    def give_up(self) -> None:
        """Let no byte leave from now on."""
        self._given_up = True

    def leave(self) -> None:
        """The first byte is about to be written: the hook for our own pool.

        Raises:
            _TooLateError: it must not be.
        """
        if self._given_up or self.remaining() == 0 or not self._permit():
            raise _TooLateError
        if self._bound is not None:
            self._bound.reschedule(self.deadline)
        self.under_way = True

    async def trace(self, event: str, info: dict[str, Any]) -> None:
        """The hook for an HTTP library with a pool of its own.

        Raises:
            _TooLateError: the request is about to be written, and must not be.
        """
        self.traced = True
        step = event.partition(".")[2]
        # A proxy is sent a CONNECT first, which is not our request yet.
        if step == "send_request_headers.started" and info["request"].method != b"CONNECT":
            self.leave()
        elif event == "http11.send_request_headers.failed" and _is_our_mistake(info["exception"]):
            self.under_way = False


def _is_our_mistake(error: BaseException) -> bool:
    """Whether the headers were refused by our own side: HTTP/1.1 checks them before it writes any."""
    return type(error).__name__ == "LocalProtocolError"
