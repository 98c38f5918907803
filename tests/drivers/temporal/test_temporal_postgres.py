"""Several workers on one journal in PostgreSQL: they share the journeys, and each effect happens once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from dev_server import PATIENCE, WorkerProcess, until
from journal.postgres.conftest import started
from journal.postgres.server import Server

from onboarding import Journey, Onboarding, Settings
from onboarding.journal import Keyring
from onboarding.sandbox import SandboxDesk
from onboarding.verify.crash.user import attend, ledger_of
from onboarding.verify.reckoning import Baseline, judge
from onboarding.verify.rehearsal import Role, cast

pytestmark = [pytest.mark.anyio, pytest.mark.temporal, pytest.mark.postgres]

ADVANCING = "advancing the journeys of"
FLOWS = ("avatar-change", "password-reset")
EACH = 10


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    running = started()
    yield running
    running.remove()


@pytest.fixture
def shared(settings: Settings, postgres: Server, request: pytest.FixtureRequest) -> Settings:
    """The settings of a journal of the test's own, whose workers are missed after two seconds."""
    url = postgres.database(request.node.name[:40])
    return Settings.load(**{
        **settings.model_dump(exclude_unset=True), "journal": f"{url}?lease=2", "keys": Keyring.generate_key(),
    })  # fmt: skip


@pytest.fixture
async def onboarding(shared: Settings) -> AsyncIterator[Onboarding]:
    async with Onboarding(shared, worker=False) as running:
        yield running


async def begun(onboarding: Onboarding, desk: SandboxDesk, name: str, rng: random.Random) -> tuple[str, Role, Journey]:
    role = cast(onboarding.flows[name], desk, rng)
    return name, role, await onboarding.start(name, **role.fields)


async def undisturbed(settings: Settings, desk: SandboxDesk, rng: random.Random, folder: Path) -> dict[str, Baseline]:
    """What each flow does where nothing happens."""
    alone = settings.model_copy(update={"journal": f"sqlite:///{folder}/alone/journal.db"})
    found = {}
    async with Onboarding(alone) as embedded:
        for name in FLOWS:
            _, role, journey = await begun(embedded, desk, name, rng)
            journey, _ = await attend(embedded, desk, embedded.flows[name], role, journey, PATIENCE)
            found[name] = Baseline.of(journey, await embedded.history(journey.id), ledger_of(desk, role))
    return found


def holder_of(server: Server, settings: Settings, journey: str) -> int | None:
    """The process that has a journey just now."""
    database = settings.journal_url.rpartition("/")[2].partition("?")[0]
    rows = server.sql(
        f"SELECT w.name FROM workers AS w JOIN journeys AS j ON j.owner = w.id WHERE j.id = '{journey}'", database
    )
    return int(rows[0][0].split(":")[1]) if rows else None


async def test_of_two_workers_one_is_killed_and_the_other_ends_all_journeys_with_nothing_doubled(
    onboarding: Onboarding, settings: Settings, shared: Settings, postgres: Server, sandbox: SandboxDesk, tmp_path: Path
) -> None:
    rng = random.Random(20)
    baselines = await undisturbed(settings, sandbox, rng, tmp_path)
    before = len(await asyncio.to_thread(sandbox.requests, endpoint="2.10"))
    sandbox.add_fault("2.10", "hang", seconds=60, times=1)
    with WorkerProcess(shared) as one, WorkerProcess(shared) as two:
        for worker in (one, two):
            worker.until_it_says(ADVANCING)
        hangs = await begun(onboarding, sandbox, "avatar-change", rng)

        async def it_hangs() -> bool:
            return len(await asyncio.to_thread(sandbox.requests, endpoint="2.10")) > before

        await until(it_hangs)
        names = [*["avatar-change"] * (EACH - 1), *["password-reset"] * EACH]
        all_begun = [hangs, *[await begun(onboarding, sandbox, name, rng) for name in names]]
        attending = [
            asyncio.create_task(attend(onboarding, sandbox, onboarding.flows[name], role, journey, PATIENCE))
            for name, role, journey in all_begun
        ]

        async def is_midway() -> bool:
            return sum(task.done() for task in attending) >= EACH // 2

        await until(is_midway)
        holder = holder_of(postgres, shared, hangs[2].id)
        assert holder in (one.pid, two.pid), "nobody has the journey whose request hangs"
        victim, survivor = (one, two) if holder == one.pid else (two, one)
        victim.kill()
        ended = await asyncio.gather(*attending)
        for (name, role, _), (journey, _) in zip(all_begun, ended, strict=True):
            history = await onboarding.history(journey.id)
            verdict = judge(onboarding.flows[name], baselines[name], journey, history, ledger_of(sandbox, role))
            assert verdict.faults == ()
            assert journey.ended_well
        assert survivor.stop() == 0
    rows = await onboarding.history(hangs[2].id)
    assert "in_doubt" in [row.trigger for row in rows], "its request was not taken over"
    everything = [row for _, _, journey in all_begun for row in await onboarding.history(journey.id)]
    assert {victim.pid, survivor.pid} <= {int(row.worker.split(":")[1]) for row in everything if row.worker}
    assert (await onboarding.audit()).ok


async def test_what_rests_is_nobodys_so_that_any_worker_takes_it_up(
    onboarding: Onboarding, shared: Settings, postgres: Server, sandbox: SandboxDesk
) -> None:
    rng = random.Random(21)
    with WorkerProcess(shared) as one, WorkerProcess(shared) as two:
        for worker in (one, two):
            worker.until_it_says(ADVANCING)
        name, role, journey = await begun(onboarding, sandbox, "password-reset", rng)
        assert (await onboarding.wait(journey.id, timeout=PATIENCE)).state == "awaiting_code"

        async def is_nobodys() -> bool:
            return holder_of(postgres, shared, journey.id) is None

        await until(is_nobodys)
        assert one.stop() == 0
        ended, asked = await attend(onboarding, sandbox, onboarding.flows[name], role, journey, PATIENCE)
        assert ended.ended_well
        assert asked == ()
        assert two.stop() == 0
