"""Waiting for journeys to change: at once where they are advanced here, by looking where another process does it."""

from __future__ import annotations

import asyncio
import weakref
from datetime import datetime

from onboarding.clock import Clock
from onboarding.journal import Stored

__all__ = ["Change", "Changes"]

_LOOK = 0.25
"""Seconds between two looks at a journey that another process may advance."""


class Change:
    """What somebody waits for: the next change of a journey.

    Attributes:
        happened: whether it has come.
        stored: how the journey rests since, where whoever advanced it has said so.
    """

    __slots__ = ("__weakref__", "_waiting", "happened", "stored")

    def __init__(self) -> None:
        self.happened = False
        self.stored: Stored | None = None
        self._waiting: set[asyncio.Future[None]] = set()

    def happen(self) -> None:
        """Wake all who wait."""
        self.happened = True
        for waiter in self._waiting:
            _end(waiter)

    async def wait(self, timer: asyncio.Task[None]) -> None:
        """Return when it has come, or when the timer ends."""
        if self.happened:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        timer.add_done_callback(lambda _: _end(waiter))
        try:
            await waiter
        finally:
            self._waiting.discard(waiter)


class Changes:
    """Who waits for which journey.

    Args:
        clock: the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Weak: who waits holds the change; of journeys that never change again nothing is kept.
        self._watched: weakref.WeakValueDictionary[str, Change] = weakref.WeakValueDictionary()
        self._awaited: weakref.WeakValueDictionary[str, Change] = weakref.WeakValueDictionary()

    def watch(self, journey: str) -> Change:
        """The next time that the journey is written here: ask for it before looking at the journey."""
        return self._watched.setdefault(journey, Change())

    def watch_rest(self, journey: str) -> Change:
        """The next time that the journey comes to rest here; what it does on its way wakes nobody."""
        return self._awaited.setdefault(journey, Change())

    def rests(self, stored: Stored) -> None:
        """How a journey rests that is told next: who waits for it need not look."""
        if (change := self._awaited.get(stored.head.id)) is not None:
            change.stored = stored

    def tell(self, journey: str, *, rests: bool) -> None:
        """The journey was written; ``rests``: it has ended, waits, or is parked."""
        if (change := self._watched.pop(journey, None)) is not None:
            change.happen()
        if rests and (change := self._awaited.pop(journey, None)) is not None:
            change.happen()

    async def pause(self, change: Change, until: datetime | None) -> None:
        """Until the change, or until it is time to look whether there was one elsewhere."""
        delay = _LOOK if until is None else max(0.0, min(_LOOK, (until - self._clock.now()).total_seconds()))
        timer = asyncio.ensure_future(self._clock.sleep(delay))
        try:
            await change.wait(timer)
        finally:
            timer.cancel()


def _end(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
