"""A restored backup or a copy of a journal sends nothing by itself before it is known what has happened since."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from errands import AskAfterChange, Change, CodeEntry, LeadOnAfterChange, Look, Nudge
from scripted_api import not_sent, refused
from workbench import Workbench

from onboarding import Meaning, ParkKind
from onboarding.engine import Finished, Parked, WaitingFor, WakeAt
from onboarding.journal import MessageKind, SqliteJournal

pytestmark = pytest.mark.anyio

LANDING = timedelta(seconds=30)


@pytest.fixture
async def bench(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Workbench]:
    del anyio_backend
    async with Workbench(lambda: SqliteJournal(tmp_path / "private" / "journal.db")) as bench:
        yield bench


def put_back(place: Path) -> None:
    """Restore the backup in place: the same file, with fewer commits."""
    place.write_bytes(place.with_suffix(".backup").read_bytes())


async def restored(bench: Workbench, flow: Any, **fields: Any) -> str:
    """A journey that had just begun when the backup was taken, and ended before that was restored."""
    bench.api.plays["change"] = bench.api.plays["nudge"] = [not_sent()]
    journey = await bench.start(flow, **fields)
    await bench.advance(journey)
    await bench.onboarding.__aexit__(None, None, None)
    place = Path(bench.journal.place)
    shutil.copy(place, place.with_suffix(".backup"))
    await bench._open()
    await bench.advance(journey, after=60)
    await bench.onboarding.__aexit__(None, None, None)
    put_back(place)
    bench.api.calls.clear()
    await bench._open()
    return journey


async def test_what_had_landed_since_is_not_sent_again(bench: Workbench) -> None:
    journey = await restored(bench, Change)
    bench.api.plays["look"] = [True]
    assert await bench.advance(journey) == WakeAt(bench.clock.now() + LANDING)
    assert isinstance(await bench.advance(journey, after=30), Finished)
    assert bench.api.calls == ["look"]


async def test_what_had_not_landed_since_is_sent_once_its_check_has_said_so(bench: Workbench) -> None:
    journey = await restored(bench, Change)
    bench.api.plays["look"] = [False]
    await bench.advance(journey)
    assert isinstance(await bench.advance(journey, after=30), Finished)
    assert bench.api.calls == ["look", "change"]


async def test_already_there_is_evidence_after_a_restore(bench: Workbench) -> None:
    journey = await restored(bench, Change)
    bench.api.plays["look"], bench.api.plays["change"] = [False], [refused(Meaning.MOBILE_TAKEN)]
    await bench.advance(journey)
    assert isinstance(await bench.advance(journey, after=30), Finished)
    assert (await bench.head(journey)).state == "finished"


@pytest.mark.parametrize(("flow", "kind"), [(Nudge, ParkKind.RESTORED), (AskAfterChange, ParkKind.IN_DOUBT)])
async def test_what_no_check_can_tell_is_left_to_a_person(bench: Workbench, flow: Any, kind: ParkKind) -> None:
    journey = await restored(bench, flow)
    rest = await bench.advance(journey)
    assert isinstance(rest, Parked)
    assert rest.kind is kind
    assert "restored" in rest.reason
    assert bench.api.calls == []
    if kind is ParkKind.RESTORED:
        verdict = await bench.hand_in(journey, MessageKind.RETRY)
    else:
        verdict = await bench.hand_in(journey, MessageKind.RESOLVE, landed=False, reason="looked it up")
    assert verdict == "applied"
    assert (await bench.head(journey)).state == "finished"
    assert len(bench.api.calls) == 1


async def test_where_doubt_leads_on_it_leads_on(bench: Workbench) -> None:
    journey = await restored(bench, LeadOnAfterChange)
    assert isinstance(await bench.advance(journey), Finished)
    assert (await bench.head(journey)).state == "lost"
    assert bench.api.calls == []


async def test_reading_goes_on(bench: Workbench) -> None:
    bench.api.plays["look"] = [not_sent()]
    journey = await restored(bench, Look)
    assert isinstance(await bench.advance(journey), Finished)


async def waiting(bench: Workbench) -> str:
    """A journey that waited for its code when the backup was taken."""
    journey = await bench.start(CodeEntry, password="p")
    await bench.advance(journey)
    await bench.onboarding.__aexit__(None, None, None)
    place = Path(bench.journal.place)
    shutil.copy(place, place.with_suffix(".backup"))
    await bench._open()
    await bench.hand_in(journey, MessageKind.INPUT, "code_entered", code="1234")
    await bench.onboarding.__aexit__(None, None, None)
    put_back(place)
    await bench._open()
    return journey


async def test_a_deadline_that_passed_since_is_no_false_end(bench: Workbench) -> None:
    journey = await waiting(bench)
    assert isinstance(await bench.advance(journey), WaitingFor)
    rest = await bench.advance(journey, after=3600)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.RESTORED
    assert await bench.hand_in(journey, MessageKind.RETRY) == "applied"
    assert (await bench.head(journey)).state == "expired"


async def test_what_a_person_enters_leads_to_a_check_first(bench: Workbench) -> None:
    journey = await waiting(bench)
    await bench.hand_in(journey, MessageKind.INPUT, "code_entered", code="1234")
    head = await bench.head(journey)
    assert (head.state, head.status) == ("changing", "parked"), "the step that asks a person is in doubt"
    assert bench.api.calls.count("change") == 1, "the one before the restore"


async def test_what_was_known_before_one_restore_is_not_known_after_the_next(bench: Workbench) -> None:
    journey = await restored(bench, Nudge)
    bench.api.plays["nudge"] = [not_sent()]
    assert await bench.hand_in(journey, MessageKind.RETRY) == "applied", "a person has found out"
    await bench.onboarding.__aexit__(None, None, None)
    Path(bench.journal.place).with_name("journal.db.mark").unlink()
    bench.api.calls.clear()
    await bench._open()
    rest = await bench.advance(journey, after=60)
    assert isinstance(rest, Parked)
    assert rest.kind is ParkKind.RESTORED
    assert bench.api.calls == []
