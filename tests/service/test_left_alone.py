"""Waiting where no process advances journeys ends with a sentence, not never."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from onboarding import NotPossible, Onboarding, Settings, Status
from onboarding.testing import VirtualClock

pytestmark = pytest.mark.anyio


async def test_waiting_for_a_journey_that_nobody_advances_says_so() -> None:
    clock = VirtualClock()
    async with Onboarding(Settings(journal="memory://"), worker=False, clock=clock) as onboarding:
        journey = await onboarding.start("password-reset", phone="15912345678", new_password="Abcd1234")
        waiting = asyncio.create_task(onboarding.wait(journey.id))
        while not waiting.done():
            await asyncio.sleep(0)
            clock.advance(timedelta(seconds=5))
        with pytest.raises(NotPossible, match="no worker is running"):
            await waiting


async def test_with_a_timeout_it_is_returned_as_it_is() -> None:
    clock = VirtualClock()
    async with Onboarding(Settings(journal="memory://"), worker=False, clock=clock) as onboarding:
        journey = await onboarding.start("password-reset", phone="15912345678", new_password="Abcd1234")
        waiting = asyncio.create_task(onboarding.wait(journey.id, timeout=60))
        while not waiting.done():
            await asyncio.sleep(0)
            clock.advance(timedelta(seconds=5))
        assert (await waiting).status is Status.WORKING
