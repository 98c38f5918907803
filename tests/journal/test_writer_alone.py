"""What one journey alone hands in is done on the event loop's thread, where nobody has to wait for it."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from onboarding.errors import JournalBusy, JournalError
from onboarding.journal import Change, SqliteJournal
from onboarding.journal.turn import kernel_lock
from onboarding.journal.writer import _HERE

from .samples import a_head, next_change, store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def journal(folder: Path) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(folder / "journal.db", busy_timeout=30)
    await journal.open()
    await store(journal, a_head("j1"), a_head("j2"))
    yield journal
    await journal.close()


class Commits(list[int]):
    """The thread of each write of a journal."""

    def __init__(self, journal: SqliteJournal) -> None:
        super().__init__()
        session: Any = journal._writer._session  # type: ignore[union-attr]
        write = session.write

        def noted(work: Any) -> Any:
            self.append(threading.get_ident())
            return write(work)

        session.write = noted

    @property
    def on_the_loop(self) -> list[bool]:
        return [ident == threading.get_ident() for ident in self]


async def successive(journal: SqliteJournal, changes: int) -> None:
    head = await journal.head("j1")
    for _ in range(changes):
        head = replace(head, revision=head.revision + 1)
        await journal.write(Change(head=head))


async def test_a_journey_that_is_alone_is_written_without_another_thread(journal: SqliteJournal) -> None:
    await successive(journal, 1)
    writer: Any = journal._writer
    commits = Commits(journal)
    for _ in range(3):
        writer._slow_until = 0.0  # whatever this machine's disk takes
        await successive(journal, 1)
    assert commits.on_the_loop == [True] * 3, "each at once, and by itself"
    assert (await journal.head("j1")).revision == 5


async def test_what_several_journeys_hand_in_is_one_commit(journal: SqliteJournal) -> None:
    commits = Commits(journal)
    writer: Any = journal._writer

    async def after(turns: int, id_: str) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await journal.write(Change(head=replace(a_head(id_), revision=2)))

    writer._slow_until = 0.0  # whatever this machine's disk takes
    await asyncio.gather(after(0, "j1"), after(1, "j2"))
    assert commits.on_the_loop == [True]


async def test_a_batch_is_no_larger_than_the_loop_may_wait_for(journal: SqliteJournal) -> None:
    many = [f"many{number}" for number in range(_HERE + 1)]
    await store(journal, *map(a_head, many))
    commits = Commits(journal)
    writer: Any = journal._writer
    writer._slow_until = 0.0
    receipts = []
    for id_ in many:  # each turn brings one more, so that the batch is never complete
        receipts.append(journal.write(Change(head=replace(a_head(id_), revision=2))))
        await asyncio.sleep(0)
    assert commits.on_the_loop == [True]
    for receipt in receipts:
        await receipt


async def test_a_disk_that_is_slow_is_found_out(journal: SqliteJournal) -> None:
    session: Any = journal._writer._session  # type: ignore[union-attr]
    writer: Any = journal._writer
    writer._slow_until = 0.0
    for _ in range(3):
        session.synced_in = 0.0001
        writer._judge_disk()
    session.synced_in = 1.0
    writer._judge_disk()
    assert writer._slow_until == 0.0, "one commit that took long says little"
    for _ in range(3):
        writer._judge_disk()
    assert writer._slow_until > 0.0


async def test_a_slow_disk_is_waited_for_by_the_thread(journal: SqliteJournal) -> None:
    await successive(journal, 1)
    writer: Any = journal._writer
    writer._slow_until = math.inf
    commits = Commits(journal)
    await successive(journal, 2)
    assert commits.on_the_loop == [False, False]


async def test_while_another_process_is_in_the_way_the_loop_goes_on(journal: SqliteJournal) -> None:
    await successive(journal, 1)
    writer: Any = journal._writer
    writer._slow_until = 0.0
    with kernel_lock(Path(journal.place + ".lock"), 0):
        head = replace(await journal.head("j1"), revision=3)
        written = asyncio.ensure_future(_awaited(journal.write(Change(head=head))))
        done, _ = await asyncio.wait({written}, timeout=0.05)
        assert not done, "it waits; and this line is reached, so the loop does not"
    await written
    assert (await journal.head("j1")).revision == 3


async def test_what_is_in_the_way_is_not_done_twice(journal: SqliteJournal) -> None:
    await successive(journal, 1)
    writer: Any = journal._writer
    writer._slow_until = 0.0
    seen: list[str] = []

    def look(_: Connection) -> None:
        seen.append("looked")
        if len(seen) == 1:
            raise JournalBusy("somebody is in the way of this alone")

    head = replace(await journal.head("j1"), revision=3)
    write, read = journal.write(Change(head=head)), writer.read(look, short=True)
    await asyncio.gather(_awaited(write), _awaited(read))
    assert seen == ["looked", "looked"]
    assert (await journal.head("j1")).revision == 3


async def test_what_is_broken_off_is_told_to_whom_it_concerns_and_nothing_of_it_stays(journal: SqliteJournal) -> None:
    loop, writer = asyncio.get_running_loop(), journal._writer
    assert writer is not None
    writer._slow_until = 0.0
    problems: list[Any] = []
    loop.set_exception_handler(lambda _, context: problems.append(context.get("exception")))

    class Interruption(BaseException):
        """Such as a signal's."""

    def interrupted(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO meta (name, value) VALUES ('half', x'00')")
        raise Interruption

    with pytest.raises(JournalError, match="broken off"):
        await writer.do(interrupted, short=True)
    assert await journal.meta("half") is None
    await journal.write(next_change(a_head("j1")))
    assert (await journal.head("j1")).revision == 2


async def _awaited(receipt: Any) -> Any:
    return await receipt
