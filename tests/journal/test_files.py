"""The journal's file: private from its first moment, and never overwritten when it is something else."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
from pathlib import Path

import pytest

from onboarding.errors import JournalDamaged, JournalError
from onboarding.journal import SqliteJournal, Verdict

from .samples import a_head, a_message, next_change, store

# What is asked of the disk here takes no time worth a thread.
# ruff: noqa: ASYNC240

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")]

CANARY = b"canary-5d1f7c"


async def a_journal(path: Path, *, data: bytes = b"sealed") -> None:
    journal = SqliteJournal(path)
    await journal.open()
    await store(journal, *(a_head(f"j{number}") for number in range(100)), data=data)
    await journal.close()


async def refusal(path: Path) -> JournalError:
    journal = SqliteJournal(path)
    with pytest.raises(JournalError) as refused:
        await journal.open()
    await journal.close()
    return refused.value


async def test_folder_and_files_are_for_the_owner_alone_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        journal = SqliteJournal(folder / "a" / "b" / "journal.db")
        await journal.open()
        await journal.own()
        await store(journal, a_head("j1"))
        made = {place.name: stat.S_IMODE(place.stat().st_mode) for place in (folder / "a" / "b").iterdir()}
        await journal.close()
    finally:
        os.umask(before)
    endings = ("", "-wal", "-shm", ".lock", ".owner", ".mark")
    assert made == {f"journal.db{ending}": 0o600 for ending in endings}
    assert stat.S_IMODE((folder / "a").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "a" / "b").stat().st_mode) == 0o700


async def test_a_file_that_others_may_read_is_refused(folder: Path) -> None:
    path = folder / "journal.db"
    await a_journal(path)
    path.chmod(0o640)
    assert "chmod 600" in str(await refusal(path))


async def test_a_symbolic_link_is_refused(folder: Path) -> None:
    await a_journal(folder / "journal.db")
    (folder / "link.db").symlink_to(folder / "journal.db")
    assert "symbolic link" in str(await refusal(folder / "link.db"))
    (folder / "dangling.db").symlink_to(folder / "nowhere.db")
    assert "symbolic link" in str(await refusal(folder / "dangling.db"))
    assert not (folder / "nowhere.db").exists()


async def test_a_folder_that_others_may_write_to_is_refused(folder: Path) -> None:
    for mode in (0o720, 0o702, 0o1777):
        folder.chmod(mode)
        assert "may write" in str(await refusal(folder / "journal.db"))
    folder.chmod(0o700)
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root gives files away")
async def test_a_file_of_somebody_else_is_refused(folder: Path) -> None:
    path = folder / "journal.db"
    await a_journal(path)
    os.chown(path, 65534, -1)
    assert "another user" in str(await refusal(path))


async def test_a_folder_or_a_pipe_is_refused(folder: Path) -> None:
    (folder / "folder.db").mkdir()
    os.mkfifo(folder / "pipe.db", 0o600)
    for name in ("folder.db", "pipe.db"):
        assert "not a regular file" in str(await refusal(folder / name))
    (folder / "file").touch(0o600)
    assert "cannot be created" in str(await refusal(folder / "file" / "below" / "journal.db"))


async def test_what_is_no_database_is_refused_and_left_as_it_is(folder: Path) -> None:
    path = folder / "journal.db"
    path.write_bytes(b"something else entirely\n" * 100)
    path.chmod(0o600)
    before = path.read_bytes()
    error = await refusal(path)
    assert isinstance(error, JournalDamaged)
    assert path.read_bytes() == before


async def test_a_database_of_another_program_is_refused_and_left_as_it_is(folder: Path) -> None:
    path = folder / "journal.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE journeys (id TEXT)")
    connection.close()
    path.chmod(0o600)
    before = path.read_bytes()
    error = await refusal(path)
    assert isinstance(error, JournalDamaged)
    assert "not a journal" in str(error)
    assert path.read_bytes() == before


async def test_a_journal_that_was_cut_is_refused_and_left_as_it_is(folder: Path) -> None:
    path = folder / "journal.db"
    await a_journal(path, data=bytes(1000))
    half = path.read_bytes()[: path.stat().st_size // 2]
    path.write_bytes(half)
    error = await refusal(path)
    assert isinstance(error, JournalDamaged)
    assert "backup" in str(error)
    assert path.read_bytes() == half


async def test_a_journal_of_a_newer_version_is_refused(folder: Path) -> None:
    path = folder / "journal.db"
    await a_journal(path)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    error = await refusal(path)
    assert isinstance(error, JournalDamaged)
    assert "newer" in str(error)


async def test_a_page_that_was_overwritten_is_reported_as_damage_when_it_is_read(folder: Path) -> None:
    path = folder / "journal.db"
    await a_journal(path, data=bytes(1000))
    raw = sqlite3.connect(path)
    # Not what opening looks at: the schema, the version, the count of commits.
    of_journeys = "SELECT rootpage FROM sqlite_master WHERE rootpage AND tbl_name IN ('journeys', 'journey_data')"
    roots = [root for (root,) in raw.execute(of_journeys)]
    raw.close()
    pages = bytearray(path.read_bytes())
    for root in roots:
        start = 4096 * (root - 1)
        pages[start : start + 64] = b"\xff" * 64
    path.write_bytes(pages)
    journal = SqliteJournal(path)
    await journal.open()
    with pytest.raises(JournalDamaged):
        await journal.sealed()
    await journal.close()


async def test_what_was_wiped_is_gone_from_the_files(folder: Path) -> None:
    journal = SqliteJournal(folder / "journal.db")
    await journal.open()
    # Long enough to lie on pages of its own, which are freed, and short ones, which leave gaps in a page.
    for number, size in enumerate((1, 10, 1000)):
        id_ = f"j{number}"
        await store(journal, a_head(id_), data=CANARY * size)
        await journal.post(a_message(f"m{number}", id_, payload=CANARY * size))
        await journal.post(a_message(f"r{number}", id_, payload=CANARY * size))

    def found() -> set[str]:
        return {place.name for place in folder.iterdir() if CANARY in place.read_bytes()}

    # A second reader of bytes in this process would drop SQLite's locks: look only while it is closed.
    await journal.close()
    assert found() == {"journal.db"}
    await journal.open()
    for number in range(3):
        verdicts = (Verdict(f"m{number}", "applied"),)
        await journal.write(next_change(a_head(f"j{number}"), data=b"wiped", verdicts=verdicts))
        assert await journal.recall(f"r{number}")
    await journal.close()
    assert found() == set()


@pytest.mark.parametrize("ending", ["-wal", "-shm", ".lock", ".owner"])
async def test_what_lies_beside_the_journal_is_refused_where_others_could_have_put_it_there(
    folder: Path, ending: str
) -> None:
    path, beside = folder / "journal.db", folder / f"journal.db{ending}"
    await a_journal(path)
    target = folder / "precious"
    target.write_bytes(b"untouched")
    target.chmod(0o600)
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    assert "symbolic link" in str(await refusal(path))
    assert target.read_bytes() == b"untouched"
    beside.unlink()
    beside.touch()
    beside.chmod(0o604)
    assert "chmod 600" in str(await refusal(path))
    beside.unlink()
    beside.mkdir()
    assert "not a regular file" in str(await refusal(path))
    beside.rmdir()
    if os.geteuid() == 0:
        beside.touch(0o600)
        os.chown(beside, 65534, -1)
        assert "another user" in str(await refusal(path))
        beside.unlink()
    journal = SqliteJournal(path)
    await journal.open()
    await journal.close()


async def test_an_owners_lock_that_was_exchanged_meanwhile_is_not_taken(folder: Path) -> None:
    path = folder / "journal.db"
    await a_journal(path)
    journal = SqliteJournal(path)
    await journal.open()
    (folder / "precious").write_bytes(b"untouched")
    (folder / "journal.db.owner").symlink_to(folder / "precious")
    with pytest.raises(JournalError, match="symbolic link"):
        await journal.own()
    assert (folder / "precious").read_bytes() == b"untouched"
    await journal.close()
