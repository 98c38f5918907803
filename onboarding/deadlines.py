"""Deadlines that pass in the order in which they were set, for what nearly always ends before: steps and calls.

A timer of the event loop for each costs more than to look after all of them: it goes into a heap, is compared with the
others there, and is swept out when it was cancelled. Here one timer, for the first of them, does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType

__all__ = ["Deadline", "Deadlines", "Limit", "TooLong"]


class Deadline:
    """One of them.

    Attributes:
        at: when it passes, in the event loop's time.
        late: what is called then.
    """

    __slots__ = ("at", "late")

    def __init__(self, at: float, late: Callable[[], object]) -> None:
        self.at = at
        self.late = late


class Deadlines:
    """Deadlines of one kind, all of one length."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open: dict[Deadline, None] = {}
        """In the order in which they pass."""
        self._is_armed = False
        """Whether there is a timer, for the first of them or for one before it."""

    def set(self, at: float, late: Callable[[], object]) -> Deadline:
        """Have ``late`` called at this time of the event loop, which is not before that of any set earlier."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # what another loop ran has ended with it
            self._loop, self._open, self._is_armed = loop, {}, False
        deadline = Deadline(at, late)
        self._open[deadline] = None
        if not self._is_armed:
            self._arm(at)
        return deadline

    def meet(self, deadline: Deadline) -> None:
        """What it is about has ended."""
        self._open.pop(deadline, None)

    def _arm(self, at: float) -> None:
        assert self._loop is not None, "set by whoever set a deadline"
        self._is_armed = True
        self._loop.call_at(at, self._ring)

    def _ring(self) -> None:
        self._is_armed = False
        while self._open:
            first = next(iter(self._open))
            if first.at > asyncio.get_running_loop().time():
                self._arm(first.at)
                return
            del self._open[first]
            first.late()


class TooLong(Exception):
    """It did not end in time, and was broken off; the text says how long it had."""


class Limit:
    """A length of real time, for any number of blocks at once.

    Args:
        length: seconds that each may take.
    """

    def __init__(self, length: float) -> None:
        self.length = length
        self.deadlines = Deadlines()
        """Of the blocks that are under way."""

    def keep(self, until: float | None = None) -> _Kept:
        """A block that is broken off when its time is up, as ``asyncio.timeout`` does it: with ``TooLong``.

        Args:
            until: when that is, in the event loop's time, if it began before now; as for ``Deadlines.set``.
        """
        return _Kept(self, until)


class _Kept:
    __slots__ = ("_before", "_deadline", "_is_late", "_limit", "_task", "_until")

    def __init__(self, limit: Limit, until: float | None) -> None:
        self._limit = limit
        self._until = until
        self._is_late = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "steps are done in tasks"
        self._task, self._before = task, task.cancelling()
        until = asyncio.get_running_loop().time() + self._limit.length if self._until is None else self._until
        self._deadline = self._limit.deadlines.set(until, self._break_off)

    def _break_off(self) -> None:
        self._is_late = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limit.deadlines.meet(self._deadline)
        # A cancellation from elsewhere that came as well is not taken for ours.
        if self._is_late and self._task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise TooLong(f"it did not end within {self._limit.length:g} s") from error
