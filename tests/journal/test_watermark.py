"""A journal that was set back, or copied, is found out when it is opened; one that was only killed is not."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from onboarding.errors import JournalError
from onboarding.journal import Query, SqliteJournal, Status

from .samples import a_head, store

# What is asked of the disk here takes no time worth a thread.

pytestmark = pytest.mark.anyio


async def begun(place: Path, *names: str) -> None:
    """Open the journal, store journeys, close it."""
    journal = SqliteJournal(place)
    await journal.open()
    await store(journal, *map(a_head, names))
    await journal.close()


def restored(place: Path) -> dict[str, bool]:
    """By journey: whether it is marked."""
    with sqlite3.connect(place) as connection:
        found = {name: bool(mark) for name, mark in connection.execute("SELECT id, restored FROM journeys")}
    connection.close()
    return found


async def test_a_journal_that_is_opened_again_and_again_is_its_own(folder: Path) -> None:
    place = folder / "journal.db"
    for name in ("j1", "j2", "j3"):
        await begun(place, name)
    assert restored(place) == {"j1": False, "j2": False, "j3": False}


async def test_a_mark_that_is_behind_is_no_harm(folder: Path) -> None:
    place = folder / "journal.db"
    await begun(place, "j1")
    mark = place.with_name("journal.db.mark")
    before = mark.read_bytes()
    await begun(place, "j2")
    mark.write_bytes(before)
    await begun(place, "j3")
    assert not any(restored(place).values())


async def test_a_backup_put_back_in_place_is_found_out(folder: Path) -> None:
    place = folder / "journal.db"
    await begun(place, "j1")
    backup = place.read_bytes()
    await begun(place, "j2")
    place.write_bytes(backup)
    await begun(place, "j3")
    assert restored(place) == {"j1": True, "j3": False}, "what begins after it was put back is not old"
    await begun(place)
    assert restored(place) == {"j1": True, "j3": False}, "and it is found out once"


async def test_a_copy_with_its_mark_is_found_out(folder: Path) -> None:
    await begun(folder / "journal.db", "j1")
    copy = folder / "copy"
    copy.mkdir(mode=0o700)
    for ending in ("", ".mark"):
        shutil.copy2(folder / f"journal.db{ending}", copy / f"journal.db{ending}")
    await begun(copy / "journal.db")
    assert restored(copy / "journal.db") == {"j1": True}


@pytest.mark.parametrize("harm", ["missing", "cut", "garbled", "empty"])
async def test_without_a_good_mark_a_journal_is_taken_for_a_copy(folder: Path, harm: str) -> None:
    place = folder / "journal.db"
    await begun(place, "j1")
    mark = place.with_name("journal.db.mark")
    kept = mark.read_bytes()
    if harm == "missing":
        mark.unlink()
    else:
        mark.write_bytes({"cut": kept[:20], "garbled": bytes(len(kept)), "empty": b""}[harm])
    await begun(place)
    assert restored(place) == {"j1": True}


async def test_what_has_ended_is_not_marked(folder: Path) -> None:
    place = folder / "journal.db"
    journal = SqliteJournal(place)
    await journal.open()
    await store(journal, a_head("j1", status=Status.DONE))
    await journal.close()
    place.with_name("journal.db.mark").unlink()
    await begun(place, "j2")
    assert restored(place) == {"j1": False, "j2": False}


async def test_a_mark_that_others_can_write_is_refused(folder: Path) -> None:
    place = folder / "journal.db"
    await begun(place, "j1")
    place.with_name("journal.db.mark").chmod(0o666)
    with pytest.raises(JournalError, match="run chmod 600"):
        await begun(place)


async def test_what_is_restored_can_be_asked_for_until_it_has_ended(folder: Path) -> None:
    place = folder / "journal.db"
    await begun(place, "j1")
    place.with_name("journal.db.mark").unlink()
    await begun(place, "j2")
    journal = SqliteJournal(place)
    await journal.open()
    assert [head.id for head in (await journal.find(Query(restored=True))).heads] == ["j1"]
    await journal.close()
