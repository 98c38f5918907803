"""Waiting for journeys to change: at once where they are advanced here, by looking where another process does it."""

from __future__ import annotations

import asyncio
import weakref
from datetime import datetime

from onboarding.clock import Clock

__all__ = ["Changes"]

_LOOK = 0.25
"""Seconds between two looks at a journey that another process may advance."""


class Changes:
    """Who waits for which journey.

    Args:
        clock: the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Weak: who waits holds the event; of journeys that never change again nothing is kept.
        self._watched: weakref.WeakValueDictionary[str, asyncio.Event] = weakref.WeakValueDictionary()
        self._awaited: weakref.WeakValueDictionary[str, asyncio.Event] = weakref.WeakValueDictionary()

    def watch(self, journey: str) -> asyncio.Event:
        """Set when the journey is next written here: ask for it before looking at the journey."""
        return self._watched.setdefault(journey, asyncio.Event())

    def watch_rest(self, journey: str) -> asyncio.Event:
        """Set when the journey next comes to rest here; what it does on its way wakes nobody."""
        return self._awaited.setdefault(journey, asyncio.Event())

    def tell(self, journey: str, *, rests: bool) -> None:
        """The journey was written; ``rests``: it has ended, waits, or is parked."""
        if (change := self._watched.pop(journey, None)) is not None:
            change.set()
        if rests and (change := self._awaited.pop(journey, None)) is not None:
            change.set()

    async def pause(self, change: asyncio.Event, until: datetime | None) -> None:
        """Until the change, or until it is time to look whether there was one elsewhere."""
        delay = _LOOK if until is None else max(0.0, min(_LOOK, (until - self._clock.now()).total_seconds()))
        tasks = {asyncio.ensure_future(change.wait()), asyncio.ensure_future(self._clock.sleep(delay))}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
