"""Waiting for changes: however many wait, one timer tells them when to look for themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from onboarding.changes import Changes
from onboarding.testing import VirtualClock

pytestmark = pytest.mark.anyio

MANY = 50


class Counting(VirtualClock):
    def __init__(self) -> None:
        super().__init__()
        self.sleeping = self.slept = 0

    async def sleep(self, delay: float) -> None:
        self.sleeping += 1
        self.slept += 1
        try:
            await super().sleep(delay)
        finally:
            self.sleeping -= 1


async def rounds(clock: VirtualClock, *, until: Callable[[], bool]) -> int:
    """How many times the clock was moved on by an eighth of a second until this was so."""
    for number in range(20):
        for _ in range(5):
            await asyncio.sleep(0)
        if until():
            return number
        clock.advance(0.125)
    raise AssertionError("it never was")


async def test_all_who_wait_look_again_after_an_eighth_to_a_quarter_of_a_second_with_one_timer_for_all() -> None:
    clock = Counting()
    changes = Changes(clock)
    kept = [changes.watch(str(number)) for number in range(MANY)]
    waits = [asyncio.create_task(changes.pause(change, None)) for change in kept]
    assert await rounds(clock, until=lambda: all(wait.done() for wait in waits)) == 2
    assert clock.slept <= 3
    assert await rounds(clock, until=lambda: clock.sleeping == 0) <= 1, "nobody waits: nothing is timed"


async def test_who_waits_wakes_at_once_when_it_happens_and_when_its_own_time_is_up() -> None:
    clock = Counting()
    changes = Changes(clock)
    first, second = changes.watch("first"), changes.watch("second")
    soon = clock.now().replace(microsecond=50_000)
    waits = [asyncio.create_task(changes.pause(first, None)), asyncio.create_task(changes.pause(second, soon))]
    await asyncio.sleep(0)
    changes.tell("first", rests=False)
    await waits[0]
    assert not waits[1].done()
    clock.advance(0.05)
    await waits[1]
    assert second.waiting == set()


async def test_who_stops_waiting_is_forgotten_and_closing_ends_the_timers() -> None:
    clock = Counting()
    changes = Changes(clock)
    change = changes.watch("one")
    for until in (None, clock.now().replace(microsecond=50_000)):
        wait = asyncio.create_task(changes.pause(change, until))
        await asyncio.sleep(0)
        wait.cancel()
        await asyncio.wait([wait])
        assert (change.waiting, wait.cancelled()) == (set(), True)
    changes.close()
    for _ in range(3):
        await asyncio.sleep(0)
    assert clock.sleeping == 0


class Broken(VirtualClock):
    async def sleep(self, delay: float) -> None:
        del delay
        raise OSError


async def test_where_the_clock_fails_all_who_wait_look_at_once() -> None:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # nobody asks the timers how they ended
    clock = Broken()
    changes = Changes(clock)
    change = changes.watch("one")
    async with asyncio.timeout(10):
        for _ in range(2):
            soon = clock.now().replace(microsecond=50_000)
            await asyncio.gather(*(changes.pause(change, until) for until in (None, None, soon, soon)))
    assert change.waiting == set()
