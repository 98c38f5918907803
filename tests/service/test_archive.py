"""Archiving: what has ended is moved as it is, and is in one place or the other whatever happens."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from greeting import Greeting, GreetingApi

from onboarding import (
    BlockingOnboarding,
    Journey,
    KeyMismatch,
    NotPossible,
    Onboarding,
    Settings,
    Status,
    UnknownJourney,
)
from onboarding.archiving import Archiving
from onboarding.engine.book import Book
from onboarding.journal import (
    Head,
    MemoryJournal,
    TransitionRecord,
    Whole,
)
from onboarding.testing import VirtualClock

pytestmark = pytest.mark.anyio

DAY = 24 * 3600
HERE = Path(__file__).parent


def reading(settings: Settings, archive: Path) -> Settings:
    """Settings with which an archive is read: its keys are those of the journal."""
    keys = Path(settings.journal_url.removeprefix("sqlite:///") + ".keys")
    return settings.model_copy(update={"journal": f"sqlite:///{archive}", "key_file": keys})


async def ended(onboarding: Onboarding, name: str = "a", **more: str) -> Journey:
    journey = await onboarding.wait((await onboarding.start(Greeting, name=name, **more)).id)
    return await onboarding.cancel(journey.id, "enough")


def raw(folder: Path) -> bytes:
    """All bytes of the journal, read by another process: one that closes the file here would drop its locks."""
    files = [str(path) for path in folder.iterdir() if path.name in ("journal.db", "journal.db-wal")]
    return subprocess.run(["cat", *files], capture_output=True, check=True, timeout=30).stdout


async def test_what_has_ended_moves_as_it_is_and_is_read_there_like_in_any_journal(
    settings: Settings, api: GreetingApi, tmp_path: Path
) -> None:
    place = tmp_path / "private" / "archive.db"
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        gone = [await ended(onboarding, "ada", key="k"), await ended(onboarding, "grace")]
        live = await onboarding.wait((await onboarding.start(Greeting, name="live")).id)
        histories = [await onboarding.history(journey.id) for journey in gone]
        done = await onboarding.archive(timedelta(0), place)
        assert (done.journeys, done.left, done.where) == (2, 0, str(place))
        assert [each.id for each in await onboarding.list()] == [live.id]
        assert (await onboarding.audit()).findings == ()
        for journey in gone:
            with pytest.raises(UnknownJourney):
                await onboarding.get(journey.id)
        # The key was used: nothing starts anew, and how it ended is still known.
        again = await onboarding.start(Greeting, name="ada", key="k")
        assert (again.id, again.status, again.state) == (gone[0].id, Status.CANCELLED, gone[0].state)
        assert (await onboarding.archive(timedelta(0), place)).journeys == 0
    assert (place.stat().st_mode & 0o777) == 0o600
    async with Onboarding(reading(settings, place), flows=[Greeting], worker=False) as archive:
        assert [each.id for each in await archive.list()] == [gone[1].id, gone[0].id]
        assert [await archive.get(journey.id) for journey in gone] == gone
        assert [await archive.history(journey.id) for journey in gone] == histories
        audit = await archive.audit()
        assert (audit.findings, audit.journeys) == ((), 2)
        assert (await archive.forget(gone[0].id)).data is None
        assert (await archive.audit()).findings == ()


async def test_only_what_ended_long_enough_ago_is_archived(
    settings: Settings, api: GreetingApi, tmp_path: Path
) -> None:
    clock = VirtualClock()
    async with Onboarding(settings, flows=[Greeting], api=api, worker=False, clock=clock) as onboarding:
        ids = [(await onboarding.start(Greeting, name=str(number))).id for number in range(3)]
        await onboarding.drain()
        clock.advance(3600)
        await onboarding.drain()
        clock.advance(10 * DAY)
        young = (await onboarding.start(Greeting, name="young")).id
        await onboarding.drain()
        clock.advance(3600)
        await onboarding.drain()
        place = tmp_path / "private" / "archive.db"
        assert (await onboarding.archive(timedelta(days=11), place)).journeys == 0
        assert (await onboarding.archive(timedelta(days=9), place)).journeys == len(ids)
        assert [each.id for each in await onboarding.list()] == [young]
        clock.advance(1)
        assert (await onboarding.delete_ended(timedelta(0))).journeys == 1
        assert await onboarding.list() == ()


async def test_what_is_deleted_is_gone_from_the_files_and_its_key_stays_used(
    settings: Settings, api: GreetingApi, tmp_path: Path
) -> None:
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        journey = await ended(onboarding, "canary" * 500, key="k")
        stored = await onboarding.journal.load(journey.id)
        done = await onboarding.delete_ended(timedelta(0))
        assert (done.journeys, done.where) == (1, None)
        left = raw(tmp_path / "private")
        assert stored.data[40:60] not in left
        assert (await onboarding.start(Greeting, name="a", key="k")).id == journey.id


async def test_what_is_no_archive_of_this_journal_is_refused(
    settings: Settings, api: GreetingApi, tmp_path: Path
) -> None:
    private = tmp_path / "private"
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        await ended(onboarding)
        with pytest.raises(NotPossible, match="is the journal itself"):
            await onboarding.archive(timedelta(0), private / "journal.db")
        same = Archiving(onboarding.journal, onboarding._sealer)
        with pytest.raises(NotPossible, match="is the journal itself"):
            await same.archive(datetime.now(UTC), onboarding.journal)
        other = settings.model_copy(update={"journal": f"sqlite:///{private / 'other.db'}"})
        async with Onboarding(other, flows=[Greeting], api=api) as stranger:
            await ended(stranger)
        with pytest.raises(KeyMismatch):
            await onboarding.archive(timedelta(0), private / "other.db")
        shared = reading(settings, private / "third.db")
        async with Onboarding(shared, flows=[Greeting], api=api) as stranger:
            await ended(stranger)
        with pytest.raises(NotPossible, match="belongs to another journal"):
            await onboarding.archive(timedelta(0), private / "third.db")
        async with Onboarding(shared, flows=[Greeting], api=api) as stranger:
            await stranger.start(Greeting, name="live")
        with pytest.raises(NotPossible, match="have not ended"):
            await onboarding.archive(timedelta(0), private / "third.db")
        assert len(await onboarding.list()) == 1


class Target(MemoryJournal):
    """An archive during whose writing something happens, or that breaks."""

    def __init__(self, onboarding: Onboarding) -> None:
        super().__init__()
        self.onboarding = onboarding
        self.happens = "nothing"

    async def take_in(self, journeys: Sequence[Whole]) -> None:
        await super().take_in(journeys)
        first = journeys[0].head.id
        if self.happens == "it is written":
            with pytest.raises(NotPossible):
                await self.onboarding.retry(first)
        if self.happens == "it breaks":
            raise OSError("the disk is gone")


async def test_of_what_is_changed_while_it_is_archived_no_copy_stays_there(
    settings: Settings, api: GreetingApi
) -> None:
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        first, second = await ended(onboarding), await ended(onboarding)
        target = Target(onboarding)
        target.happens = "it is written"
        await target.open()
        done = await Archiving(onboarding.journal, onboarding._sealer).archive(datetime.now(UTC), target)
        assert (done.journeys, done.left) == (1, 1)
        assert [each.id for each in await onboarding.list()] == [first.id]
        assert [whole.head.id for whole in (await target.ended(datetime.now(UTC))).journeys] == [second.id]


async def test_what_may_lie_in_two_places_is_not_forgotten_in_one_before_archiving_has_come_to_its_end(
    settings: Settings, api: GreetingApi, tmp_path: Path
) -> None:
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        journey = await ended(onboarding)
        target = Target(onboarding)
        target.happens = "it breaks"
        await target.open()
        archiving = Archiving(onboarding.journal, onboarding._sealer)
        with pytest.raises(OSError, match="disk"):
            await archiving.archive(datetime.now(UTC), target)
        with pytest.raises(NotPossible, match="archived"):
            await onboarding.forget(journey.id)
        with pytest.raises(NotPossible, match="broken off"):
            await onboarding.archive(timedelta(0), tmp_path / "private" / "elsewhere.db")
        target.happens = "nothing"
        # It is too young now: the copy alone is taken back.
        assert (await archiving.archive(datetime.now(UTC) - timedelta(days=1), target)).journeys == 0
        assert (await target.ended(datetime.now(UTC))).journeys == ()
        assert (await onboarding.forget(journey.id)).outcome.forgotten  # type: ignore[union-attr]
        assert (await archiving.archive(datetime.now(UTC), target)).journeys == 1


def test_the_blocking_twin_archives_and_deletes(settings: Settings, api: GreetingApi, tmp_path: Path) -> None:
    with BlockingOnboarding(settings, flows=[Greeting], api=api) as onboarding:
        for _ in range(2):
            journey = onboarding.wait(onboarding.start(Greeting, name="a").id)
            onboarding.cancel(journey.id)
            assert onboarding.archive(timedelta(days=1), tmp_path / "private" / "archive.db").journeys == 0
        assert onboarding.archive(timedelta(0), str(tmp_path / "private" / "archive.db")).journeys == 2
        assert onboarding.delete_ended(timedelta(0)).journeys == 0


async def fill(settings: Settings, number: int) -> dict[str, Whole]:
    """Put so many signed and sealed journeys that have ended into the journal."""
    async with Onboarding(settings, worker=False) as onboarding:
        now, sealer, found = datetime.now(UTC), onboarding._sealer, []
        for index in range(number):
            book, journey = Book(), f"j{index:05d}"
            rows = [
                TransitionRecord(journey=journey, seq=seq, at=now, trigger=trigger, source="", dest="answered")
                for seq, trigger in ((1, "started"), (2, "answered"))
            ]
            rows = [book.sign(row, sealer.chain) for row in rows]
            head = Head(
                id=journey, flow="greeting", version=1, state="answered", status=Status.DONE, seq=2, revision=2,
                created=now, updated=now, entered=now,
            )  # fmt: skip
            found.append(Whole(head, sealer.seal_forgotten(journey, book), tuple(rows), journey.encode()))
        await onboarding.journal.take_in(found)
    return {whole.head.id: whole for whole in found}


async def held(settings: Settings) -> dict[str, Whole]:
    """Everything in a journal, whole."""
    async with Onboarding(settings, worker=False) as onboarding:
        return {
            whole.head.id: whole for whole in (await onboarding.journal.ended(datetime.now(UTC), limit=10_000)).journeys
        }


def commits(*journals: Path) -> int:
    """How many transactions were committed, by the marks beside the files."""
    marks = [path.with_name(path.name + ".mark") for path in journals]
    return sum(
        struct.unpack(">Q", mark.read_bytes()[8:16])[0] for mark in marks if mark.exists() and mark.stat().st_size
    )


def archive_and_kill(settings: Settings, archive: Path, until: int | None = None) -> int | None:
    """Archive in a process of its own, killed once there are so many commits; how many journeys it told of."""
    journal = Path(settings.journal_url.removeprefix("sqlite:///"))
    command = [sys.executable, str(HERE / "archive_child.py"), str(archive)]
    child = subprocess.Popen(
        command, env={**os.environ, "ONBOARDING_JOURNAL": settings.journal_url}, stdout=subprocess.PIPE
    )
    while until is not None and child.poll() is None and commits(journal, archive) < until:
        time.sleep(0.0005)
    if until is not None:
        child.send_signal(signal.SIGKILL)
    said, _ = child.communicate(timeout=60)
    return None if child.returncode == -signal.SIGKILL else int(said)


@pytest.mark.thorough
async def test_killed_at_any_point_every_journey_is_in_the_journal_or_in_the_archive(
    settings: Settings, tmp_path: Path
) -> None:
    journal, archive = (tmp_path / "private" / name for name in ("journal.db", "archive.db"))
    made = await fill(settings, 1100)
    killed = both = 0
    for further in (4, 3, 4, 5, 3):
        killed += archive_and_kill(settings, archive, commits(journal, archive) + further) is None
        here, there = await held(settings), await held(reading(settings, archive))
        assert {**here, **there} == made
        both += bool(here.keys() & there.keys())
    assert killed >= 4
    assert both, "it was never killed between the two: the test shows nothing"
    assert archive_and_kill(settings, archive)
    assert await held(settings) == {}
    assert await held(reading(settings, archive)) == made
    async with Onboarding(reading(settings, archive), worker=False) as onboarding:
        audit = await onboarding.audit()
        assert (audit.findings, audit.journeys) == ((), len(made))
    async with Onboarding(settings, worker=False) as onboarding:
        first = made["j00000"]
        assert (await onboarding.journal.create(first.head, b"", first.history[0], b"j01099")).id == "j01099"


async def test_a_worker_goes_on_while_what_has_ended_is_archived(
    settings: Settings, api: GreetingApi, tmp_path: Path
) -> None:
    await fill(settings, 1000)
    async with Onboarding(settings, flows=[Greeting], api=api) as onboarding:
        archiving = asyncio.create_task(onboarding.archive(timedelta(0), tmp_path / "private" / "archive.db"))
        live = []
        while not archiving.done():
            live.append(await onboarding.wait((await onboarding.start(Greeting, name="a")).id))
        assert (await archiving).journeys == 1000
        assert len(live) > 3
        assert {journey.status for journey in live} == {Status.WAITING}
        assert len(await onboarding.list()) == len(live)
