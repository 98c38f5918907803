"""The sweeper: looks into the journal for what wants to be advanced, and sees to it that a workflow does it.

So journeys are started and inputs handed in by processes that know nothing of Temporal, and what got lost on the way (a
workflow that was never started, a signal, a server's whole memory) is made good.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from onboarding.clock import Clock
from onboarding.drivers.persistence import PENALTY
from onboarding.errors import JournalDamaged, UnknownJourney
from onboarding.journal import Head, Journal
from onboarding.log import log

__all__ = ["Sweeper"]

_LOOK = 1.0
"""Seconds between two looks into the journal at most: other processes may have written to it."""
_GRACE = timedelta(seconds=5)
"""So long after a journey's time its own workflow is trusted to come by itself."""
_AGAIN = 60.0
"""Seconds after which a journey whose workflow was called, and did not come, is called again."""
_AT_ONCE = 20
"""How many journeys are called at once."""
_MOST = 5000
"""Journeys that were called and have not come: with so many, the server has enough to do."""
_MOVED_EVERY = 0.5
"""Seconds between two looks whether other processes have advanced what was left alone."""
_MOVED_AT_ONCE = 50
"""Of how many journeys each time."""
_UNREAD = -1
"""In the place of the revision of a journey that cannot be read."""


class Sweeper:
    """Calls the workflows of journeys that want to be advanced, and takes none of them.

    Each of several processes has one. What two of them call at once gets one workflow, and a signal more.

    Args:
        journal: what is due, and what was handed something.
        clock: the time.
        call: starts a journey's workflow, or wakes the one that there is; the head is None where it cannot be read.
            It raises ``ConnectionError`` where the server cannot be asked.
        under_way: the journeys that are being advanced here.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        call: Callable[[str, Head | None], Awaitable[None]],
        under_way: Callable[[], frozenset[str]],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._call = call
        self._under_way = under_way
        self._left_alone: dict[str, tuple[float, int]] = {}
        """Until when, and at which revision; first those whose revision was not looked at for the longest time."""
        self._moved_at = clock.monotonic()
        self._wake = asyncio.Event()
        self._failing = False

    def wake(self) -> None:
        """Look into the journal at once: something was written."""
        self._wake.set()

    def rested(self, journey: str) -> None:
        """A journey was advanced: whatever wants it advanced from now on has come since."""
        self._left_alone.pop(journey, None)
        if not self._journal.is_exclusive:
            self._wake.set()  # the look tells the others that it is anybody's

    async def look(self) -> bool:
        """Call the workflows of what wants to be advanced; whether there may be more than could be called at once."""
        now = self._clock.monotonic()
        self._left_alone = {journey: left for journey, left in self._left_alone.items() if left[0] > now}
        if not self._journal.is_exclusive and now - self._moved_at >= _MOVED_EVERY:
            self._moved_at = now
            await asyncio.gather(*(self._forget_if_moved(each) for each in [*self._left_alone][:_MOVED_AT_ONCE]))
        room = min(_AT_ONCE, _MOST - len(self._left_alone))
        if room <= 0:
            return False
        ids = await self._journal.due(self._clock.now(), room, self._left_alone.keys() | self._under_way())
        await asyncio.gather(*(self._see_to(journey) for journey in ids))
        return len(ids) == room

    async def pause(self) -> None:
        """Until something was written, or it is time to look whether something was written elsewhere."""
        pace = min(_LOOK, self._journal.pace)
        tasks = {asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(self._clock.sleep(pace))}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        self._wake.clear()

    async def _see_to(self, journey: str) -> None:
        try:
            head = await self._journal.head(journey)
        except UnknownJourney:
            return
        except JournalDamaged:  # the engine, when it is called, sets it aside
            head = None
        if head is not None and (wait := self._trusted(head)) > 0:
            self._leave_alone(journey, wait, head)
            return
        self._leave_alone(journey, _AGAIN, head)
        try:
            await self._call(journey, head)
        except ConnectionError as error:
            self._leave_alone(journey, PENALTY, head)
            if not self._failing:
                log.error("Temporal cannot be asked to advance journeys, and is asked again: {}", error)
            self._failing = True
        else:
            self._failing = False

    def _trusted(self, head: Head) -> float:
        """For how many seconds its own workflow may still be on its way: its timer has just fired."""
        if head.due is None or head.seq == 1:  # nobody has advanced it yet: nobody knows that there is a workflow
            return 0.0
        late = self._clock.now() - head.due
        return (_GRACE - late).total_seconds() if timedelta(0) <= late < _GRACE else 0.0

    def _leave_alone(self, journey: str, seconds: float, head: Head | None) -> None:
        self._left_alone[journey] = self._clock.monotonic() + seconds, _revision(head)

    async def _forget_if_moved(self, journey: str) -> None:
        """Whatever wants it advanced since another process has advanced it is news."""
        try:
            head = await self._journal.head(journey)
        except UnknownJourney:
            return
        except JournalDamaged:
            head = None
        left = self._left_alone.pop(journey, None)
        if left is not None and left[1] == _revision(head):
            self._left_alone[journey] = left  # behind all others


def _revision(head: Head | None) -> int:
    return _UNREAD if head is None else head.revision
