"""Law 2: no request that matters leaves before its intent is durable, and nothing is told before it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from errands import Change, CodeEntry, Look, Nudge
from scripted_api import in_doubt
from workbench import Workbench

from onboarding import Flow, JournalConflict, JournalError
from onboarding.engine import Event, Finished
from onboarding.journal import Change as Write
from onboarding.journal import MemoryJournal, MessageKind, Phase
from onboarding.journal.receipt import Receipt

pytestmark = pytest.mark.anyio


class SlowJournal(MemoryJournal):
    """Keeps a write in the air until somebody waits for it; ``log`` says in which order things happened."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []
        self.fails = False
        self._in_the_air: list[tuple[Write, Receipt[None]]] = []

    def write(self, change: Write) -> Any:
        receipt: Receipt[None] = Receipt(asyncio.get_running_loop())
        self._in_the_air.append((change, receipt))
        for row in change.transitions:
            self.log.append(f"handed in {row.trigger}")
        return _Landing(self, receipt)

    async def land(self) -> None:
        await asyncio.sleep(0)
        for change, receipt in self._in_the_air:
            error = JournalError("the disk is full") if self.fails else self._refusal(change)
            receipt.settle(None, error)
            if error is None:
                self.log.append(f"durable {change.head.state} {change.head.phase.value}")
                self.log += [f"durable row {row.trigger}" for row in change.transitions]
        self._in_the_air.clear()

    async def load(self, journey: str, *, last: bool = False) -> Any:
        await self.land()
        return await super().load(journey, last=last)


class _Landing(Awaitable[None]):
    def __init__(self, journal: SlowJournal, receipt: Receipt[None]) -> None:
        self._journal, self._receipt = journal, receipt

    def __await__(self) -> Any:
        yield from self._journal.land().__await__()
        yield from self._receipt.__await__()


@pytest.fixture
async def slow(anyio_backend: str) -> Any:
    journal = SlowJournal()
    async with Workbench(lambda: journal) as bench:
        bench.api.on_sending = lambda method: journal.log.append(f"sent {method}")
        bench.onboarding._tell_user = lambda event: journal.log.append(f"told {event.transition.trigger}")
        yield bench, journal


@pytest.mark.parametrize(("flow", "method"), [(Nudge, "nudge"), (Change, "change")])
async def test_the_intent_is_durable_before_the_first_request(slow: Any, flow: type[Flow], method: str) -> None:
    bench, journal = slow
    journey = await bench.start(flow)
    await bench.advance(journey)
    log = journal.log
    assert log[: log.index(f"sent {method}")] == ["told started", "durable doing sending"]
    assert log.index("durable row did") < log.index("told did")


async def test_every_request_that_changes_follows_its_own_intent(slow: Any) -> None:
    bench, journal = slow
    bench.api.plays["change"] = [in_doubt()]
    bench.api.plays["look"] = [False]
    journey = await bench.start(Change)
    await bench.advance(journey)
    await bench.advance(journey, after=30)
    log = journal.log
    second = len(log) - 1 - log[::-1].index("sent change")
    assert "durable row not_landed" in log[log.index("sent look") : second]
    assert log.count("durable doing sending") == log.count("sent change") == 2


async def test_an_input_and_the_intent_that_follows_are_one_commit(slow: Any) -> None:
    bench, journal = slow
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    journal.log.clear()
    await bench.hand_in(journey, MessageKind.INPUT, "code_entered", code="1")
    log = journal.log
    assert log[: log.index("sent change")] == [
        "handed in code_entered", "durable changing sending", "durable row code_entered", "told code_entered",
    ]  # fmt: skip
    for trigger in ("code_entered", "changed"):
        assert log.index(f"durable row {trigger}") < log.index(f"told {trigger}")


async def test_a_read_does_not_wait_for_the_disk_but_its_result_does(slow: Any) -> None:
    bench, journal = slow
    journey = await bench.start(Look)
    await bench.advance(journey)
    log = journal.log
    assert log.index("sent look") < log.index("durable row did") < log.index("told did")


@pytest.mark.parametrize(("flow", "method"), [(Nudge, "nudge"), (Change, "change")])
async def test_where_the_intent_cannot_be_written_nothing_is_sent_and_nothing_told(
    slow: Any, flow: type[Flow], method: str
) -> None:
    bench, journal = slow
    journey = await bench.start(flow)
    journal.log.clear()
    journal.fails = True
    with pytest.raises(JournalError, match="the disk is full"):
        await bench.advance(journey)
    assert journal.log == []
    assert bench.api.calls == []
    journal.fails = False
    await bench.advance(journey)
    assert bench.api.calls == [method]


async def test_an_outcome_that_cannot_be_written_is_not_told_and_found_as_a_doubt(slow: Any) -> None:
    bench, journal = slow
    journey = await bench.start(Change)

    def fail(_: str) -> None:
        journal.fails = True

    bench.api.on_sending = fail
    with pytest.raises(JournalError):
        await bench.advance(journey)
    assert "told did" not in journal.log
    journal.fails, bench.api.on_sending = False, lambda _: None
    bench.api.plays["look"] = [True]
    await bench.advance(journey)
    assert (await bench.head(journey)).phase is Phase.DOUBT
    await bench.advance(journey, after=30)
    assert bench.api.calls == ["change", "look"]


async def test_of_two_who_advance_the_same_journey_one_sends(bench: Workbench) -> None:
    journey = await bench.start(Change)
    engine = bench.onboarding.engine
    ends = await asyncio.gather(*(engine.advance(journey) for _ in range(5)), return_exceptions=True)
    assert bench.api.calls == ["change"]
    assert all(isinstance(end, Finished | JournalConflict) for end in ends)
    assert any(isinstance(end, Finished) for end in ends)
    assert await bench.triggers(journey) == ["started", "did"]


async def test_a_listener_that_fails_stops_nothing(bench: Workbench) -> None:
    told: list[str] = []

    def broken(event: Event) -> None:
        told.append(event.transition.trigger)
        raise ValueError("canary")

    bench.onboarding._tell_user = broken
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    await bench.hand_in(journey, MessageKind.INPUT, "code_entered", code="1")
    assert (await bench.head(journey)).state == "changed"
    assert told == ["started", "nudged", "code_entered", "changed"]
    assert bench.api.calls == ["nudge", "change"]
