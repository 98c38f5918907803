"""A clock that is set back is told of, by every kind of worker; one that is set right, or that runs, is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from onboarding.clock import Clock
from onboarding.drivers.set_back import SetBack
from onboarding.drivers.temporal.server import Server
from onboarding.drivers.temporal.worker import TemporalWorker
from onboarding.drivers.worker import Worker
from onboarding.engine import Engine
from onboarding.journal import Journal, MemoryJournal
from onboarding.log import log
from onboarding.testing import VirtualClock


class Wound(VirtualClock):
    """A clock whose hands can be moved without time going by."""

    def __init__(self) -> None:
        super().__init__()
        self.off = timedelta()

    def now(self) -> datetime:
        """The time that its hands show."""
        return super().now() + self.off


@pytest.fixture
def heard() -> Iterator[list[str]]:
    lines: list[str] = []
    log.enable("onboarding")
    sink = log.add(lambda message: lines.append(message.record["message"]), level="WARNING")
    yield lines
    log.remove(sink)
    log.disable("onboarding")


def test_a_clock_that_is_set_back_is_told_of_once(heard: list[str]) -> None:
    clock = Wound()
    watch = SetBack(clock)
    clock.advance(3600)
    watch.look()
    clock.off = -timedelta(days=1)
    clock.advance(5)
    watch.look()
    watch.look()
    assert len(heard) == 1
    assert heard[0].startswith("this machine's clock was set back by 1 day, 0:00:00: what is due")


def test_small_corrections_and_a_clock_that_is_put_forward_are_not(heard: list[str]) -> None:
    clock = Wound()
    watch = SetBack(clock)
    for off in (timedelta(seconds=-30), timedelta(days=2), timedelta(days=2, seconds=-59)):
        clock.off = off
        watch.look()
    assert heard == []


class OwnedElsewhere(MemoryJournal):
    """Another process advances its journeys; it knows when somebody has asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def own(self) -> bool:
        self.asked.set()
        return False


def temporals_worker(engine: Engine, journal: Journal, clock: Clock) -> TemporalWorker:
    return TemporalWorker(engine, journal, clock, Server("127.0.0.1:1"))


@pytest.mark.anyio
@pytest.mark.parametrize("kind", [Worker, temporals_worker])
async def test_a_worker_that_stands_by_tells_of_it(
    heard: list[str], kind: Callable[[Engine, Journal, Clock], Worker | TemporalWorker]
) -> None:
    clock, journal = Wound(), OwnedElsewhere()
    worker = kind(object(), journal, clock)  # type: ignore[arg-type] # nothing is advanced
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(20):
        await journal.asked.wait()
        journal.asked.clear()
        clock.off = -timedelta(days=1)
        while not journal.asked.is_set():
            clock.advance(1)
            await asyncio.sleep(0)
        worker.stop()
        clock.advance(1)
        await running
    assert len(heard) == 1
    assert heard[0].startswith("this machine's clock was set back by 1 day")
