"""What a caller holds for a write that was handed in: to be awaited by any number of tasks, or dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from copy import copy
from typing import Any, Generic, TypeVar

from onboarding.errors import OnboardingError

__all__ = ["Receipt"]

T = TypeVar("T")


class Receipt(Generic[T]):
    """The outcome of something handed to a journal.

    Unlike a future it may be dropped without a word, cancelling one who awaits it cancels nothing else, and
    each who awaits it gets an error of their own, so that no traceback grows from task to task.
    """

    __slots__ = ("_error", "_loop", "_result", "_settled", "_waiters")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiters: list[asyncio.Future[None]] = []
        self._settled = False
        self._result: T | None = None
        self._error: OnboardingError | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that the outcome is told to."""
        return self._loop

    def settle(self, result: T | None, error: OnboardingError | None = None) -> None:
        """Tell the outcome to all who wait; the first one counts. On the loop's thread."""
        if self._settled:
            return
        self._settled, self._result, self._error = True, result, error
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def __await__(self) -> Generator[Any, None, T]:
        """Wait for the outcome."""
        if not self._settled:
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            try:
                yield from waiter
            finally:
                self._waiters.remove(waiter)
        if self._error is not None:
            raise copy(self._error)
        return self._result  # type: ignore[return-value]  # settled without an error: it is a T
