"""All flows to their ends through the real server, and what it then knows of them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest
from dev_server import PATIENCE, DevServer, until
from temporalio.client import Client, WorkflowExecutionStatus

from onboarding import Journey, Onboarding, Settings
from onboarding.machine import Registry
from onboarding.sandbox import SandboxDesk
from onboarding.verify.crash.user import attend, ledger_of
from onboarding.verify.reckoning import Baseline, judge
from onboarding.verify.rehearsal import Role, cast
from onboarding.verify.secrecy.canaries import Canaries
from onboarding.verify.secrecy.scanner import Scanner

pytestmark = [pytest.mark.anyio, pytest.mark.temporal]

FLOWS = sorted(Registry())


@pytest.fixture
async def onboarding(settings: Settings) -> AsyncIterator[Onboarding]:
    async with Onboarding(settings, worker="temporal") as running:
        yield running


async def played(onboarding: Onboarding, desk: SandboxDesk, name: str, role: Role) -> Journey:
    flow = onboarding.flows[name]
    journey = await onboarding.start(flow, **role.fields)
    return (await attend(onboarding, desk, flow, role, journey, PATIENCE))[0]


@pytest.mark.parametrize("name", FLOWS)
async def test_a_flow_does_through_temporal_what_it_does_without(
    onboarding: Onboarding, settings: Settings, sandbox: SandboxDesk, client: Client, name: str, tmp_path: object
) -> None:
    flow = onboarding.flows[name]
    undisturbed = settings.model_copy(update={"journal": f"sqlite:///{tmp_path}/embedded/journal.db"})
    rng = random.Random(name)
    role = cast(flow, sandbox, rng)
    async with Onboarding(undisturbed) as embedded:
        journey = await played(embedded, sandbox, name, role)
        baseline = Baseline.of(journey, await embedded.history(journey.id), ledger_of(sandbox, role))
    role = cast(flow, sandbox, rng)
    journey = await played(onboarding, sandbox, name, role)
    judgement = judge(flow, baseline, journey, await onboarding.history(journey.id), ledger_of(sandbox, role))
    assert judgement.faults == ()
    assert journey.ended_well
    assert await client.get_workflow_handle(journey.id).result() == "done"


async def test_no_personal_value_ever_reaches_the_server(
    onboarding: Onboarding, settings: Settings, sandbox: SandboxDesk, client: Client, server: DevServer
) -> None:
    rng, canaries, ids = random.Random(3), Canaries("sandbox-token"), []
    sandbox.add_fault("2.10", "system_error", times=1)  # what went wrong is told too
    for name in FLOWS:
        role = cast(onboarding.flows[name], sandbox, rng)
        canaries.learn_role(role, name)
        ids.append((await played(onboarding, sandbox, name, role)).id)
    canaries.learn_desk(sandbox, "the sandbox")
    assert len(canaries.all) > 30
    histories = [(await client.get_workflow_handle(each).fetch_history()).to_json() for each in ids]
    scanner = Scanner(canaries.all)
    kept = server.kept()
    assert all(each.encode() in kept for each in ids), "this is where it keeps them"
    assert scanner.scan("".join(histories)) == []
    assert scanner.scan(kept) == []


async def test_a_value_that_did_reach_the_server_would_be_found(client: Client, server: DevServer) -> None:
    await client.start_workflow("nobody runs it", "Vera 0123456789", id="control", task_queue="nobody's")
    assert Scanner({"a name": "Vera 0123456789"}).scan(server.kept()) != []


async def test_journeys_are_found_by_flow_state_and_status(
    onboarding: Onboarding, sandbox: SandboxDesk, client: Client
) -> None:
    rng = random.Random(4)
    reset, change = (cast(onboarding.flows[name], sandbox, rng) for name in ("password-reset", "avatar-change"))
    waits = await onboarding.start("password-reset", **reset.fields)
    ends = await onboarding.start("avatar-change", **change.fields)
    assert (await onboarding.wait(waits.id, timeout=PATIENCE)).state == "awaiting_code"
    assert (await onboarding.wait(ends.id, timeout=PATIENCE)).ended_well

    async def found(query: str) -> dict[str, WorkflowExecutionStatus | None]:
        return {each.id: each.status async for each in client.list_workflows(query)}

    async def is_found(journey: str, query: str) -> bool:
        return journey in await found(query)

    # The server's list comes a moment later.
    await until(lambda: is_found(waits.id, "OnboardingState = 'awaiting_code' AND OnboardingStatus = 'waiting'"))
    await until(lambda: is_found(ends.id, "OnboardingFlow = 'avatar-change' AND OnboardingStatus = 'done'"))
    assert (await found("OnboardingFlow = 'password-reset'"))[waits.id] is WorkflowExecutionStatus.RUNNING
    assert (await found("OnboardingStatus = 'done'"))[ends.id] is WorkflowExecutionStatus.COMPLETED
