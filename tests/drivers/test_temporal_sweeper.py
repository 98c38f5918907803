"""The sweeper: which journeys it calls, when, and which it leaves alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from loguru import logger
from uuid_utils import uuid7

from onboarding.drivers.temporal.sweeper import Sweeper
from onboarding.journal import Change, Head, MemoryJournal, Message, MessageKind, Status, TransitionRecord
from onboarding.testing import VirtualClock

pytestmark = pytest.mark.anyio


class SharedJournal(MemoryJournal):
    """Other processes advance its journeys too: what one claims, the others do not get."""

    is_exclusive = False

    async def claim(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[str]:
        raise AssertionError("it only looks, and must take nothing")

    async def due(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[str]:
        return await super().claim(now, limit, busy)


class Field:
    """A journal, a clock, a sweeper, and a note of all that it has called."""

    def __init__(self, *, shared: bool = False) -> None:
        self.journal = SharedJournal() if shared else MemoryJournal()
        self.clock = VirtualClock()
        self.called: list[str] = []
        self.under_way: set[str] = set()
        self.broken = False
        self.sweeper = Sweeper(self.journal, self.clock, self.call, lambda: frozenset(self.under_way))

    async def call(self, journey: str, head: Head | None) -> None:
        assert head is None or head.id == journey
        if self.broken:
            raise ConnectionError("UNAVAILABLE")
        self.called.append(journey)

    async def add(self, *, due: float | None = 0, seq: int = 1, status: Status = Status.WORKING) -> str:
        now = self.clock.now()
        head = Head(
            id=str(uuid7()), flow="f", version=1, state="s", status=status, seq=seq, created=now, updated=now,
            due=None if due is None else now + timedelta(seconds=due), entered=now,
        )  # fmt: skip
        first = TransitionRecord(journey=head.id, seq=1, at=now, trigger="started", source="", dest="s")
        await self.journal.create(head, b"data", first)
        return head.id

    async def advance_elsewhere(self, journey: str) -> None:
        head = await self.journal.head(journey)
        head = replace(head, revision=head.revision + 1, due=None, status=Status.WAITING)
        await self.journal.write(Change(head=head))

    async def hand_in(self, journey: str, kind: MessageKind = MessageKind.INPUT) -> None:
        number = str(uuid7())
        await self.journal.post(
            Message(id=number, journey=journey, kind=kind, name="n", payload=None, at=self.clock.now())
        )


@pytest.fixture
async def field(anyio_backend: str) -> AsyncIterator[Field]:
    made = Field()
    await made.journal.open()
    yield made
    await made.journal.close()


@pytest.fixture
async def shared(anyio_backend: str) -> AsyncIterator[Field]:
    made = Field(shared=True)
    await made.journal.open()
    yield made
    await made.journal.close()


async def test_an_input_is_a_call_at_once_though_another_process_advanced_what_was_called_here(shared: Field) -> None:
    journey, other = await shared.add(), await shared.add()
    await shared.sweeper.look()
    await shared.advance_elsewhere(journey)
    await shared.hand_in(journey)
    shared.clock.advance(1)
    await shared.sweeper.look()
    assert shared.called == [journey, other, journey]


async def test_of_thousands_that_were_called_those_that_moved_are_found_bit_by_bit(
    shared: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onboarding.drivers.temporal.sweeper._MOVED_AT_ONCE", 2)
    ids = [await shared.add() for _ in range(6)]
    await shared.sweeper.look()
    await shared.advance_elsewhere(ids[5])
    await shared.hand_in(ids[5])
    for _ in range(3):
        assert shared.called == ids
        shared.clock.advance(1)
        await shared.sweeper.look()
    assert shared.called == [*ids, ids[5]]


async def test_what_has_rested_here_is_at_once_anybodys(shared: Field, field: Field) -> None:
    for each, is_looked_at in ((shared, True), (field, False)):
        each.sweeper.rested(await each.add())
        pausing = asyncio.create_task(each.sweeper.pause())
        for _ in range(5):
            await asyncio.sleep(0)
        assert pausing.done() is is_looked_at
        each.clock.advance(1)
        await asyncio.wait_for(pausing, 5)


async def test_a_new_journey_is_called_at_once_and_not_again_while_its_workflow_is_on_its_way(field: Field) -> None:
    journey = await field.add()
    await field.sweeper.look()
    await field.sweeper.look()
    assert field.called == [journey]


async def test_a_journey_whose_workflow_never_came_is_called_again_after_a_minute(field: Field) -> None:
    journey = await field.add()
    await field.sweeper.look()
    field.clock.advance(59)
    await field.sweeper.look()
    assert field.called == [journey]
    field.clock.advance(2)
    await field.sweeper.look()
    assert field.called == [journey, journey]


async def test_a_journey_that_came_by_itself_when_its_time_was_up_is_never_called(field: Field) -> None:
    journey = await field.add(due=10, seq=2)
    field.clock.advance(10)
    await field.sweeper.look()
    field.clock.advance(4.9)
    await field.sweeper.look()
    assert field.called == []
    field.clock.advance(0.2)
    await field.sweeper.look()
    assert field.called == [journey], "it did not come: its timer is lost"


async def test_each_input_is_a_call_however_fast_they_follow(field: Field) -> None:
    journey = await field.add(due=600, seq=2, status=Status.WAITING)
    await field.sweeper.look()
    assert field.called == []
    await field.hand_in(journey)
    await field.sweeper.look()
    assert field.called == [journey]
    field.sweeper.rested(journey)  # and what was handed in last is not looked at yet
    await field.sweeper.look()
    assert field.called == [journey, journey]


async def test_a_parked_journey_is_called_for_a_decision_and_not_for_an_input(field: Field) -> None:
    journey = await field.add(due=None, seq=2, status=Status.PARKED)
    await field.hand_in(journey)
    await field.sweeper.look()
    assert field.called == []
    await field.hand_in(journey, MessageKind.RETRY)
    await field.sweeper.look()
    assert field.called == [journey]


async def test_what_is_being_advanced_here_is_not_called(field: Field) -> None:
    journey = await field.add()
    field.under_way.add(journey)
    await field.sweeper.look()
    assert field.called == []


async def test_it_says_whether_more_may_be_waiting(field: Field) -> None:
    ids = [await field.add() for _ in range(45)]
    assert [await field.sweeper.look() for _ in range(4)] == [True, True, False, False]
    assert sorted(field.called) == sorted(ids)


async def test_with_thousands_on_their_way_it_calls_no_more(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onboarding.drivers.temporal.sweeper._MOST", 30)
    ids = [await field.add() for _ in range(45)]
    while await field.sweeper.look():
        pass
    assert len(field.called) == 30
    for journey in field.called[:5]:
        field.sweeper.rested(journey)
    await field.sweeper.look()
    assert len(field.called) == 35
    assert set(field.called) <= set(ids)


async def test_a_server_that_cannot_be_asked_is_told_of_once_and_asked_again(field: Field) -> None:
    said: list[str] = []
    logger.enable("onboarding")
    sink = logger.add(said.append, format="{message}")
    try:
        journey = await field.add()
        field.broken = True
        for _ in range(3):
            await field.sweeper.look()
            field.clock.advance(5.1)
        field.broken = False
        await field.sweeper.look()
    finally:
        logger.remove(sink)
        logger.disable("onboarding")
    assert field.called == [journey]
    assert len([line for line in said if "Temporal cannot be asked" in line]) == 1


async def test_whoever_writes_here_need_not_wait_for_the_next_look(field: Field) -> None:
    pausing = asyncio.create_task(field.sweeper.pause())
    await asyncio.sleep(0)
    assert not pausing.done()
    field.sweeper.wake()
    await asyncio.wait_for(pausing, 5)
    pausing = asyncio.create_task(field.sweeper.pause())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not pausing.done()
    field.clock.advance(0.25)
    await asyncio.wait_for(pausing, 5)
