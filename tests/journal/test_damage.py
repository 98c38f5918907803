"""Damage: a journey that cannot be read is named and set aside, and no new journal is made where an old one was."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from onboarding.errors import JournalDamaged
from onboarding.journal import MemoryJournal, Phase, Query, SqliteJournal, Status, files

from .samples import NOW, a_head, a_message, a_record, later, next_change, store

pytestmark = pytest.mark.anyio


@pytest.fixture
async def journal(folder: Path) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(folder / "journal.db")
    await journal.open()
    await store(journal, a_head("one", due=NOW), a_head("two", due=NOW))
    yield journal
    await journal.close()


def damage(journal: SqliteJournal, statement: str) -> None:
    with closing(sqlite3.connect(journal.place)) as database:
        database.execute(statement)
        database.commit()


LATE = later(86_400)
HEADS = ["status = 'workinf'", "phase = 'x'", "due = 'soon'", "due = 9000000000000000000", "created = X'00'",
         "revision = 'new'", "seq = 'last'", "attempt = 1.5", "version = 'a'", "flow = X'00'",
         "status = CAST(X'FF' AS TEXT)"]  # fmt: skip


@pytest.mark.parametrize("column", HEADS)
async def test_a_damaged_head_is_named_and_hides_no_other(journal: SqliteJournal, column: str) -> None:
    damage(journal, f"UPDATE journeys SET {column} WHERE id = 'one'")
    for read in (journal.load, journal.head):
        with pytest.raises(JournalDamaged, match="the journey one is damaged") as raised:
            await read("one")
        assert raised.value.journey == "one"
    heads = (await journal.find(Query())).heads
    assert [(head.id, head.status) for head in heads] == [("two", Status.WORKING), ("one", Status.PARKED)]
    assert "two" in await journal.claim(later(1), 10)
    assert await journal.next_due(later(1)) is not None


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM journey_data WHERE journey = 'one'",
        "UPDATE transitions SET at = 'then' WHERE journey = 'one'",
        "UPDATE inbox SET kind = 'inpuf'",
        "UPDATE inbox SET at = 'then'",
    ],
)
async def test_whatever_else_of_a_journey_is_damaged_names_it_too(journal: SqliteJournal, statement: str) -> None:
    await journal.post(a_message("m", "one"))
    damage(journal, statement)
    read = journal.history if "transitions" in statement else journal.load
    with pytest.raises(JournalDamaged) as raised:
        await read("one")
    assert raised.value.journey == "one"
    assert set(await journal.claim(later(1), 10)) == {"one", "two"}


@pytest.mark.parametrize("column", ["flow", "state", "note"])
async def test_a_text_of_bytes_that_are_none_hides_no_other(journal: SqliteJournal, column: str) -> None:
    damage(journal, f"UPDATE journeys SET {column} = CAST(X'61FF62' AS TEXT) WHERE id = 'one'")
    assert getattr(await journal.head("one"), column) == "a\N{REPLACEMENT CHARACTER}b"
    assert [head.id for head in (await journal.find(Query())).heads] == ["two", "one"]
    assert sum((await journal.count()).values()) == 2
    assert "two" in await journal.claim(later(1), 10)


async def test_whoever_goes_from_id_to_id_is_not_led_round_by_a_damaged_one(journal: SqliteJournal) -> None:
    await journal.post(a_message("m", "two"))
    for table, column in (("journeys", "id"), ("journey_data", "journey"), ("inbox", "id")):
        damage(journal, f"UPDATE {table} SET {column} = CAST(X'FF' AS TEXT) WHERE {column} IN ('two', 'm')")
    damage(journal, "UPDATE journeys SET status = 'done' WHERE id NOT IN ('one')")
    damaged = "\N{REPLACEMENT CHARACTER}"
    assert (await journal.sealed("one", 1))[0][0] == (await journal.sealed_messages("", 1))[0][0] == damaged
    for page in (journal.sealed(damaged, 1), journal.sealed_messages(damaged, 1), journal.ended(LATE, damaged, 1)):
        with pytest.raises(JournalDamaged, match="restore it from a backup; its ids are out of order"):
            await page
    damage(journal, "UPDATE journeys SET id = CAST(X'80' AS TEXT) WHERE id = CAST(X'FF' AS TEXT)")
    first = await journal.find(Query(limit=1))
    with pytest.raises(JournalDamaged, match="out of order"):
        await journal.find(Query(limit=1, after=first.next))


async def test_one_that_is_set_aside_is_parked_readable_and_not_claimed_again(journal: SqliteJournal) -> None:
    await journal.post(a_message("m", "one"))
    damage(journal, "UPDATE inbox SET kind = 'inpuf'")
    damage(
        journal, "UPDATE journeys SET status = 'x', phase = 'x', created = 'x', seq = 'x', due = -1 WHERE id = 'one'"
    )
    record = replace(a_record("one", 0), at=later(9))
    head, row = await journal.set_aside(record, "why", "refused")
    assert head == await journal.head("one")
    assert (head.status, head.note, head.due, head.updated) == (Status.PARKED, "why", None, later(9))
    assert head.phase is Phase.SENDING, "a request may have left"
    assert [row.seq for row in await journal.history("one")] == [1, 2]
    assert (row.seq, row.dest) == (2, "requesting_code")
    assert await journal.claim(later(60), 10) == ["two"]
    assert await journal.verdict("m") == "refused"
    assert (await journal.load("one")).data == b"sealed"


async def test_one_that_has_ended_stays_so_when_it_is_set_aside(folder: Path) -> None:
    for journal in (SqliteJournal(folder / "journal.db"), MemoryJournal()):
        await journal.open()
        ended = replace(a_head("one", status=Status.DONE), note="well")
        await store(journal, ended)
        head, _ = await journal.set_aside(a_record("one", 0), "why", "refused")
        assert (head.status, head.note) == (Status.DONE, "well")
        await journal.close()


@pytest.mark.parametrize("left", [b"", None, b"\0"])
async def test_no_new_journal_is_made_where_an_old_one_was(folder: Path, left: bytes | None) -> None:
    path = folder / "journal.db"
    journal = SqliteJournal(path)
    await journal.open()
    await store(journal, a_head("one"))
    await journal.write(next_change(a_head("one")))
    await journal.close()
    if left is None:
        path.unlink()
    else:
        path.write_bytes(left)
    with pytest.raises(JournalDamaged, match="2 commits were in it: restore it from a backup"):
        await SqliteJournal(path).open()
    assert (path.read_bytes() if path.exists() else None) == left, "it was left as it was"
    (folder / "journal.db.mark").unlink()
    anew = SqliteJournal(path)
    await anew.open()
    assert await anew.count() == {}
    await anew.close()


async def test_what_was_handed_in_before_a_journal_was_restored_is_not_taken_for_news(folder: Path) -> None:
    path = folder / "journal.db"
    journal = SqliteJournal(path)
    await journal.open()
    await store(journal, a_head("one"))
    await journal.post(a_message("m", "one"))
    await journal.close()
    backup = path.read_bytes()
    await journal.open()
    await journal.write(next_change(a_head("one")))
    await journal.close()
    path.write_bytes(backup)
    await journal.open()
    assert (await journal.verdict("m") or "").startswith("refused: ")
    assert (await journal.load("one")).messages == ()
    await journal.close()


async def test_the_folders_of_a_new_journal_survive_a_power_cut(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync_folder", synced.append)
    files.make_folder(folder / "a" / "b")
    assert synced == [folder, folder / "a"]
