"""Workers that are killed, a server that is killed: journeys go on, and nothing is done twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dev_server import PATIENCE, DevServer, WorkerProcess, until
from temporalio.client import Client

from onboarding import Journey, Onboarding, Settings
from onboarding.sandbox import SandboxDesk
from onboarding.verify.crash.user import attend, ledger_of
from onboarding.verify.rehearsal import Role, cast

pytestmark = [pytest.mark.anyio, pytest.mark.temporal]

ADVANCING = "advancing the journeys of"


@pytest.fixture
async def onboarding(settings: Settings) -> AsyncIterator[Onboarding]:
    """What a service holds that leaves the work to others, and knows nothing of Temporal."""
    unknowing = settings.model_copy(update={"temporal_address": None})
    async with Onboarding(unknowing, worker=False) as running:
        yield running


async def begun(onboarding: Onboarding, desk: SandboxDesk, name: str, seed: int) -> tuple[Role, Journey]:
    role = cast(onboarding.flows[name], desk, random.Random(seed))
    return role, await onboarding.start(name, **role.fields)


async def until_asked(desk: SandboxDesk, section: str) -> None:
    """Until a request has reached the sandbox."""
    await until(lambda: asyncio.to_thread(desk.requests, endpoint=section))


def effects(desk: SandboxDesk, role: Role, section: str) -> int:
    return sum(entry.endpoint == section for entry in ledger_of(desk, role))


async def test_a_worker_killed_in_mid_request_is_followed_by_one_that_does_nothing_twice(
    onboarding: Onboarding, settings: Settings, sandbox: SandboxDesk
) -> None:
    sandbox.add_fault("2.10", "hang", seconds=30, times=1)
    with WorkerProcess(settings) as first:
        first.until_it_says(ADVANCING)
        role, journey = await begun(onboarding, sandbox, "avatar-change", 1)
        await until_asked(sandbox, "2.10")
        first.kill()
    with WorkerProcess(settings) as second:
        second.until_it_says(ADVANCING)
        journey = await onboarding.wait(journey.id, timeout=PATIENCE)
        assert second.stop() == 0
    assert journey.ended_well
    triggers = [row.trigger for row in await onboarding.history(journey.id)]
    assert "in_doubt" in triggers, "it was killed before its request had left"
    assert effects(sandbox, role, "2.10") == 1


async def test_a_killed_worker_holds_the_rest_up_no_longer_than_it_takes_to_start_another(
    onboarding: Onboarding, settings: Settings, sandbox: SandboxDesk
) -> None:
    with WorkerProcess(settings) as first:
        first.until_it_says(ADVANCING)
        waiting = [await begun(onboarding, sandbox, "password-reset", seed) for seed in range(10, 15)]
        for _, journey in waiting:
            assert (await onboarding.wait(journey.id, timeout=PATIENCE)).state == "awaiting_code"
        first.kill()
    flow = onboarding.flows["password-reset"]
    with WorkerProcess(settings) as second:
        second.until_it_says(ADVANCING)
        for role, journey in waiting:
            ended, asked = await attend(onboarding, sandbox, flow, role, journey, PATIENCE)
            assert ended.ended_well
            assert asked == ()
        assert second.stop() == 0


async def test_a_server_killed_and_started_again_goes_on_with_what_it_had(
    onboarding: Onboarding, settings: Settings, sandbox: SandboxDesk, tmp_path: Path
) -> None:
    with DevServer(tmp_path) as server:
        there = settings.model_copy(update={"temporal_address": server.address})
        with WorkerProcess(there) as worker:
            worker.until_it_says(ADVANCING)
            role, journey = await begun(onboarding, sandbox, "password-reset", 2)
            assert (await onboarding.wait(journey.id, timeout=PATIENCE)).state == "awaiting_code"
            before = await run_of(server, journey.id)
            server.kill()
            started, meanwhile = await begun(onboarding, sandbox, "avatar-change", 3)
            server.start()
            flow = onboarding.flows["password-reset"]
            assert (await attend(onboarding, sandbox, flow, role, journey, PATIENCE))[0].ended_well
            assert (await onboarding.wait(meanwhile.id, timeout=PATIENCE)).ended_well
            assert effects(sandbox, started, "2.10") == 1
            assert await run_of(server, journey.id) == before, "the workflow is another than before"
            assert worker.stop() == 0


async def test_a_server_that_has_lost_everything_is_told_anew(
    onboarding: Onboarding, settings: Settings, sandbox: SandboxDesk, tmp_path: Path
) -> None:
    with DevServer(tmp_path) as server:
        there = settings.model_copy(update={"temporal_address": server.address})
        with WorkerProcess(there) as worker:
            worker.until_it_says(ADVANCING)
            role, journey = await begun(onboarding, sandbox, "password-reset", 4)
            assert (await onboarding.wait(journey.id, timeout=PATIENCE)).state == "awaiting_code"
            server.kill()
            server.forget()
            server.start()
            flow = onboarding.flows["password-reset"]
            assert (await attend(onboarding, sandbox, flow, role, journey, PATIENCE))[0].ended_well
            assert worker.stop() == 0


async def run_of(server: DevServer, journey: str) -> str | None:
    client = await Client.connect(server.address)
    return (await client.get_workflow_handle(journey).describe()).run_id
