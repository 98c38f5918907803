"""Time in the simulation: the event loop never waits, it moves the clock to the next thing that is due."""

from __future__ import annotations

import asyncio
import selectors
from datetime import datetime, timedelta
from typing import Any

from onboarding.testing import VirtualClock

__all__ = ["LoopClock", "MachineClock", "StuckError", "VirtualLoop"]

_TICK = timedelta(microseconds=1)


class StuckError(Exception):
    """Nothing is ready, nothing is due, and somebody still waits: for ever."""


class LoopClock(VirtualClock):
    """The true time of a simulated world, moved on by its event loop."""

    async def sleep(self, delay: float) -> None:
        """Sleep on the loop, which knows then when to wake whom."""
        await asyncio.sleep(delay)


class MachineClock:
    """The clock of the machines that advance the journeys: somebody may set it.

    Args:
        true: the true time.
    """

    def __init__(self, true: LoopClock) -> None:
        self._true = true
        self._off = timedelta()
        self.set_at = float("-inf")
        """When it was last set, in seconds of the true time."""

    def now(self) -> datetime:
        """The time of day as these machines have it: a tick later than before."""
        self._true.advance(_TICK)
        return self._true.now() + self._off

    def monotonic(self) -> float:
        """Seconds that nobody can set."""
        return self._true.monotonic()

    async def sleep(self, delay: float) -> None:
        """As long as it is in truth."""
        await self._true.sleep(delay)

    def jump(self, by: timedelta) -> None:
        """Set the time of day."""
        self._off += by
        self.set_at = self.monotonic()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is a clock's, and costs none.

    Args:
        clock: moved on whenever there is nothing to do.
    """

    def __init__(self, clock: LoopClock) -> None:
        self._clock = clock
        super().__init__(_Mover(clock))
        # What the clock can tell apart. The loop's own is less than a float can hold after some weeks.
        self._clock_resolution = _TICK.total_seconds()

    def time(self) -> float:
        """The clock's."""
        return self._clock.monotonic()


class _Mover(selectors.SelectSelector):
    """Instead of waiting for the network, which there is none of, moves the clock."""

    def __init__(self, clock: LoopClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        """Let ``timeout`` pass at once.

        Raises:
            StuckError: nothing will ever happen again.
        """
        if timeout is None:
            raise StuckError("nothing is due any more, and something is still being waited for")
        if timeout > 0:
            self._clock.advance(max(timedelta(seconds=timeout), _TICK))
        return []
