"""What Temporal may lose or do twice, and what the driver then does."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from dev_server import PATIENCE, DevServer, WorkerProcess, free_port, until
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from onboarding import Onboarding, Settings, SettingsError
from onboarding.clock import Clock, SystemClock
from onboarding.drivers.temporal.payloads import WORKFLOW, Errand
from onboarding.drivers.temporal.server import Server
from onboarding.drivers.temporal.worker import TemporalWorker
from onboarding.log import log
from onboarding.sandbox import SandboxDesk
from onboarding.verify.crash.user import attend, ledger_of
from onboarding.verify.rehearsal import cast

pytestmark = [pytest.mark.anyio, pytest.mark.temporal]


@asynccontextmanager
async def driven(
    onboarding: Onboarding, server: DevServer, clock: Clock | None = None, **given: Any
) -> AsyncIterator[TemporalWorker]:
    """A worker beside an ``Onboarding`` that has none."""
    where = Server(server.address)
    worker = TemporalWorker(onboarding.engine, onboarding.journal, clock or SystemClock(), where, **given)
    await worker.connect()
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await task


@pytest.fixture
async def onboarding(settings: Settings) -> AsyncIterator[Onboarding]:
    async with Onboarding(settings, worker=False) as running:
        assert await running.drain() == 0  # its engine has an API from now on
        yield running


def kinds(history: Any) -> list[str]:
    return [EventType.Name(event.event_type).removeprefix("EVENT_TYPE_") for event in history.events]


async def waits_for_its_code(onboarding: Onboarding, desk: SandboxDesk, seed: int) -> tuple[Any, Any]:
    role = cast(onboarding.flows["password-reset"], desk, random.Random(seed))
    journey = await onboarding.start("password-reset", **role.fields)
    journey = await onboarding.wait(journey.id, timeout=PATIENCE)
    assert journey.state == "awaiting_code"
    return role, journey


async def test_a_second_start_of_a_workflow_is_refused_and_does_no_harm(
    onboarding: Onboarding, server: DevServer, sandbox: SandboxDesk, client: Client
) -> None:
    flow = onboarding.flows["password-reset"]
    async with driven(onboarding, server) as worker:
        role, journey = await waits_for_its_code(onboarding, sandbox, 1)
        with pytest.raises(WorkflowAlreadyStartedError):
            await client.start_workflow(WORKFLOW, Errand(journey.id), id=journey.id, task_queue=worker.queue)
        # One under another id, which the server cannot refuse: now two of them loop around one journey.
        twin = await client.start_workflow(
            WORKFLOW, Errand(journey.id), id=f"twin of {journey.id}", task_queue=worker.queue
        )
        ended, _ = await attend(onboarding, sandbox, flow, role, journey, PATIENCE)
        assert ended.ended_well
        await twin.signal("wake")
        assert await twin.result() == "done"
    landed = [entry.effect for entry in ledger_of(sandbox, role) if entry.endpoint == "2.7"]
    assert len(landed) == len(set(landed))
    triggers = [row.trigger for row in await onboarding.history(journey.id)]
    assert "in_doubt" not in triggers


async def test_an_input_whose_signal_is_lost_is_taken_up_nevertheless(
    onboarding: Onboarding, server: DevServer, sandbox: SandboxDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = onboarding.flows["password-reset"]
    async with driven(onboarding, server) as worker:
        role, journey = await waits_for_its_code(onboarding, sandbox, 2)
        ask, lost = worker._client.start_workflow, 0  # type: ignore[union-attr]

        async def lose(*args: Any, **named: Any) -> WorkflowHandle[Any, Any] | None:
            nonlocal lost
            if not lost:
                lost += 1
                worker._sweeper._left_alone.clear()
                return None  # the server said that it had it, and forgot
            return await ask(*args, **named)

        monkeypatch.setattr("onboarding.drivers.temporal.sweeper._AGAIN", 0.5)
        monkeypatch.setattr(worker._client, "start_workflow", lose)
        ended, _ = await attend(onboarding, sandbox, flow, role, journey, PATIENCE)
        assert lost == 1
        assert ended.ended_well


class Wound(SystemClock):
    """A clock whose hands can be moved."""

    off = timedelta()

    def now(self) -> datetime:
        return super().now() + self.off


async def test_a_clock_that_is_set_back_while_it_serves_is_told_of(
    onboarding: Onboarding, server: DevServer, sandbox: SandboxDesk
) -> None:
    lines: list[str] = []
    clock, told = Wound(), asyncio.Event()

    def hear(line: str) -> None:
        lines.append(line)
        told.set()

    log.enable("onboarding")
    sink = log.add(hear, level="WARNING", format="{message}")
    try:
        async with driven(onboarding, server, clock) as worker, asyncio.timeout(PATIENCE):
            await waits_for_its_code(onboarding, sandbox, 7)
            clock.off = -timedelta(days=1)
            worker.wake()
            await told.wait()
    finally:
        log.remove(sink)
        log.disable("onboarding")
    assert [line.partition(":")[0] for line in lines] == ["this machine's clock was set back by 1 day, 0"]


async def test_a_workflow_that_somebody_terminated_is_started_again_when_its_journey_is_due(
    onboarding: Onboarding, server: DevServer, sandbox: SandboxDesk, client: Client
) -> None:
    flow = onboarding.flows["password-reset"]
    async with driven(onboarding, server):
        role, journey = await waits_for_its_code(onboarding, sandbox, 3)
        await client.get_workflow_handle(journey.id).terminate()
        ended, _ = await attend(onboarding, sandbox, flow, role, journey, PATIENCE)
        assert ended.ended_well
        assert await client.get_workflow_handle(journey.id).result() == "done"


async def test_a_workflow_continues_as_a_new_one_before_its_history_grows(
    onboarding: Onboarding, server: DevServer, sandbox: SandboxDesk, client: Client
) -> None:
    flow = onboarding.flows["task-watch"]
    role = cast(flow, sandbox, random.Random(4), review=((0.0, "Submited"),))
    async with driven(onboarding, server, looks=3):
        journey = await onboarding.start(flow, **role.fields)
        handle = client.get_workflow_handle(journey.id)
        await until(lambda: run_before(handle))
        sandbox.move_task(sandbox.tasks(role.fields["user_id"])[0]["id"], "Finished")
        assert (await onboarding.wait(journey.id, timeout=PATIENCE)).ended_well
        assert await handle.result() == "done"
    last = await handle.describe()
    started = (await handle.fetch_history()).events[0].workflow_execution_started_event_attributes
    first = client.get_workflow_handle(journey.id, run_id=started.first_execution_run_id)
    history = kinds(await first.fetch_history())
    assert history[-1] == "WORKFLOW_EXECUTION_CONTINUED_AS_NEW"
    assert history.count("ACTIVITY_TASK_COMPLETED") == 3
    assert last.typed_search_attributes, "what it is searched by goes along"
    assert last.run_id != started.first_execution_run_id


async def run_before(handle: WorkflowHandle[Any, Any]) -> str:
    """The run that this one continues; empty where it is the first, or there is none yet."""
    with contextlib.suppress(RPCError):
        started = (await handle.fetch_history()).events[0].workflow_execution_started_event_attributes
        return started.continued_execution_run_id
    return ""


async def test_a_journal_has_a_task_queue_of_its_own_and_the_same_again(
    onboarding: Onboarding, server: DevServer
) -> None:
    async with driven(onboarding, server) as worker:
        queue = worker.queue
    async with driven(onboarding, server) as worker:
        assert worker.queue == queue
    async with driven(onboarding, server, queue="ours") as worker:
        assert worker.queue == "ours"


async def test_what_cannot_be_reached_is_said_at_once(settings: Settings, server: DevServer) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    with pytest.raises(SettingsError, match=f"no Temporal server answers at {nobody}"):
        async with Onboarding(settings.model_copy(update={"temporal_address": nobody}), worker="temporal"):
            pass
    with pytest.raises(SettingsError, match=f"at {server.address} has no namespace 'nowhere'"):
        async with Onboarding(settings.model_copy(update={"temporal_namespace": "nowhere"}), worker="temporal"):
            pass
    with pytest.raises(SettingsError, match="ONBOARDING_TEMPORAL_ADDRESS must be set"):
        async with Onboarding(settings.model_copy(update={"temporal_address": None}), worker="temporal"):
            pass


async def test_a_second_worker_stands_by_and_follows_the_first(
    onboarding: Onboarding, settings: Settings, sandbox: SandboxDesk
) -> None:
    role = cast(onboarding.flows["avatar-change"], sandbox, random.Random(5))
    with WorkerProcess(settings) as first:
        first.until_it_says("advancing the journeys of")
        with WorkerProcess(settings) as second:
            second.until_it_says("standing by")
            assert first.stop() == 0
            second.until_it_says("advancing the journeys of")
            journey = await onboarding.start("avatar-change", **role.fields)
            assert (await onboarding.wait(journey.id, timeout=PATIENCE)).ended_well
            assert second.stop() == 0
