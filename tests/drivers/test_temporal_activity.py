"""The activity: one call of the engine, once at a time, in words that may stand in a history."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from uuid_utils import uuid7

from onboarding.drivers.temporal.activity import Advancing
from onboarding.drivers.temporal.payloads import Errand, Rest
from onboarding.errors import JournalConflict, JournalError, UnknownJourney
from onboarding.journal import Change, Head, MemoryJournal, Status, TransitionRecord
from onboarding.testing import VirtualClock

pytestmark = pytest.mark.anyio

SECRET = "Vera 0123456789"


class Engine:
    """Stands in for the engine: waits until it is let go, then does or raises what it is told."""

    def __init__(self, journal: MemoryJournal) -> None:
        self.journal = journal
        self.calls = 0
        self.called = asyncio.Event()
        self.go = asyncio.Event()
        self.raises: Exception | None = None
        self.leaves: dict[str, Any] = {"status": Status.DONE, "due": None}

    async def advance(self, journey: str) -> None:
        self.calls += 1
        self.called.set()
        await self.go.wait()
        if self.raises is not None:
            raise self.raises
        head = await self.journal.head(journey)
        await self.journal.write(Change(head=replace(head, revision=head.revision + 1, **self.leaves)))


class Desk:
    """A journal with a journey, and the activity."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.journal = MemoryJournal()
        self.engine = Engine(self.journal)
        self.rested: list[str] = []
        self.advancing = Advancing(self.engine, self.journal, self.clock, self.rested.append)  # type: ignore[arg-type]
        self.environment = ActivityEnvironment()
        self.journey = str(uuid7())

    async def open(self) -> None:
        await self.journal.open()
        now = self.clock.now()
        head = Head(
            id=self.journey, flow="f", version=1, state="s", status=Status.WORKING, due=now, seq=1, created=now,
            updated=now, entered=now,
        )  # fmt: skip
        first = TransitionRecord(journey=head.id, seq=1, at=now, trigger="started", source="", dest="s")
        await self.journal.create(head, b"data", first)

    async def advance(self, journey: str = "") -> Rest:
        rest: Rest = await self.environment.run(self.advancing.advance, journey or self.journey)
        return rest


@pytest.fixture
async def desk(anyio_backend: str) -> AsyncIterator[Desk]:
    made = Desk()
    await made.open()
    made.engine.go.set()
    yield made
    await made.journal.close()


async def test_it_says_how_the_journey_stands_and_for_how_long(desk: Desk) -> None:
    due: datetime = desk.clock.now() + timedelta(seconds=90)
    desk.engine.leaves = {"status": Status.WAITING, "due": due}
    assert await desk.advance() == Rest(ended=False, flow="f", state="s", status="waiting", after=90.0)
    desk.engine.leaves = {"status": Status.PARKED, "due": None}
    assert (await desk.advance()).after is None
    desk.engine.leaves = {"status": Status.DONE, "due": None}
    assert (await desk.advance()).ended
    assert desk.rested == [desk.journey] * 3


async def test_asked_twice_it_advances_once_and_answers_both(desk: Desk) -> None:
    desk.engine.go.clear()
    asked = [asyncio.create_task(desk.advance()) for _ in range(2)]
    await desk.engine.called.wait()
    assert desk.advancing.under_way == {desk.journey}
    desk.engine.go.set()
    assert [rest.status for rest in await asyncio.gather(*asked)] == ["done", "done"]
    assert desk.engine.calls == 1
    assert desk.advancing.under_way == frozenset()


async def test_cancelled_it_hears_the_request_out(desk: Desk) -> None:
    desk.engine.go.clear()
    asked = asyncio.create_task(desk.advance())
    await desk.engine.called.wait()
    desk.environment.cancel()
    for _ in range(20):
        await asyncio.sleep(0)
    assert not asked.done()
    desk.engine.go.set()
    assert (await asked).ended


@pytest.mark.parametrize(
    ("error", "said"),
    [(JournalError("the disk is full"), "the disk is full"), (RuntimeError(SECRET), "the engine failed")],
)
async def test_what_it_fails_with_holds_nothing_that_an_unknown_error_says(
    desk: Desk, error: Exception, said: str
) -> None:
    desk.engine.raises = error
    with pytest.raises(ApplicationError) as raised:
        await desk.advance()
    assert raised.value.message == said
    assert not raised.value.non_retryable
    converter, failure = DataConverter.default, None
    from temporalio.api.failure.v1 import Failure

    failure = Failure()
    converter.failure_converter.to_failure(raised.value, converter.payload_converter, failure)
    assert SECRET not in str(failure)
    assert type(error).__name__ in str(failure)


async def test_advanced_elsewhere_or_unknown_it_is_no_failure(desk: Desk) -> None:
    desk.engine.raises = JournalConflict("lost")
    assert (await desk.advance()).status == "working"
    desk.engine.raises = UnknownJourney("gone")
    assert await desk.advance() == Rest(ended=True, status="unknown")


async def test_without_the_journal_nothing_is_advanced(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def taken() -> bool:
        return False

    monkeypatch.setattr(desk.journal, "own", taken)
    with pytest.raises(ApplicationError, match="another process advances the journeys"):
        await desk.advance()
    assert desk.engine.calls == 0


async def test_a_journey_that_another_process_has_is_asked_for_again_soon(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def held(_: str) -> bool:
        return False

    monkeypatch.setattr(desk.journal, "take", held)
    with pytest.raises(ApplicationError, match="another process advances the journey") as raised:
        await desk.advance()
    assert raised.value.next_retry_delay == timedelta(seconds=1)
    assert not raised.value.non_retryable
    assert desk.engine.calls == 0
    assert await desk.advance(str(uuid7())) == Rest(ended=True, status="unknown")


@pytest.mark.parametrize("error", [None, JournalConflict("lost"), JournalError("full"), RuntimeError("bad")])
async def test_a_journey_is_taken_while_it_is_advanced_and_no_longer(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    held: list[str] = []

    async def take(journey: str) -> bool:
        held.append(journey)
        return True

    monkeypatch.setattr(desk.journal, "take", take)
    monkeypatch.setattr(desk.journal, "release", lambda journeys: [held.remove(each) for each in journeys])
    desk.engine.raises = error
    desk.engine.go.clear()
    advancing = asyncio.create_task(desk.advance())
    await desk.engine.called.wait()
    assert held == [desk.journey]
    desk.engine.go.set()
    await asyncio.wait({advancing})
    assert isinstance(advancing.exception(), ApplicationError | None)
    assert held == []


async def test_what_travels_is_read_back_as_it_was_and_stays_small(desk: Desk) -> None:
    converter = DataConverter.default.payload_converter
    rest = Rest(ended=False, flow="password-reset", state="awaiting_code", status="waiting", after=600.5, listed=True)
    for sent in (Errand(desk.journey), rest):
        [payload] = converter.to_payloads([sent])
        assert converter.from_payloads([payload], [type(sent)]) == [sent]
        assert len(payload.data) < 150
