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
_ROUND = _LOOK / 2
"""Who looks after a while does so at a multiple of this, so that all of them share a timer."""


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


class Changes:
    """Who waits for which journey.

    Args:
        clock: the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._timed: dict[float, tuple[asyncio.Task[None], set[asyncio.Future[None]]]] = {}
        """By when it ends: a timer, and who waits for it."""
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
        timed = self._timer(_LOOK if until is None else max(0.0, (until - self._clock.now()).total_seconds()))
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        change.waiting.add(waiter)
        timed.add(waiter)
        try:
            await waiter
        finally:
            change.waiting.discard(waiter)
            timed.discard(waiter)

    def _timer(self, left: float) -> set[asyncio.Future[None]]:
        """Who is woken when so many seconds have passed; after one to two rounds, where that is earlier."""
        now = self._clock.monotonic()
        moment = now + left if left < _LOOK else (now // _ROUND + 2) * _ROUND
        if moment not in self._timed:
            timer = asyncio.ensure_future(self._clock.sleep(moment - now))
            self._timed[moment] = timer, set()
            # However it ends: with a clock that failed, they look at once.
            timer.add_done_callback(lambda _: _end_all(self._timed.pop(moment)[1]))
        return self._timed[moment][1]

    def close(self) -> None:
        """Let go of the timers; who waits has ended before."""
        for timer, _ in self._timed.values():
            timer.cancel()


def _end_all(waiters: Iterable[asyncio.Future[None]]) -> None:
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
