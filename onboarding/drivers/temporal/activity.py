"""``advance`` as an activity: one journey, one call of the engine, and how the journey stands then."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from onboarding.clock import Clock
from onboarding.drivers.temporal.payloads import ADVANCE, Rest
from onboarding.drivers.temporal.workflow import HEARTBEAT
from onboarding.engine import Engine
from onboarding.errors import JournalConflict, OnboardingError, UnknownJourney
from onboarding.journal import Journal
from onboarding.log import log

__all__ = ["Advancing"]

_BEAT = HEARTBEAT / 3
_HELD = timedelta(seconds=1)
"""Between two tries to take a journey that another process has: it lets go of it soon, or its lease runs out."""
_GONE = Rest(ended=True, status="unknown", listed=False)


class Advancing:
    """Advances journeys for Temporal, each once at a time in this process.

    What a server that has lost sight of this process asks for once more is joined to what is under way. Nothing is ever
    broken off: a request that has left must be heard out.

    Args:
        engine: what advances one journey.
        journal: whose owner this process must be, or one of them.
        clock: the time.
        rested: called with the id of each journey that has been advanced here.
    """

    def __init__(self, engine: Engine, journal: Journal, clock: Clock, rested: Callable[[str], None]) -> None:
        self._engine = engine
        self._journal = journal
        self._clock = clock
        self._rested = rested
        self._under_way: dict[str, asyncio.Task[Rest]] = {}
        self.listed = False
        """Whether the server has the attributes that journeys are searched by."""

    @property
    def under_way(self) -> frozenset[str]:
        """The journeys that are being advanced."""
        return frozenset(self._under_way)

    @activity.defn(name=ADVANCE)
    async def advance(self, journey: str) -> Rest:
        """Advance a journey. What keeps it from that is raised in words that may stand in a history."""
        task = self._under_way.get(journey)
        if task is None:
            task = self._under_way[journey] = asyncio.create_task(self._advance(journey))
            task.add_done_callback(lambda _: self._end(journey))
        failure = await self._hear_out(task)
        if failure is None:
            return task.result()
        raise failure  # outside of every handler: what stands behind it may hold anything

    async def _hear_out(self, task: asyncio.Task[Rest]) -> ApplicationError | None:
        """Wait until it has come to rest, whoever hurries; say meanwhile that this process lives."""
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({task}, timeout=_BEAT.total_seconds())
            if task.done():
                break
            activity.heartbeat()
        error = task.exception()
        if error is None:
            return None
        # Its own words where it is ours: they hold no secret. Of any other, its kind alone.
        said = str(error) if isinstance(error, OnboardingError) else "the engine failed"
        again = _HELD if isinstance(error, Held) else None
        return ApplicationError(said, type=type(error).__name__, next_retry_delay=again)

    async def _advance(self, journey: str) -> Rest:
        if not await self._journal.own():
            raise NotOwner(f"another process advances the journeys of {self._journal.place}")
        if not await self._journal.take(journey):
            return await self._not_taken(journey)
        try:
            return await self._advance_taken(journey)
        finally:
            self._journal.release([journey])

    async def _not_taken(self, journey: str) -> Rest:
        try:
            await self._journal.head(journey)
        except UnknownJourney:
            return _GONE
        raise Held(f"another process advances the journey {journey}")

    async def _advance_taken(self, journey: str) -> Rest:
        try:
            await self._engine.advance(journey)
        except JournalConflict:
            log.warning("the journey {} was advanced elsewhere meanwhile", journey)
        except UnknownJourney:
            return _GONE
        except OnboardingError as error:
            log.error("the journey {} could not be written: {}", journey, error)
            raise
        except Exception as error:
            log.error("the engine failed on the journey {} with {}; tried again", journey, type(error).__name__)
            raise
        head = await self._journal.head(journey)
        after = None if head.due is None else max(0.0, (head.due - self._clock.now()) / timedelta(seconds=1))
        return Rest(
            ended=head.status.is_final, flow=head.flow, state=head.state, status=head.status.value, after=after,
            listed=self.listed,
        )  # fmt: skip

    def _end(self, journey: str) -> None:
        self._under_way.pop(journey, None)
        self._rested(journey)


class Held(OnboardingError):
    """Another process has the journey: it is asked for again soon."""


class NotOwner(OnboardingError):
    """Another process owns the journal: it is asked again, and whoever is the owner then does it."""
