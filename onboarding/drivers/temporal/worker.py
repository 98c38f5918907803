"""A process that drives journeys through Temporal: it runs workflows and activities, and sweeps the journal."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from secrets import token_hex

from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from onboarding.clock import Clock
from onboarding.drivers.persistence import persist
from onboarding.drivers.set_back import SetBack
from onboarding.drivers.temporal.activity import Advancing
from onboarding.drivers.temporal.payloads import LOOKS, WAKE, WORKFLOW, Errand
from onboarding.drivers.temporal.server import Server, connect, has_attributes
from onboarding.drivers.temporal.sweeper import Sweeper
from onboarding.drivers.temporal.workflow import ATTRIBUTES, JourneyWorkflow
from onboarding.engine import Engine
from onboarding.journal import Head, Journal, Stored

__all__ = ["TemporalWorker"]

_IDLE = 0.25
"""Seconds between two tries to become the owner."""
_TO_REST = timedelta(minutes=30)
"""For what is under way when it is told to stop. It ends by itself; nothing is broken off."""
_QUEUE = "temporal_queue"
_STICKY = timedelta(seconds=3)
"""So long a workflow is kept for the process that has it in memory: after a crash, what everything waits for."""
_CACHED = 500
"""Workflows that are kept in memory; any other is read from its history when it goes on."""
_OUTSIDE = "onboarding"
"""Not imported anew for each workflow, which would cost twice the work. A test replays it in the whole sandbox."""


class TemporalWorker:
    """Advances journeys through Temporal while it owns the journal, or a share of it; else it stands by.

    Args:
        engine: what advances one journey.
        journal: what wants to be advanced, and who owns it.
        clock: the time.
        server: where the Temporal server is.
        queue: the task queue; without, one of the journal's own.
        concurrency: how many journeys are advanced at once.
        looks: how often a journey is advanced before its workflow continues as a new one.
    """

    def __init__(
        self,
        engine: Engine,
        journal: Journal,
        clock: Clock,
        server: Server,
        *,
        queue: str | None = None,
        concurrency: int = 20,
        looks: int = LOOKS,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._server = server
        self._queue = queue
        self._concurrency = concurrency
        self._looks = looks
        self._client: Client | None = None
        self._sweeper = Sweeper(journal, clock, self._call, lambda: self._advancing.under_way)
        self._advancing = Advancing(engine, journal, clock, self._sweeper.rested)
        self._stop = asyncio.Event()
        self._set_back = SetBack(clock)
        self.owner = False
        """Whether this worker advances the journal's journeys."""

    async def connect(self) -> None:
        """Reach the server. Raises ``SettingsError`` where it cannot be reached."""
        self._client = await connect(self._server)
        self._advancing.listed = await has_attributes(self._client)
        if self._queue is None:
            own = await self._journal.set_meta(_QUEUE, f"onboarding-{token_hex(4)}".encode(), only_if_absent=True)
            self._queue = own.decode()

    @property
    def queue(self) -> str:
        """The task queue."""
        assert self._queue is not None, "connect first"
        return self._queue

    def wake(self) -> None:
        """Look into the journal at once: something was written."""
        self._sweeper.wake()

    def begin(self, _: Stored) -> bool:
        """False: a journey that was just stored is begun by its workflow, which the next look starts."""
        return False

    def is_under_way(self, journey: str) -> bool:
        """No: what is advanced here is told of as soon as it is written, but this does not know what is."""
        del journey
        return False

    def stop(self) -> None:
        """Take up nothing more; ``run`` returns when what is under way has come to rest."""
        self._stop.set()
        self._sweeper.wake()

    async def run(self) -> None:
        """Advance what wants to be advanced until stopped. What is under way is never broken off."""
        try:
            while not self._stop.is_set():
                await persist(self._turn, self._pause)
        finally:
            self.owner = False
            await self._journal.disown()

    async def _turn(self) -> None:
        self.owner = await self._own()
        if self.owner:
            await self._serve()
        else:
            await self._pause(_IDLE)

    async def _own(self) -> bool:
        """Whether this advances journeys; with each such question goes a look at the clock."""
        self._set_back.look()
        return await self._journal.own()

    async def _serve(self) -> None:
        """Be a worker of the server's until stopped, or until the journal or the server fails."""
        assert self._client is not None, "connect first"
        worker = Worker(
            self._client, task_queue=self.queue, workflows=[JourneyWorkflow], activities=[self._advancing.advance],
            max_concurrent_activities=self._concurrency, max_cached_workflows=_CACHED,
            graceful_shutdown_timeout=_TO_REST, sticky_queue_schedule_to_start_timeout=_STICKY,
            workflow_runner=SandboxedWorkflowRunner(SandboxRestrictions.default.with_passthrough_modules(_OUTSIDE)),
        )  # fmt: skip
        serving = asyncio.create_task(worker.run())
        try:
            while not self._stop.is_set() and not serving.done() and await self._own():
                if not await self._sweeper.look():
                    await self._sweeper.pause()
        finally:
            if not serving.done():
                await worker.shutdown()
            await serving

    async def _call(self, journey: str, head: Head | None) -> None:
        """Start a journey's workflow, or wake the one that there is: one request, whichever it is."""
        assert self._client is not None, "connect first"
        fault = None
        try:
            await self._client.start_workflow(
                WORKFLOW, Errand(journey, self._looks), id=journey, task_queue=self.queue, start_signal=WAKE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING, search_attributes=self._attributes(head),
            )  # fmt: skip
        except RPCError as error:
            fault = error.status.name
            if error.status is RPCStatusCode.INVALID_ARGUMENT:  # it may have lost its attributes
                self._advancing.listed = await has_attributes(self._client)
        except RuntimeError as error:
            fault = type(error).__name__
        if fault is not None:
            raise ConnectionError(fault)

    def _attributes(self, head: Head | None) -> TypedSearchAttributes:
        if head is None or not self._advancing.listed:
            return TypedSearchAttributes.empty
        return TypedSearchAttributes(
            [SearchAttributePair(key, str(getattr(head, name))) for name, key in ATTRIBUTES.items()]
        )

    async def _pause(self, seconds: float) -> None:
        """So long, or until stopped."""
        tasks = {asyncio.ensure_future(self._stop.wait()), asyncio.ensure_future(self._clock.sleep(seconds))}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
