"""Two processes on one journal."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from onboarding import Onboarding, Settings
from onboarding.sandbox import SandboxDesk

pytestmark = pytest.mark.anyio

CHILD = Path(__file__).with_name("service_child.py")


def environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "ONBOARDING_BASE_URL": settings.base_url,
        "ONBOARDING_TENANT_ID": "T001117",
        "ONBOARDING_API_TOKEN": "sandbox-token",
        "ONBOARDING_JOURNAL": settings.journal_url,
    }


async def child(settings: Settings, what: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, str(CHILD), what, env=environment(settings), stdout=subprocess.PIPE
    )


async def test_a_key_names_one_journey_whoever_starts_it(sandbox_settings: Settings) -> None:
    async with Onboarding(sandbox_settings, worker=False):
        pass  # the key file is there before they run
    children = [await child(sandbox_settings, "start") for _ in range(2)]
    one, two = [(await process.communicate())[0].split() for process in children]
    assert len(one) == 10
    assert one == two
    async with Onboarding(sandbox_settings, worker=False) as onboarding:
        assert {journey.id for journey in await onboarding.list()} == {number.decode() for number in one}


async def test_when_the_owner_is_killed_another_goes_on_within_two_seconds(
    sandbox_settings: Settings, sandbox: SandboxDesk
) -> None:
    user = sandbox.create_user("Demo", phone="15912345678", password="Abcd1234")
    process = await child(sandbox_settings, "own")
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"owner\n"
        async with Onboarding(sandbox_settings) as onboarding:
            first = await onboarding.run("avatar-change", user_id=user, avatar="https://example.com/1.png")
            assert first.ended_well
            assert not onboarding.is_owner
            workers = {row.worker for row in await onboarding.history(first.id) if row.trigger != "started"}
            process.kill()
            await process.wait()
            killed = time.monotonic()
            second = await onboarding.run("avatar-change", user_id=user, avatar="https://example.com/2.png")
            assert second.ended_well
            assert onboarding.is_owner
            assert time.monotonic() - killed < 2
            rows = await onboarding.history(second.id)
            assert workers.isdisjoint(row.worker for row in rows)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
