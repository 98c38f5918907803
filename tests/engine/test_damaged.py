"""A journey that is damaged in the journal is parked by name; a restored one does not end badly on its own traces."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import ClassVar

import pytest
from errands import CodeEntry
from scripted_api import ScriptedApi
from workbench import Workbench

from onboarding import Done, Failed, Flow, ParkKind, Trigger, Working, read
from onboarding.engine import Finished, Parked, WaitingFor
from onboarding.journal import MessageKind, SqliteJournal, Status

pytestmark = pytest.mark.anyio


class Check(Flow, name="check", version=1):
    """Ends badly on what a read finds."""

    states: ClassVar = [Working("checking"), Done("free"), Failed("taken")]
    transitions: ClassVar = [["is_free", "checking", "free"], ["is_taken", "checking", "taken"]]

    @read(then="is_free", otherwise=["is_taken"])
    async def checking(self, api: ScriptedApi) -> Trigger:
        return "is_taken" if await api.look() else "is_free"


@pytest.fixture
async def bench(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Workbench]:
    del anyio_backend
    async with Workbench(lambda: SqliteJournal(tmp_path / "private" / "journal.db")) as bench:
        yield bench


def damage(bench: Workbench, statement: str, journey: str) -> None:
    with closing(sqlite3.connect(bench.journal.place)) as database:
        database.execute(statement, [journey])
        database.commit()


async def test_a_damaged_journey_is_parked_by_name_and_what_is_asked_of_it_is_refused(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    other = await bench.start(CodeEntry, password="p")
    damage(bench, "UPDATE journeys SET phase = 'sendinf' WHERE id = ?", journey)
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.UNREADABLE
    assert journey in rest.reason
    assert bench.told[-1].transition.trigger == "parked"
    assert isinstance(await bench.advance(other), WaitingFor)
    damage(bench, "DELETE FROM journey_data WHERE journey = ?", journey)
    verdict = await bench.hand_in(journey, MessageKind.RETRY)
    assert verdict.startswith("refused: ")
    assert "its sealed data are gone" in verdict
    assert await bench.journal.claim(bench.clock.now(), 10) == []


async def test_a_damaged_history_parks_the_journey_that_has_to_read_it(bench: Workbench) -> None:
    journey = await bench.start(CodeEntry, password="p")
    await bench.restart(flows=[])
    await bench.advance(journey)
    damage(bench, "UPDATE transitions SET at = 'then' WHERE journey = ? AND seq = 2", journey)
    await bench.restart(flows=[CodeEntry])
    assert (await bench.hand_in(journey, MessageKind.RETRY)).startswith("refused: ")
    assert (await bench.head(journey)).status is Status.PARKED


@pytest.mark.parametrize("note", ["'{'", "'{}'", "NULL"])
async def test_where_the_reason_is_damaged_a_parked_journey_is_in_doubt(bench: Workbench, note: str) -> None:
    journey = await bench.start(CodeEntry, password="p")
    damage(bench, f"UPDATE journeys SET status = 'parked', due = NULL, note = {note} WHERE id = ?", journey)
    (shown,) = await bench.onboarding.list()
    assert shown.parked is not None
    assert shown.parked.kind is ParkKind.IN_DOUBT
    assert (await bench.hand_in(journey, MessageKind.RETRY)).startswith("refused: ")
    assert await bench.hand_in(journey, MessageKind.CANCEL) == "applied"


async def test_a_restored_journey_does_not_end_badly_on_what_it_may_have_done_itself(bench: Workbench) -> None:
    journey = await bench.start(Check)
    damage(bench, "UPDATE journeys SET restored = 7 WHERE id = ?", journey)
    bench.api.plays["look"] = [True, True]
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.RESTORED
    assert await bench.hand_in(journey, MessageKind.RETRY) == "applied"
    assert isinstance(await bench.advance(journey), Finished)
    assert (await bench.head(journey)).state == "taken"
