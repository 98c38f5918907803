"""What a signal does: the first stops in good order, and none ever breaks off a request."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from onboarding.cli.failure import say

__all__ = ["Interrupted", "Interruption"]

T = TypeVar("T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):
    """A signal came."""


class Interruption:
    """Takes SIGINT and SIGTERM while an event loop's ``with`` block runs.

    Stand it around what must close in good order: later signals are answered with a sentence.
    """

    def __init__(self) -> None:
        self._came = asyncio.Event()

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            with contextlib.suppress(NotImplementedError):  # not a POSIX system
                loop.add_signal_handler(number, self._signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            with contextlib.suppress(NotImplementedError):
                loop.remove_signal_handler(number)

    def _signal(self) -> None:
        if self._came.is_set():
            say("stopping; a request that is under way is let end first")
        self._came.set()

    async def wait(self, seconds: float | None = None) -> bool:
        """Until a signal comes, or for so long; whether one has come."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._came.wait(), seconds)
        return self._came.is_set()

    async def guard(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something until it is done. Raises ``Interrupted`` where a signal comes first; then it is cancelled."""
        task, signalled = asyncio.ensure_future(work), asyncio.ensure_future(self._came.wait())
        try:
            await asyncio.wait({task, signalled}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            signalled.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
        raise Interrupted
