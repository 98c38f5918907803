"""The embedded worker: advances what is due, as long as it runs, with bounded concurrency.

It claims ahead, a handful at a time, so that not every journey costs a look into the journal; and it looks again only
when there may be something to find: what it claimed is running out, something was written, a time has come.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

from onboarding.clock import Clock
from onboarding.drivers.persistence import PENALTY, persist
from onboarding.drivers.set_back import SetBack
from onboarding.engine import Engine, NewJourney, Next, WaitingFor, WakeAt
from onboarding.errors import JournalConflict, JournalError, UnknownJourney
from onboarding.journal import Head, Journal, Status
from onboarding.log import log

__all__ = ["Worker"]

_LEAST = 0.01
"""Seconds between two looks for what falls due: what does so meanwhile is claimed as one."""
_STALE = 1.0
"""Seconds after which what was claimed ahead and not begun is let go: by then others may be due for longer."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class Worker:
    """Advances journeys while it owns the journal, or a share of it; stands by while another process owns it all.

    Args:
        engine: what advances one journey.
        journal: what is due, and who owns it.
        clock: the time.
        concurrency: how many journeys are advanced at once; so many more are claimed ahead.
    """

    def __init__(self, engine: Engine, journal: Journal, clock: Clock, *, concurrency: int = 20) -> None:
        self._engine = engine
        self._journal = journal
        self._clock = clock
        self._concurrency = concurrency
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._claimed: deque[str] = deque()
        """To be begun next, in this order."""
        self._claimed_at = 0.0
        self._more = False
        """Whether more may be due than was claimed."""
        self._missed: set[str] = set()
        """Those under way to which something may have been handed in meanwhile."""
        self._next_look = _NEVER
        """When the journal is looked into anyway: what falls due before makes it sooner."""
        self._in_a_pass = False
        self._begun = 0
        self._shunned: dict[str, float] = {}
        self._failed: dict[str, str] = {}
        """On which journeys a pass has failed, and why."""
        self._wake = asyncio.Event()
        self._stopping = False
        self._set_back = SetBack(clock)
        self.owner = False
        """Whether this worker advances the journal's journeys."""

    def wake(self) -> None:
        """Look into the journal at once: something was written."""
        self._missed.update(self._busy)
        self._wake.set()

    def begin(self, new: NewJourney) -> asyncio.Future[Head] | None:
        """Store a new journey and advance it, without a look into the journal; None: it is not its turn.

        What is given tells how it was stored, as the engine's ``begin`` says.
        """
        others = self._claimed or self._more or len(self._busy) >= self._concurrency
        if not self.owner or self._stopping or others or new.head.status is Status.WAITING:
            return None
        self._journal.reserve(new.head.id)
        stored: asyncio.Future[Head] = asyncio.get_running_loop().create_future()
        self._start(new.head.id, self._engine.begin(new, stored))
        return stored

    def is_under_way(self, journey: str) -> bool:
        """Whether a journey is being advanced here at this moment."""
        return journey in self._busy

    def stop(self) -> None:
        """Take up nothing more; ``run`` returns when what is under way has come to rest."""
        self._stopping = True
        self._let_go()
        self._wake.set()

    async def run(self) -> None:
        """Advance what falls due until stopped. What is under way is never broken off."""
        try:
            while not self._stopping:
                await persist(self._turn, self._pause)
        finally:
            await self._come_to_rest()
            self.owner = False
            await self._journal.disown()

    async def one_pass(self) -> int:
        """Advance all that is due now, until nothing is; how many times a journey was advanced.

        Where another process owns the journal, nothing is done. What the engine failed on is left to the next pass.

        Raises ``JournalError`` once all others were advanced, where one of them could not be.
        """
        if not await self._journal.own():
            return 0
        before, self._in_a_pass = self._begun, True
        self._failed.clear()
        try:
            while True:
                self._wake.clear()
                self._next_look = self._clock.now() + timedelta(seconds=_LEAST)
                await self._take()
                if not self._busy:
                    break
                await self._wake.wait()
        finally:
            self._in_a_pass = False
            await self._come_to_rest()
            await self._journal.disown()
        if self._failed:
            why = "; ".join(dict.fromkeys(self._failed.values()))
            raise JournalError(
                f"{len(self._failed)} of the journeys could not be advanced, and are as they were: {why}"
            )
        return self._begun - before

    async def _come_to_rest(self) -> None:
        self._let_go()
        if self._busy:
            await asyncio.wait(set(self._busy.values()))

    async def _turn(self) -> None:
        self._wake.clear()
        self._next_look = self._clock.now() + timedelta(seconds=self._journal.pace)
        self._set_back.look()
        self.owner = await self._journal.own()
        if self.owner:
            await self._take()
            await self._pause(await self._until_due())
        else:
            await self._pause(self._journal.pace)

    # What is taken up

    @property
    def _room(self) -> int:
        """How many may be claimed: as many again as are advanced at once. 0 where that is not worth a look."""
        room = 2 * self._concurrency - len(self._busy) - len(self._claimed)
        return room if room > self._concurrency // 2 else 0

    async def _take(self) -> None:
        """Claim what is due, as far as there is room, and begin it as far as it may be under way at once."""
        room = self._room
        if not room:
            self._more = True
            return
        ids = await self._journal.claim(self._clock.now(), room, self._taken())
        self._more = len(ids) == room
        if ids and not self._stopping:
            if not self._claimed:
                self._claimed_at = self._clock.monotonic()
            self._claimed.extend(ids)
            self._take_up()

    def _take_up(self) -> None:
        """Begin what was claimed, as far as there is room."""
        if self._claimed and self._clock.monotonic() - self._claimed_at > _STALE:
            self._let_go()
        while self._claimed and len(self._busy) < self._concurrency:
            journey = self._claimed.popleft()
            if journey not in self._busy:
                self._start(journey, self._engine.advance(journey))

    def _start(self, journey: str, advancing: Coroutine[Any, Any, Next]) -> None:
        self._begun += 1
        self._busy[journey] = asyncio.create_task(self._advance(journey, advancing))

    def _let_go(self) -> None:
        """Leave what was claimed and not begun to whoever is next."""
        self._journal.release(self._claimed)
        self._claimed.clear()
        self._more = True

    def _taken(self) -> set[str]:
        """Those under way or about to be, and those on which the engine failed a moment ago."""
        now = self._clock.monotonic()
        self._shunned = {journey: until for journey, until in self._shunned.items() if until > now}
        return {*self._busy, *self._claimed, *self._shunned}

    # When the journal is looked into again

    async def _until_due(self) -> float:
        if not self._room:
            return self._journal.pace
        due = await self._journal.next_due(self._clock.now(), self._taken())
        if due is None:
            return self._journal.pace
        return max(_LEAST, min(self._journal.pace, (due - self._clock.now()) / timedelta(seconds=1)))

    async def _pause(self, delay: float) -> None:
        """Until something was written, what was claimed is running out, or time is up."""
        self._next_look = self._clock.now() + timedelta(seconds=delay)
        timer = asyncio.create_task(self._ring(delay))
        try:
            await self._wake.wait()
        finally:
            timer.cancel()

    async def _ring(self, delay: float) -> None:
        await self._clock.sleep(delay)
        self._wake.set()

    def _has_rested(self, journey: str, due: datetime | None) -> None:
        """Begin the next one; look into the journal only where something may be found there."""
        self._busy.pop(journey, None)
        self._journal.release([journey])
        missed = journey in self._missed
        self._missed.discard(journey)
        if self._stopping:
            return
        self._take_up()
        sooner = due is not None and due < self._next_look
        last = self._in_a_pass and not self._busy
        if missed or sooner or last or (self._more and self._room):
            self._wake.set()

    async def _advance(self, journey: str, advancing: Awaitable[Next]) -> None:
        due: datetime | None = _NEVER
        try:
            due = _due(await advancing)
            self._failed.pop(journey, None)
        except JournalConflict:
            log.warning("the journey {} was advanced elsewhere meanwhile", journey)
        except UnknownJourney:  # its id is damaged, or it was removed meanwhile
            log.error("the journey {} is due, and the journal finds none of that id: audit the journal", journey)
            self._shun(journey, "the journal finds none of that id")
        except JournalError as error:
            log.error("the journey {} could not be written: {}", journey, error)
            self._shun(journey, str(error))
        except Exception as error:  # noqa: BLE001 - one journey must not take the others down
            log.error("the engine failed on the journey {} with {}; tried again", journey, type(error).__name__)
            self._shun(journey, f"the engine failed with {type(error).__name__}")
        finally:
            self._has_rested(journey, due)

    def _shun(self, journey: str, why: str) -> None:
        self._shunned[journey] = self._clock.monotonic() + PENALTY
        if self._in_a_pass:
            self._failed[journey] = why


def _due(rests: Next) -> datetime | None:
    """When a journey wants to be looked at next; None: it does not."""
    if isinstance(rests, WakeAt):
        return rests.at
    return rests.until if isinstance(rests, WaitingFor) else None
