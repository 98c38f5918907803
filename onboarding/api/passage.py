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
        grace: seconds after it at which also a request is ended of which no byte is known to have left: a connection
            that is awaited or made has limits of its own, and ending a request there can leak its place in a pool.
        traced: whether the transport is known to trace.
        permit: asked in that last moment whether the request may leave at all.
    """

    __slots__ = ("_given_up", "_grace", "_permit", "_task", "_timer", "_told", "deadline", "settled", "traced",
                 "under_way")  # fmt: skip

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
        self._task: asyncio.Task[Any]
        self._timer: asyncio.TimerHandle
        self._told: asyncio.Future[None]

    @property
    def may_have_left(self) -> bool:
        """Whether a byte of the request may be out."""
        return self.under_way or not self.traced

    def remaining(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.deadline - asyncio.get_running_loop().time())

    async def ended(self, task: asyncio.Task[Any]) -> None:
        """Wait until the task that performs the request has ended, or until the deadline.

        The task goes on where the caller is cancelled. At the deadline it is ended if a byte of it has left, which
        closes its connection as a read timeout does.
        """
        loop = asyncio.get_running_loop()
        self._task = task
        self._told = loop.create_future()
        self._timer = loop.call_at(self.deadline, self._time_is_up)
        task.add_done_callback(self._has_ended)
        await self._told

    def _has_ended(self, _: asyncio.Task[Any]) -> None:
        self._timer.cancel()
        if not self._told.done():
            self._told.set_result(None)

    def _time_is_up(self) -> None:
        if not self._told.done():
            self._told.set_result(None)
        if self.under_way:
            self._task.cancel()
        else:
            self._given_up = True
            self._timer = asyncio.get_running_loop().call_at(self.deadline + self._grace, self._task.cancel)

    def leave(self) -> None:
        """The first byte is about to be written: the hook for our own pool.

        Raises:
            _TooLateError: it must not be.
        """
        if self._given_up or self.remaining() == 0 or not self._permit():
            raise _TooLateError
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
