"""The thread of the SQLite journal: one commit for many, and nobody hangs when it cannot."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from onboarding.errors import JournalBusy, JournalError
from onboarding.journal import Change, Head, SqliteJournal
from onboarding.journal.turn import kernel_lock

from .samples import a_head, a_message, a_record, next_change, store

pytestmark = pytest.mark.anyio

IDS = [f"j{number:02}" for number in range(50)]


@pytest.fixture
async def journal(folder: Path) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(folder / "journal.db", busy_timeout=0.2)
    await journal.open()
    yield journal
    await journal.close()


def thread_of(journal: SqliteJournal) -> Any:
    return journal._writer


async def test_many_writes_at_once_share_a_commit(journal: SqliteJournal) -> None:
    await store(journal, *map(a_head, IDS))
    commits: list[object] = []
    session = thread_of(journal)._session
    write = session.write
    session.write = lambda work: (commits.append(work), write(work))[1]
    await asyncio.gather(*(journal.write(next_change(a_head(id_))) for id_ in IDS))
    assert 1 <= len(commits) <= 10
    assert {head.revision for head in [await journal.head(id_) for id_ in IDS]} == {2}


async def test_a_full_disk_fails_every_write_of_the_batch_and_keeps_nothing(journal: SqliteJournal) -> None:
    await store(journal, *map(a_head, IDS[:5]))

    def allow(pages: str) -> Any:
        return journal._do(lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}").scalar())

    await allow("1")  # SQLite takes the present size instead
    changes = [next_change(a_head(id_), data=bytes(20_000)) for id_ in IDS[:5]]
    outcomes = await asyncio.gather(*map(journal.write, changes), return_exceptions=True)
    assert {str(outcome) for outcome in outcomes} == {
        f"the journal {journal.place} was not written: the disk is full; free some space"
    }
    assert [(await journal.load(id_)).data for id_ in IDS[:5]] == [b"sealed"] * 5
    await allow("1000000")
    await asyncio.gather(*map(journal.write, changes))
    assert [(await journal.load(id_)).data for id_ in IDS[:5]] == [bytes(20_000)] * 5


def size_of(path: str) -> int:
    return Path(path).stat().st_size


@contextmanager
def no_file_grows_beyond(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process")
async def test_a_commit_that_the_disk_refuses_fails_and_the_next_one_works(journal: SqliteJournal) -> None:
    await store(journal, *map(a_head, IDS[:3]))
    changes = [next_change(a_head(id_), data=b"new") for id_ in IDS[:3]]
    # The statements only touch memory; the log beside the file grows when it is committed.
    with no_file_grows_beyond(size_of(f"{journal.place}-wal")):
        outcomes = await asyncio.gather(*map(journal.write, changes), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {JournalError}
        assert [(await journal.load(id_)).data for id_ in IDS[:3]] == [b"sealed"] * 3
    await asyncio.gather(*map(journal.write, changes))
    assert [(await journal.load(id_)).data for id_ in IDS[:3]] == [b"new"] * 3


async def test_a_commit_that_leaves_its_transaction_open_is_undone(journal: SqliteJournal) -> None:
    def orphan(connection: Connection) -> None:
        # Checked at the commit, which fails and, for once, does not end the transaction.
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.exec_driver_sql("INSERT INTO journey_data (journey, data) VALUES ('nobody', x'00')")

    with pytest.raises(JournalError):
        await journal._do(orphan)
    await store(journal, a_head("j1"))
    assert [id_ for id_, _, _ in await journal.sealed()] == ["j1"]
    await store(journal, a_head("nobody"))


async def test_nobody_writes_between_what_a_write_reads_and_what_it_writes(journal: SqliteJournal) -> None:
    def intrude(_: Connection) -> str:
        # A program that knows nothing of the lock beside the file.
        other = sqlite3.connect(journal.place, timeout=0)
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            return str(error)
        finally:
            other.close()
        return "it could"

    assert await journal._do(intrude) == "database is locked"


async def test_nobody_hangs_when_the_thread_dies(journal: SqliteJournal) -> None:
    await store(journal, a_head("j1"))

    def die(_: Connection) -> None:
        raise SystemExit

    outcomes = await asyncio.wait_for(
        asyncio.gather(
            journal._ask(die),
            journal.write(next_change(a_head("j1"))),
            journal.head("j1"),
            return_exceptions=True,
        ),
        10,
    )
    # The write may have been in the batch of the read that died: confirmed or failed, but never silent.
    assert isinstance(outcomes[0], JournalError)
    assert outcomes[1] is None or isinstance(outcomes[1], JournalError)
    assert isinstance(outcomes[2], JournalError | Head)
    thread_of(journal)._thread.join(10)
    later = journal.write(next_change(a_head("j1")))
    with pytest.raises(JournalError, match="ended unexpectedly"):
        await asyncio.wait_for(asyncio.ensure_future(later), 10)
    await journal.open()
    assert (await journal.head("j1")).revision == (2 if outcomes[1] is None else 1)


async def test_a_thread_that_dies_in_a_write_keeps_nothing_of_its_batch(journal: SqliteJournal) -> None:
    def die(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO meta (name, value) VALUES ('half', x'00')")
        raise SystemExit

    with pytest.raises(JournalError):
        await journal._do(die)
    await journal.open()
    assert await journal.meta("half") is None


async def test_who_holds_the_lock_too_long_makes_a_write_fail_as_busy(journal: SqliteJournal) -> None:
    await store(journal, a_head("j1"))
    other = kernel_lock(Path(journal.place + ".lock"), 0)
    with other:
        with pytest.raises(JournalBusy, match="another process"):
            await journal.write(next_change(a_head("j1")))
        # Readers take no lock.
        assert (await journal.head("j1")).revision == 1
    await journal.write(next_change(a_head("j1")))


async def test_what_does_not_fit_a_column_is_refused_without_being_quoted(journal: SqliteJournal) -> None:
    secret: Any = ["hunter2"]
    for attempt in (
        journal.create(a_head("j1"), secret, a_record("j1")),
        journal.post(a_message("m1", "j2", payload=secret)),
        journal.set_meta("pepper", secret),
    ):
        await store(journal, a_head("j2")) if not await journal.count() else None
        with pytest.raises(JournalError) as refused:
            await attempt
        error: BaseException | None = refused.value
        while error is not None:
            assert "hunter2" not in repr(error)
            assert "INSERT" not in repr(error)
            error = error.__cause__ or error.__context__
    assert await journal.count() == {("password-reset", "working", "requesting_code"): 1}


async def test_a_write_waits_for_no_event_loop(journal: SqliteJournal) -> None:
    """What was handed in is written though the loop never turns until it is closed."""
    await store(journal, a_head("j1"))
    change: Change = next_change(a_head("j1"))
    journal.write(change)
    await journal.close()
    await journal.open()
    assert await journal.head("j1") == change.head
