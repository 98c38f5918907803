"""The embedded worker: advances what is due, as long as it runs, with bounded concurrency."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from onboarding.clock import Clock
from onboarding.engine import Engine
from onboarding.errors import JournalConflict, JournalError, UnknownJourney
from onboarding.journal import Journal
from onboarding.log import log

__all__ = ["Worker"]

_PENALTY = 5.0
"""Seconds before a journey on which the engine itself failed is taken up again."""


class Worker:
    """Advances journeys while it owns the journal, or a share of it; stands by while another process owns it all.

    Args:
        engine: what advances one journey.
        journal: what is due, and who owns it.
        clock: the time.
        concurrency: how many journeys are advanced at once.
    """

    def __init__(self, engine: Engine, journal: Journal, clock: Clock, *, concurrency: int = 20) -> None:
        self._engine = engine
        self._journal = journal
        self._clock = clock
        self._concurrency = concurrency
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._shunned: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._stopping = False
        self.owner = False
        """Whether this worker advances the journal's journeys."""

    def wake(self) -> None:
        """Look into the journal at once: something was written."""
        self._wake.set()

    def stop(self) -> None:
        """Take up nothing more; ``run`` returns when what is under way has come to rest."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Advance what falls due until stopped. What is under way is never broken off."""
        try:
            while not self._stopping:
                await self._turn()
        finally:
            await self._come_to_rest()
            self.owner = False
            await self._journal.disown()

    async def one_pass(self) -> int:
        """Advance all that is due now, until nothing is; how many times a journey was advanced.

        Where another process owns the journal, nothing is done. What the engine failed on is left to the next pass.
        """
        advanced = 0
        if not await self._journal.own():
            return 0
        try:
            while ids := await self._take():
                advanced += len(ids)
                await asyncio.wait(set(self._busy.values()), return_when=asyncio.FIRST_COMPLETED)
            while self._busy:
                await asyncio.wait(set(self._busy.values()), return_when=asyncio.FIRST_COMPLETED)
                advanced += len(await self._take())
        finally:
            await self._come_to_rest()
            await self._journal.disown()
        return advanced

    async def _come_to_rest(self) -> None:
        if self._busy:
            await asyncio.wait(set(self._busy.values()))

    async def _turn(self) -> None:
        self._wake.clear()
        try:
            self.owner = await self._journal.own()
            if self.owner:
                full = len(await self._take()) > 0 and len(self._busy) >= self._concurrency
                await self._pause(None if full else await self._until_due())
            else:
                await self._pause(self._journal.pace)
        except JournalError as error:
            log.error("the worker cannot use the journal, and tries again: {}", error)
            await self._pause(_PENALTY)
        except Exception as error:  # noqa: BLE001 - a worker that ends leaves every journey stuck in silence
            log.error("the worker failed with {}, and tries again", type(error).__name__)
            await self._pause(_PENALTY)

    async def _take(self) -> list[str]:
        """Start what is due, as far as there is room."""
        room = self._concurrency - len(self._busy)
        if room <= 0:
            return []
        ids = await self._journal.claim(self._clock.now(), room, self._taken())
        for journey in ids:
            self._busy[journey] = asyncio.create_task(self._advance(journey))
        return ids

    def _taken(self) -> set[str]:
        """Those under way, and those on which the engine failed a moment ago."""
        now = self._clock.monotonic()
        self._shunned = {journey: until for journey, until in self._shunned.items() if until > now}
        return {*self._busy, *self._shunned}

    async def _until_due(self) -> float:
        due = await self._journal.next_due(self._clock.now(), self._taken())
        if due is None or len(self._busy) >= self._concurrency:
            return self._journal.pace
        return max(0.0, min(self._journal.pace, (due - self._clock.now()) / timedelta(seconds=1)))

    async def _pause(self, delay: float | None) -> None:
        """Until something was written, a journey has come to rest, or time is up."""
        waker = asyncio.create_task(self._wake.wait())
        timers = [asyncio.create_task(self._clock.sleep(delay))] if delay is not None else []
        try:
            await asyncio.wait({waker, *timers}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (waker, *timers):
                task.cancel()

    async def _advance(self, journey: str) -> None:
        try:
            await self._engine.advance(journey)
        except JournalConflict:
            log.warning("the journey {} was advanced elsewhere meanwhile", journey)
        except UnknownJourney:
            pass
        except JournalError as error:
            log.error("the journey {} could not be written: {}", journey, error)
            self._shun(journey)
        except Exception as error:  # noqa: BLE001 - one journey must not take the others down
            log.error("the engine failed on the journey {} with {}; tried again", journey, type(error).__name__)
            self._shun(journey)
        finally:
            self._busy.pop(journey, None)
            self._journal.release([journey])
            self._wake.set()

    def _shun(self, journey: str) -> None:
        self._shunned[journey] = self._clock.monotonic() + _PENALTY
