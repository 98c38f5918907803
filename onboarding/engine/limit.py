"""How long a step may take: one that never ends must not keep its journey for ever."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import TracebackType

from onboarding.deadlines import Deadlines

__all__ = ["Limit", "TooLong"]


class TooLong(Exception):  # noqa: N818 - it is what happened
    """It did not end in time, and was broken off; the text says how long it had."""


class Limit:
    """A length of real time, for any number of blocks at once.

    Args:
        length: how long each may take.
    """

    def __init__(self, length: timedelta) -> None:
        self._length = length.total_seconds()
        self._deadlines = Deadlines()

    def keep(self) -> _Kept:
        """A block that is broken off when its time is up, as ``asyncio.timeout`` does it: with ``TooLong``."""
        return _Kept(self._deadlines, self._length)


class _Kept:
    __slots__ = ("_before", "_deadline", "_deadlines", "_is_late", "_length", "_task")

    def __init__(self, deadlines: Deadlines, length: float) -> None:
        self._deadlines = deadlines
        self._length = length
        self._is_late = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "steps are done in tasks"
        self._task, self._before = task, task.cancelling()
        self._deadline = self._deadlines.set(asyncio.get_running_loop().time() + self._length, self._break_off)

    def _break_off(self) -> None:
        self._is_late = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._deadlines.meet(self._deadline)
        # A cancellation from elsewhere that came as well is not taken for ours.
        if self._is_late and self._task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise TooLong(f"it did not end within {self._length:g} s") from error
