"""Waiting for journeys to change: at once where they are advanced here, by looking where another process does it."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterable
from datetime import datetime

from onboarding.clock import Clock
from onboarding.journal import Stored

__all__ = ["Change", "Changes"]

_LOOK = 0.25
"""Seconds between two looks, at most, at a journey that another process may advance."""


class Change:
    """What somebody waits for: the next change of a journey.

    Attributes:
        happened: whether it has come.
        waiting: who waits for it.
        stored: how the journey rests since, where whoever advanced it has said so.
    """

    __slots__ = ("__weakref__", "happened", "stored", "waiting")

    def __init__(self) -> None:
        self.happened = False
        self.stored: Stored | None = None
        self.waiting: set[asyncio.Future[None]] = set()

    def happen(self) -> None:
        """Wake all who wait."""
        self.happened = True
        _end_all(self.waiting)


class _Looks:
    """One timer for all who look again after a while: each is woken after one to two of its rounds.

    Args:
        clock: the time.
        every: seconds of a round.
    """

    def __init__(self, clock: Clock, every: float) -> None:
        self._clock = clock
        self._every = every
        self._new: set[asyncio.Future[None]] = set()
        self._due: set[asyncio.Future[None]] = set()
        self._timer: asyncio.Task[None] | None = None

    def add(self, waiter: asyncio.Future[None]) -> None:
        """Wake this one when it is time."""
        self._new.add(waiter)
        if self._timer is None:
            self._timer = asyncio.ensure_future(self._go_round())

    def discard(self, waiter: asyncio.Future[None]) -> None:
        """Do not any more."""
        self._new.discard(waiter)
        self._due.discard(waiter)

    def stop(self) -> None:
        """End the timer; who waits has ended before."""
        if self._timer is not None:
            self._timer.cancel()

    async def _go_round(self) -> None:
        try:
            while self._new or self._due:
                await self._clock.sleep(self._every)
                _end_all(self._due)
                self._due, self._new = self._new, set()
        finally:
            self._timer = None
            _end_all(self._due | self._new)  # with a clock that failed, they look at once


class Changes:
    """Who waits for which journey.

    Args:
        clock: the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._looks = _Looks(clock, _LOOK / 2)
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
        if change.happened:
            return
        left = _LOOK if until is None else max(0.0, (until - self._clock.now()).total_seconds())
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        change.waiting.add(waiter)
        timer = None
        if left < _LOOK:
            timer = asyncio.ensure_future(self._clock.sleep(left))
            timer.add_done_callback(lambda _: _end_all({waiter}))
        else:
            self._looks.add(waiter)
        try:
            await waiter
        finally:
            change.waiting.discard(waiter)
            self._looks.discard(waiter)
            if timer is not None:
                timer.cancel()

    def close(self) -> None:
        """Let go of the timer."""
        self._looks.stop()


def _end_all(waiters: Iterable[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
