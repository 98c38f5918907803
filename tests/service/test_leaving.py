"""Leaving: what is under way comes to rest, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from greeting import Greeting, GreetingApi

from onboarding import JournalError, Onboarding, Settings
from onboarding.journal import Phase, Status
from onboarding.sandbox import SandboxDesk

pytestmark = pytest.mark.anyio


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


async def sending(settings: Settings, api: GreetingApi) -> Onboarding:
    """An object with a request under way."""
    api.hold = asyncio.Event()
    opened = Onboarding(settings, flows=[Greeting], api=api)
    await opened.__aenter__()
    journey = await opened.run(Greeting, key="k", name="a")
    await opened.send(journey.id, "answered", text="hi")
    await api.under_way.wait()
    return opened


async def end_of(settings: Settings, api: GreetingApi) -> tuple[str, Phase]:
    async with Onboarding(settings, flows=[Greeting], api=api, worker=False) as opened:
        (shown,) = await opened.list()
        head = await opened.journal.head(shown.id)
        return head.state, head.phase


async def test_leaving_lets_a_request_under_way_come_to_rest(settings: Settings, api: GreetingApi) -> None:
    opened = await sending(settings, api)
    assert api.hold is not None
    asyncio.get_running_loop().call_later(0.1, api.hold.set)
    await opened.__aexit__(None, None, None)
    assert api.sent == ["a"]
    assert await end_of(settings, api) == ("answered", Phase.READY)


@pytest.mark.parametrize("times", [1, 3])
async def test_leaving_in_a_hurry_does_not_break_a_request_off(
    settings: Settings, api: GreetingApi, times: int
) -> None:
    opened = await sending(settings, api)
    leaving = asyncio.create_task(opened.__aexit__(None, None, None))
    for _ in range(times):
        await asyncio.sleep(0.02)
        leaving.cancel()
    await asyncio.sleep(0.02)
    assert not leaving.done(), "it left, and the request goes on alone"
    assert api.hold is not None
    api.hold.set()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert await end_of(settings, api) == ("answered", Phase.READY)


async def test_a_cancelled_scope_around_it_does_not_break_a_request_off(settings: Settings, api: GreetingApi) -> None:
    with anyio.CancelScope() as scope:
        opened = await sending(settings, api)
        assert api.hold is not None
        asyncio.get_running_loop().call_later(0.1, api.hold.set)
        scope.cancel()
        await opened.__aexit__(None, None, None)
    assert await end_of(settings, api) == ("answered", Phase.READY)


async def test_what_had_not_come_to_rest_is_found_as_a_doubt(settings: Settings, api: GreetingApi) -> None:
    opened = await sending(settings, api)
    await opened.journal.close()  # as hard as a crash for what is under way
    assert api.hold is not None
    api.hold.set()
    with suppress(JournalError):
        await opened.__aexit__(None, None, None)
    assert await end_of(settings, api) == ("sending", Phase.SENDING)
    async with Onboarding(settings, flows=[Greeting], api=api) as again:
        (journey,) = await again.list()
        shown = await again.wait(journey.id)
    assert shown.status is Status.PARKED
    assert api.sent == ["a"]


async def test_nothing_is_left_behind(sandbox_settings: Settings, sandbox: SandboxDesk) -> None:
    user = sandbox.create_user("Demo", phone="15912345678", password="Abcd1234")

    async def use() -> None:
        async with Onboarding(sandbox_settings) as opened:
            journey = await opened.run("avatar-change", user_id=user, avatar="https://example.com/1.png")
            assert journey.ended_well
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await opened.run("task-watch", user_id=user, task_type="JOB_TYPE_TA_OPEN")

    await use()  # what is loaded on first use is loaded now
    tasks, threads, files = asyncio.all_tasks(), threading.active_count(), descriptors()
    for _ in range(3):
        await use()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == tasks
    assert threading.active_count() == threads
    async with asyncio.timeout(10):
        while descriptors() > files:  # noqa: ASYNC110 - the sandbox in this process closes its ends when it comes to it
            await asyncio.sleep(0.01)


async def test_an_opening_that_fails_leaves_nothing_behind(settings: Settings, tmp_path: Path) -> None:
    async with Onboarding(settings, worker=False, api=GreetingApi()):
        pass
    tasks, threads, files = asyncio.all_tasks(), threading.active_count(), descriptors()
    with pytest.raises(Exception, match="ONBOARDING_TENANT_ID"):
        async with Onboarding(settings):
            pass
    await asyncio.sleep(0)
    assert (asyncio.all_tasks(), threading.active_count(), descriptors()) == (tasks, threads, files)


async def test_waiting_for_many_keeps_nothing_of_them(settings: Settings, api: GreetingApi) -> None:
    async with Onboarding(settings, flows=[Greeting], api=api, worker=False) as opened:
        for number in range(20):
            journey = await opened.start(Greeting, name=str(number))
            await opened.wait(journey.id, timeout=0)
        assert len(opened._changes._watched) == 0
