"""The landing delay is waited out whatever the time of day says: somebody may set it, and a machine may be busy."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from errands import Change, Nudge
from scripted_api import HANG, in_doubt
from workbench import Workbench

from onboarding.engine import Finished, WakeAt
from onboarding.testing import VirtualClock

pytestmark = pytest.mark.anyio


class WallClock(VirtualClock):
    """A clock whose time of day is set by hand, beside one that only runs."""

    def __init__(self) -> None:
        super().__init__()
        self.off = timedelta()
        self.advance(600)  # the machine has been up for a while

    def now(self) -> datetime:
        return super().now() + self.off

    async def sleep(self, delay: float) -> None:
        await asyncio.sleep(delay)


async def test_one_write_has_one_time(bench: Workbench) -> None:
    bench.clock.tick = timedelta(seconds=1)
    for flow in (Change, Nudge):
        bench.api.plays["change"] = bench.api.plays["nudge"] = [in_doubt(), HANG]
        journey = await bench.start(flow)
        await bench.advance(journey)
        head, row = await bench.head(journey), await bench.last(journey)
        assert row.trigger == "in_doubt"
        assert head.updated == row.at
        assert head.due is not None
        assert head.due - row.at >= timedelta(seconds=30)
        if flow is Change:
            assert head.due - row.at == timedelta(seconds=30), "the landing delay"


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_clock_set_ahead_does_not_cut_the_landing_delay_short(bench: Workbench, *, restarts: bool) -> None:
    clock = bench.clock = WallClock()
    await bench.restart()
    bench.api.plays["change"] = [in_doubt()]
    bench.api.plays["look"] = [True]
    journey = await bench.start(Change)
    await bench.advance(journey)
    clock.off = timedelta(hours=1)
    if restarts:
        await bench.restart()
    assert await bench.advance(journey, after=5) == WakeAt(clock.now() + timedelta(seconds=25))
    assert bench.api.calls == ["change"]
    assert isinstance(await bench.advance(journey, after=25), Finished)
    assert bench.api.calls == ["change", "look"]


async def test_a_clock_that_began_anew_with_the_machine_delays_nothing(bench: Workbench) -> None:
    bench.clock.advance(3600)
    bench.api.plays["change"] = [in_doubt()]
    bench.api.plays["look"] = [True]
    journey = await bench.start(Change)
    await bench.advance(journey)
    clock = bench.clock = WallClock()
    clock.off = timedelta(hours=1, minutes=1)
    await bench.restart()
    assert isinstance(await bench.advance(journey), Finished)
