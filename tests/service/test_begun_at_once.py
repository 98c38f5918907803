"""A journey that is advanced where it is started: one commit stores it and is its first step's intent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from typing import Any

import pytest
from greeting import Greeting, GreetingApi

from onboarding import InputRefused, JournalConflict, JournalError, Onboarding, Settings, Status
from onboarding.journal import Change, Head, MemoryJournal, Phase, TransitionRecord

pytestmark = pytest.mark.anyio


class Held(MemoryJournal):
    """Stores new journeys when it may, and fails when it is to; keeps what it was told to write."""

    def __init__(self) -> None:
        super().__init__()
        self.may_store = asyncio.Event()
        self.may_store.set()
        self.asked, self.claimed = asyncio.Event(), asyncio.Event()
        self.fails: list[JournalError] = []
        self.created: list[Head] = []
        self.written: list[Head] = []

    async def create(self, head: Head, data: bytes, first: TransitionRecord, key: bytes | None = None) -> Head:
        self.created.append(head)
        self.asked.set()
        await self.may_store.wait()
        if self.fails:
            raise self.fails.pop()
        return await super().create(head, data, first, key)

    async def claim(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[str]:
        self.claimed.set()
        return await super().claim(now, limit, busy)

    def write(self, change: Change) -> Any:
        self.written.append(change.head)
        return super().write(change)


class Looking(GreetingApi):
    """Looks at what the journal holds at the moment of the first request."""

    def __init__(self, journal: Held) -> None:
        super().__init__()
        self._journal = journal
        self.found: list[Head] = []

    async def greet(self, name: str) -> None:
        self.found += self._journal._heads.values()
        await super().greet(name)


@pytest.fixture
async def journal(anyio_backend: str) -> Held:
    return Held()


@pytest.fixture
def api(journal: Held) -> Looking:
    return Looking(journal)


@pytest.fixture
async def onboarding(settings: Settings, api: Looking, journal: Held) -> AsyncIterator[Onboarding]:
    async with Onboarding(settings, flows=[Greeting], api=api, journal=journal) as onboarding:
        await journal.claimed.wait()
        yield onboarding


async def test_the_commit_that_stores_it_is_the_intent_of_its_first_step(
    onboarding: Onboarding, api: Looking, journal: Held
) -> None:
    journey = await onboarding.wait((await onboarding.start(Greeting, name="a")).id)
    assert [head.phase for head in api.found] == [Phase.SENDING]
    assert [(head.state, head.phase) for head in (*journal.created, *journal.written)] == [
        ("greeting", Phase.SENDING),
        ("awaiting_answer", Phase.READY),
    ]
    assert [row.trigger for row in await onboarding.history(journey.id)] == ["started", "greeted"]
    with pytest.raises(InputRefused, match=r"possible in (60|59) s"):  # its cooldown counts from the first
        await onboarding.send(journey.id, "greet_again")


async def test_a_start_that_is_broken_off_while_it_is_stored_goes_on_by_itself(
    onboarding: Onboarding, api: Looking, journal: Held
) -> None:
    journal.may_store.clear()
    starting = asyncio.create_task(onboarding.start(Greeting, name="a"))
    await journal.asked.wait()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    journal.may_store.set()
    journey = await onboarding.wait(journal.created[0].id)
    assert (journey.status, api.greeted) == (Status.WAITING, ["a"])


async def test_what_cannot_be_stored_is_said_to_whoever_starts_it_and_nothing_is_sent(
    onboarding: Onboarding, api: Looking, journal: Held
) -> None:
    journal.fails = [JournalError("the disk is full")]
    with pytest.raises(JournalError, match="the disk is full"):
        await onboarding.start(Greeting, name="a")
    assert (await onboarding.list(), api.greeted) == ((), [])
    await onboarding.wait((await onboarding.start(Greeting, name="b")).id)
    assert api.greeted == ["b"]


async def test_where_this_is_no_worker_any_more_it_is_stored_for_whoever_is_one_with_no_intent(
    onboarding: Onboarding, api: Looking, journal: Held
) -> None:
    journal.fails = [JournalConflict("this process is no worker any more")]
    journey = await onboarding.wait((await onboarding.start(Greeting, name="a")).id)
    assert [head.phase for head in journal.created] == [Phase.SENDING, Phase.READY]
    assert journal.written[0].phase is Phase.SENDING
    assert (journey.status, api.greeted) == (Status.WAITING, ["a"])


async def test_what_was_begun_comes_to_rest_before_its_onboarding_is_left(
    settings: Settings, api: Looking, journal: Held
) -> None:
    async with Onboarding(settings, flows=[Greeting], api=api, journal=journal) as onboarding:
        await journal.claimed.wait()
        journal.may_store.clear()
        starting = asyncio.create_task(onboarding.start(Greeting, name="a"))
        await journal.asked.wait()
        asyncio.get_running_loop().call_soon(journal.may_store.set)
    await starting
    assert journal.written[-1].status is Status.WAITING
    assert api.greeted == ["a"]
