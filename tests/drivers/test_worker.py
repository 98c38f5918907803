"""The worker: which journey is advanced when, and what it does when something fails."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from uuid_utils import uuid7

from onboarding import Done, Flow, Waiting, minutes
from onboarding.drivers import Worker
from onboarding.engine import NewJourney, WakeAt
from onboarding.engine.book import Book
from onboarding.errors import JournalConflict, JournalError, UnknownJourney
from onboarding.journal import (
    Change,
    Head,
    MemoryJournal,
    Message,
    MessageKind,
    SqliteJournal,
    Status,
    TransitionRecord,
)
from onboarding.testing import VirtualClock

pytestmark = pytest.mark.anyio


class Nothing(Flow, name="nothing", version=1):
    """A flow that has no part in what the worker does."""

    states: ClassVar = [Waiting("waiting", up_to=minutes(1)), Done("done")]
    transitions: ClassVar = [["timed_out", "waiting", "done"]]


class Advancer:
    """Stands in for the engine: keeps count, and ends each journey unless told otherwise."""

    def __init__(self, journal: Any) -> None:
        self.journal = journal
        self.calls: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0
        self.does: dict[str, Callable[[], Awaitable[Any]]] = {}

    async def begin(self, new: NewJourney, stored: asyncio.Future[Head]) -> Any:
        stored.set_result(await self.journal.create(new.head, b"data", new.first))
        return await self.advance(new.head.id)

    async def advance(self, journey: str) -> Any:
        self.calls[journey] += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            if journey in self.does:
                return await self.does[journey]()
            await self.rest(journey, None)
            return None
        finally:
            self.at_once -= 1

    async def rest(self, journey: str, due: datetime | None) -> None:
        head = await self.journal.head(journey)
        status = Status.DONE if due is None else head.status
        await self.journal.write(Change(head=replace(head, due=due, status=status, revision=head.revision + 1)))


class Yard:
    """A journal, a clock, an engine, and a worker among them."""

    def __init__(self, journal: Any, concurrency: int = 20) -> None:
        self.journal = journal
        self.clock = VirtualClock()
        self.engine = Advancer(journal)
        self.worker = Worker(self.engine, journal, self.clock, concurrency=concurrency)  # type: ignore[arg-type]

    def start(self, after: float = 0) -> tuple[Head, TransitionRecord]:
        now = self.clock.now()
        head = Head(
            id=str(uuid7()), flow="f", version=1, state="s", status=Status.WORKING, due=now + timedelta(seconds=after),
            seq=1, created=now, updated=now, entered=now,
        )  # fmt: skip
        return head, TransitionRecord(journey=head.id, seq=1, at=now, trigger="started", source="", dest="s")

    async def add(self, after: float = 0) -> str:
        head, first = self.start(after)
        await self.journal.create(head, b"data", first)
        self.worker.wake()
        return head.id

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the loop turn until something holds: it does after a bounded number of turns, or never."""
        for _ in range(2000):
            if condition():
                return
            await asyncio.sleep(0.001 if isinstance(self.journal, SqliteJournal) else 0)
        raise AssertionError("it never came to hold")

    async def settle(self) -> None:
        for _ in range(50):
            await asyncio.sleep(0)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.worker.run())
        try:
            yield
        finally:
            self.worker.stop()
            async with asyncio.timeout(5):
                await task


@pytest.fixture
async def yard(anyio_backend: str) -> Yard:
    journal = MemoryJournal()
    await journal.open()
    return Yard(journal)


async def test_what_is_due_is_advanced_and_what_is_not_waits_for_its_time(yard: Yard) -> None:
    now, later = await yard.add(), await yard.add(after=3600)
    async with yard.running():
        await yard.until(lambda: yard.engine.calls[now] == 1)
        await yard.settle()
        assert yard.engine.calls[later] == 0
        yard.clock.advance(3600)
        await yard.until(lambda: yard.engine.calls[later] == 1)
        assert yard.worker.owner
    assert not yard.worker.owner
    assert yard.engine.calls == {now: 1, later: 1}


async def test_never_more_than_its_concurrency_at_once(anyio_backend: str) -> None:
    journal = MemoryJournal()
    await journal.open()
    yard = Yard(journal, concurrency=3)
    ids = [await yard.add() for _ in range(20)]
    async with yard.running():
        await yard.until(lambda: len(yard.engine.calls) == len(ids))
    assert yard.engine.most_at_once == 3


@pytest.mark.parametrize("error", [JournalError("disk"), RuntimeError("bug"), UnknownJourney("gone")])
async def test_a_journey_on_which_the_engine_fails_holds_nobody_up_and_is_taken_up_again(
    yard: Yard, error: Exception
) -> None:
    bad = await yard.add()

    async def fail() -> None:
        raise error

    yard.engine.does[bad] = fail
    async with yard.running():
        await yard.until(lambda: yard.engine.calls[bad] == 1)
        good = await yard.add()
        await yard.until(lambda: yard.engine.calls[good] == 1)
        await yard.settle()
        assert yard.engine.calls[bad] == 1, "a hot loop"
        del yard.engine.does[bad]
        yard.clock.advance(5.1)
        await yard.until(lambda: yard.engine.calls[bad] == 2)


async def test_leaving_does_not_wait_for_a_journey_on_which_the_engine_failed(yard: Yard) -> None:
    bad = await yard.add()

    async def fail() -> None:
        raise RuntimeError

    yard.engine.does[bad] = fail
    async with yard.running():
        await yard.until(lambda: yard.engine.calls[bad] == 1)
    # The clock stands still: a worker that slept for its penalty would not have come back.


async def test_losing_to_another_writer_is_no_failure(yard: Yard) -> None:
    journey = await yard.add()

    async def lose() -> None:
        del yard.engine.does[journey]
        raise JournalConflict("lost")

    yard.engine.does[journey] = lose
    async with yard.running():
        await yard.until(lambda: yard.engine.calls[journey] == 2)


@pytest.mark.parametrize("error", [JournalError("the disk is full"), RuntimeError("odd")])
async def test_a_journal_that_fails_is_tried_again(
    yard: Yard, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    claim = yard.journal.claim

    async def failing(*args: Any) -> list[str]:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise error
        return list(await claim(*args))

    monkeypatch.setattr(yard.journal, "claim", failing)
    journey = await yard.add()
    async with yard.running():
        await yard.until(lambda: looks == 1)
        await yard.settle()
        yard.clock.advance(5.1)
        await yard.until(lambda: yard.engine.calls[journey] == 1)


async def test_what_is_under_way_when_it_stops_is_not_broken_off(yard: Yard) -> None:
    journey, release = await yard.add(), asyncio.Event()
    ended = False

    async def slow() -> None:
        nonlocal ended
        await release.wait()
        ended = True

    yard.engine.does[journey] = slow
    run = asyncio.create_task(yard.worker.run())
    await yard.until(lambda: yard.engine.at_once == 1)
    after = await yard.add()
    yard.worker.stop()
    await yard.settle()
    assert not run.done()
    release.set()
    await run
    assert ended
    assert yard.engine.calls[after] == 0


async def test_one_pass_advances_all_that_is_due_also_what_falls_due_meanwhile(yard: Yard) -> None:
    first, second, later = await yard.add(), await yard.add(), await yard.add(after=60)

    async def again() -> None:
        del yard.engine.does[first]
        await yard.engine.rest(first, yard.clock.now())

    yard.engine.does[first] = again
    assert await yard.worker.one_pass() == 3
    assert yard.engine.calls == {first: 2, second: 1}
    assert await yard.worker.one_pass() == 0
    yard.clock.advance(60)
    assert await yard.worker.one_pass() == 1
    assert yard.engine.calls[later] == 1


async def test_one_pass_ends_although_the_engine_fails_on_a_journey(yard: Yard) -> None:
    bad, good = await yard.add(), await yard.add()

    async def fail() -> None:
        raise RuntimeError

    yard.engine.does[bad] = fail
    async with asyncio.timeout(5):
        with pytest.raises(JournalError, match=r"^1 of the journeys could .* with RuntimeError$"):
            await yard.worker.one_pass()
    assert yard.engine.calls == {bad: 1, good: 1}
    del yard.engine.does[bad]
    yard.clock.advance(10)
    assert await yard.worker.one_pass() == 1
    assert yard.engine.calls[bad] == 2


async def test_one_pass_tells_which_fault_of_the_journal_kept_a_journey_as_it_was(yard: Yard) -> None:
    bad, good = await yard.add(), await yard.add()

    async def fail() -> None:
        raise JournalError("the disk is full")

    yard.engine.does[bad] = fail
    with pytest.raises(JournalError, match=r"^1 of the journeys could .*: the disk is full$"):
        await yard.worker.one_pass()
    assert yard.engine.calls == {bad: 1, good: 1}


async def test_one_pass_that_loses_the_journal_lets_what_is_under_way_come_to_rest(
    anyio_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = MemoryJournal()
    await journal.open()
    yard = Yard(journal, concurrency=2)
    slow, release, quick = await yard.add(), asyncio.Event(), await yard.add()
    ended = False

    async def wait() -> None:
        nonlocal ended
        await release.wait()
        ended = True

    async def fail(*_: Any) -> list[str]:
        raise JournalError("the disk is gone")

    async def spoil() -> None:
        await yard.engine.rest(quick, None)
        monkeypatch.setattr(journal, "claim", fail)
        asyncio.get_running_loop().call_later(0.05, release.set)

    yard.engine.does = {slow: wait, quick: spoil}
    with pytest.raises(JournalError, match="the disk is gone"):
        await yard.worker.one_pass()
    assert ended


async def test_two_workers_on_one_file_one_stands_by_and_takes_over(anyio_backend: str, tmp_path: Path) -> None:
    journals = [SqliteJournal(tmp_path / "private" / "journal.db") for _ in range(2)]
    for journal in journals:
        await journal.open()
    first, second = (Yard(journal) for journal in journals)
    async with AsyncExitStack() as end:
        for journal in journals:
            end.push_async_callback(journal.close)
        async with AsyncExitStack() as life_of_first:
            await life_of_first.enter_async_context(first.running())
            await first.until(lambda: first.worker.owner)
            assert await second.worker.one_pass() == 0, "it is not the owner"
            await end.enter_async_context(second.running())
            journey = await second.add()
            for _ in range(5):
                second.clock.advance(0.3)
                await asyncio.sleep(0.01)
            assert not second.worker.owner

            def looked() -> bool:
                first.clock.advance(0.3)
                return first.engine.calls[journey] == 1

            await first.until(looked)

        def taken_over() -> bool:
            second.clock.advance(0.3)
            return second.worker.owner

        await second.until(taken_over)
        journey = await second.add()
        await second.until(lambda: second.engine.calls[journey] == 1)
        assert first.engine.calls[journey] == 0


class Watched:
    """Counts the looks into a journal, and what is asked for while something is under way."""

    def __init__(self, yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
        self.claims: list[int] = []
        claim = yard.journal.claim

        async def counting(now: datetime, limit: int, busy: Any = ()) -> list[str]:
            found = list(await claim(now, limit, busy))
            self.claims.append(len(found))
            return found

        monkeypatch.setattr(yard.journal, "claim", counting)


async def test_a_look_into_the_journal_serves_many_journeys(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [await yard.add() for _ in range(400)]
    watched = Watched(yard, monkeypatch)
    async with yard.running():
        await yard.until(lambda: len(yard.engine.calls) == len(ids))
    assert set(yard.engine.calls.values()) == {1}
    assert sum(watched.claims) == len(ids)
    assert len(watched.claims) <= len(ids) / 10 + 2
    assert yard.engine.most_at_once == 20


async def test_what_rests_until_later_makes_nobody_look(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    journey, release = await yard.add(), asyncio.Event()

    async def rest_for_long() -> Any:
        await release.wait()
        due = yard.clock.now() + timedelta(hours=1)
        await yard.engine.rest(journey, due)
        return WakeAt(due)

    yard.engine.does[journey] = rest_for_long
    watched = Watched(yard, monkeypatch)
    async with yard.running():
        await yard.until(lambda: yard.engine.at_once == 1)
        await yard.settle()
        looks = len(watched.claims)
        release.set()
        await yard.until(lambda: not yard.worker._busy and not yard.worker._more)
        await yard.settle()
        assert len(watched.claims) == looks
        yard.clock.advance(3600)
        await yard.until(lambda: yard.engine.calls[journey] == 2)


async def test_what_is_due_again_at_once_is_taken_up_again_without_a_pause(yard: Yard) -> None:
    journey = await yard.add()

    async def again() -> Any:
        del yard.engine.does[journey]
        return WakeAt(yard.clock.now())

    yard.engine.does[journey] = again
    async with yard.running():
        await yard.until(lambda: yard.engine.calls[journey] == 2)
    # The clock stands still: a worker that waited for its next look by itself would not have come to it.


async def test_what_is_handed_in_while_a_journey_is_under_way_is_looked_at_when_it_rests(yard: Yard) -> None:
    journey, release = await yard.add(), asyncio.Event()

    async def rest() -> Any:
        await release.wait()
        del yard.engine.does[journey]
        due = yard.clock.now() + timedelta(hours=1)
        await yard.engine.rest(journey, due)
        return WakeAt(due)

    yard.engine.does[journey] = rest
    async with yard.running():
        await yard.until(lambda: yard.engine.at_once == 1)
        now = yard.clock.now()
        message = Message(id="m", journey=journey, kind=MessageKind.CANCEL, name="cancel", payload=None, at=now)
        await yard.journal.post(message)
        yard.worker.wake()
        await yard.settle()
        release.set()
        await yard.until(lambda: yard.engine.calls[journey] == 2)


async def test_what_was_claimed_ahead_for_too_long_is_claimed_anew(anyio_backend: str) -> None:
    journal = MemoryJournal()
    await journal.open()
    yard = Yard(journal, concurrency=1)
    slow, ahead = await yard.add(), await yard.add()
    release = asyncio.Event()

    async def wait() -> None:
        await release.wait()
        await yard.engine.rest(slow, None)

    yard.engine.does[slow] = wait
    async with yard.running():
        await yard.until(lambda: list(yard.worker._claimed) == [ahead])
        longer = await yard.add(after=-3600)
        yard.clock.advance(2)
        await yard.settle()
        release.set()
        await yard.until(lambda: yard.engine.calls[ahead] == 1)
        assert list(yard.engine.calls) == [slow, longer, ahead]


async def test_nothing_is_advanced_twice_at_once_however_often_it_is_due(anyio_backend: str) -> None:
    journal = MemoryJournal()
    await journal.open()
    yard = Yard(journal, concurrency=3)
    ids = [await yard.add() for _ in range(30)]
    under_way: set[str] = set()
    for journey in ids:

        async def go(journey: str = journey) -> Any:
            assert journey not in under_way
            under_way.add(journey)
            for _ in range(hash(journey) % 5):
                await asyncio.sleep(0)
            under_way.discard(journey)
            yard.worker.wake()
            if yard.engine.calls[journey] == 5:
                del yard.engine.does[journey]
                await yard.engine.rest(journey, None)
            return WakeAt(yard.clock.now())

        yard.engine.does[journey] = go
    async with yard.running():
        await yard.until(lambda: all(yard.engine.calls[journey] == 5 for journey in ids))
    assert yard.engine.most_at_once == 3
    assert set(yard.engine.calls.values()) == {5}, "one failed"


async def test_a_new_journey_is_stored_and_begun_at_once_where_it_is_its_turn(anyio_backend: str) -> None:
    journal = MemoryJournal()
    await journal.open()
    yard = Yard(journal, concurrency=1)

    def new(status: Status = Status.WORKING) -> NewJourney:
        head, first = yard.start()
        return NewJourney(replace(head, status=status), Nothing(), Book(), first)

    assert yard.worker.begin(new()) is None, "it owns nothing yet"
    held = asyncio.Event()
    async with yard.running():
        await yard.until(lambda: yard.worker.owner)
        first = new()
        yard.engine.does[first.head.id] = held.wait
        stored = yard.worker.begin(first)
        assert stored is not None
        assert yard.worker.is_under_way(first.head.id), "also while it is being stored"
        assert await stored == first.head
        assert yard.worker.begin(new()) is None, "there is no room"
        before = await yard.add()
        held.set()
        await yard.until(lambda: yard.engine.calls[before] == 1)
        await yard.until(lambda: not yard.worker._busy and not yard.worker._more)
        assert yard.worker.begin(new(Status.WAITING)) is None, "there is nothing to do"
        last = new()
        stored = yard.worker.begin(last)
        yard.worker.stop()
        assert yard.worker.begin(new()) is None, "it takes up nothing more"
    assert stored is not None
    assert yard.engine.calls[last.head.id] == 1, "what was begun came to rest before it ended"
