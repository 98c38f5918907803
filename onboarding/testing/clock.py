"""A clock that a test moves: a week of waiting takes no time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

__all__ = ["VirtualClock"]


class VirtualClock:
    """Stands still until it is moved; whoever sleeps wakes when it is moved far enough.

    Args:
        start: the time that it shows at first, aware.
        tick: how far each reading moves it: of a real clock, no two readings are the same.
    """

    def __init__(self, start: datetime | None = None, *, tick: timedelta = timedelta()) -> None:
        self.tick = tick
        self._start = self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def now(self) -> datetime:
        """The time that it shows."""
        if self.tick:
            self.advance(self.tick)
        return self._now

    def monotonic(self) -> float:
        """Seconds since it was made."""
        return (self._now - self._start).total_seconds()

    async def sleep(self, delay: float) -> None:
        """Until the clock was moved so many seconds."""
        if delay <= 0:
            await asyncio.sleep(0)
            return
        waker = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + timedelta(seconds=delay), next(self._numbers), waker))
        await waker

    def advance(self, step: timedelta | float) -> None:
        """Move the clock on, and wake who has slept long enough."""
        self._now += step if isinstance(step, timedelta) else timedelta(seconds=step)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            waker = heapq.heappop(self._sleepers)[2]
            if not waker.done():
                waker.set_result(None)
