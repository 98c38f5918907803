"""Several processes share the journeys of one journal: each effect happens once, whatever happens to them."""

from __future__ import annotations

import asyncio
import signal

import pytest

from onboarding import Onboarding
from onboarding.sandbox import SandboxDesk

from .fleet import ask_all, fleet, judge, says, settings_for, start_all
from .portrait import Portrait
from .server import Pooler, Server

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_three_workers_share_two_hundred_journeys_and_none_is_doubled(url: str, sandbox: SandboxDesk) -> None:
    settings = settings_for(f"{url}?lease=5", sandbox)
    async with Onboarding(settings, worker=False, flows=[Portrait]) as onboarding, fleet(settings) as workers:
        for _ in range(3):
            await workers.start()
        journeys = await start_all(onboarding, sandbox, 200)
        await asyncio.wait_for(ask_all(onboarding), 120)
        await judge(onboarding, sandbox, journeys)
        rows = [row for journey in journeys for row in await onboarding.history(journey)]
        assert len({row.worker for row in rows if row.trigger == "first_set"}) == 3


async def test_what_a_killed_worker_held_is_taken_over_when_its_lease_has_run_out(
    url: str, sandbox: SandboxDesk
) -> None:
    settings = settings_for(f"{url}?lease=1", sandbox)
    async with Onboarding(settings, worker=False, flows=[Portrait]) as onboarding, fleet(settings) as workers:
        first = await workers.start(PORTRAIT_HOLD="60")
        journeys = await start_all(onboarding, sandbox, 3)
        assert [await says(first) for _ in journeys] == ["holding"] * 3
        await workers.start()
        await workers.kill(first)
        await asyncio.wait_for(ask_all(onboarding), 60)
        await judge(onboarding, sandbox, journeys)
        rows = [row.trigger for row in await onboarding.history(next(iter(journeys)))]
        assert rows == ["started", "in_doubt", "not_landed", "first_set", "go_on", "second_set"]


@pytest.mark.parametrize("guarded", [True, False])
async def test_a_worker_that_was_stopped_beyond_its_lease_sends_nothing_when_it_goes_on(
    url: str, sandbox: SandboxDesk, guarded: bool
) -> None:
    """Without the look at the lease, right before a request leaves, it would be sent twice: that is tried too."""
    settings = settings_for(f"{url}?lease=1", sandbox)
    async with Onboarding(settings, worker=False, flows=[Portrait]) as onboarding, fleet(settings) as workers:
        first = await workers.start(PORTRAIT_HOLD="0.5", **({} if guarded else {"UNGUARDED": "yes"}))
        journeys = await start_all(onboarding, sandbox, 1)
        [journey], [user] = journeys, journeys.values()
        assert await says(first) == "holding"
        first.send_signal(signal.SIGSTOP)
        second = await workers.start()
        await onboarding.wait(journey, timeout=60)
        before = await onboarding.history(journey)
        assert [row.trigger for row in before] == ["started", "in_doubt", "not_landed", "first_set"]
        first.send_signal(signal.SIGCONT)
        second.terminate()
        await second.wait()
        # It is a worker again, and does the rest: by then it has let go of what it had in hand.
        await onboarding.send(journey, "go_on")
        assert (await onboarding.wait(journey, timeout=60)).ended_well
        after = await onboarding.history(journey)
        assert [row.trigger for row in after[len(before) :]] == ["go_on", "second_set"]
        assert len(sandbox.ledger(effect="avatar_set", subject=user)) == (2 if guarded else 3)


async def test_workers_go_on_when_the_server_was_restarted_under_load(shaken: Server, sandbox: SandboxDesk) -> None:
    settings = settings_for(shaken.database("journal") + "?lease=10", sandbox)
    async with Onboarding(settings, worker=False, flows=[Portrait]) as onboarding, fleet(settings) as workers:
        for _ in range(2):
            await workers.start()
        journeys = await start_all(onboarding, sandbox, 60)
        asking = asyncio.create_task(ask_all(onboarding))
        for how in ("immediate", "fast"):
            await asyncio.sleep(0.5)  # under load, not by luck: whenever it comes, the same must hold
            await asyncio.to_thread(shaken.restart, how)
        await asyncio.wait_for(asking, 120)
        await judge(onboarding, sandbox, journeys)


async def test_journeys_run_behind_a_pooler_that_gives_every_transaction_to_another_process(
    pooler: Pooler, database: str, sandbox: SandboxDesk
) -> None:
    settings = settings_for(f"{pooler.url(database)}?lease=5", sandbox)
    async with Onboarding(settings, worker=False, flows=[Portrait]) as onboarding, fleet(settings) as workers:
        for _ in range(2):
            await workers.start()
        journeys = await start_all(onboarding, sandbox, 20)
        await asyncio.wait_for(ask_all(onboarding), 60)
        await judge(onboarding, sandbox, journeys)
