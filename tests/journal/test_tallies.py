"""The tallies of an SQLite journal: what it says of its journeys is what a count of them gives, whoever wrote."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.dialects import sqlite

from onboarding.errors import JournalConflict
from onboarding.journal import Change, Query, SqliteJournal, Status
from onboarding.journal.connection import migrate
from onboarding.journal.finding import find
from onboarding.journal.rows import head_row
from onboarding.journal.schema import VERSIONS

from .samples import NOW, a_head, a_record, next_change, store
from .test_migrations import insert

pytestmark = pytest.mark.anyio


@pytest.fixture
async def journal(folder: Path) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(folder / "journal.db")
    await journal.open()
    yield journal
    await journal.close()


async def check(journal: SqliteJournal) -> dict[tuple[str, str, str], int]:
    """The tallies, if they are right."""
    told = await journal.count()
    raw = sqlite3.connect(journal.place)
    counted = Counter(raw.execute("SELECT flow, status, state FROM journeys").fetchall())
    raw.close()
    assert told == counted
    return told


async def test_they_follow_whatever_is_written(journal: SqliteJournal) -> None:
    assert await check(journal) == {}
    await store(journal, *(a_head(f"j{number}", flow=f"f{number % 2}") for number in range(6)))
    assert sum((await check(journal)).values()) == 6
    head = await journal.head("j0")
    moved = next_change(head)
    moved = replace(moved, head=replace(moved.head, state="elsewhere", status=Status.PARKED))
    await journal.write(moved)
    assert (await check(journal))["f0", "parked", "elsewhere"] == 1
    with pytest.raises(JournalConflict):
        await journal.write(moved)
    await check(journal)
    # Two of one batch, of which the second alone is seen by the table.
    first = journal.write(Change(head=replace(moved.head, state="between", revision=3)))
    second = journal.write(Change(head=replace(moved.head, state="after", status=Status.DONE, revision=4)))
    await first
    await second
    assert ("f0", "parked", "between") not in await check(journal)
    await journal.erase(replace(moved.head, state="after", revision=5, status=Status.DONE), b"", [a_record("j0")], "")
    await check(journal)
    await journal.set_aside(a_record("j1", 9), "{}", "refused")
    assert (await check(journal))["f1", "parked", "requesting_code"] == 1


async def test_they_follow_what_others_do_to_the_file(journal: SqliteJournal) -> None:
    await store(journal, a_head("j1"), a_head("j2"))
    raw = sqlite3.connect(journal.place, isolation_level=None)
    raw.execute("UPDATE journeys SET state = 'edited' WHERE id = 'j1'")
    assert ("password-reset", "working", "edited") in await check(journal)
    raw.execute("DELETE FROM journeys WHERE id = 'j2'")
    raw.execute("BEGIN")
    raw.execute("UPDATE journeys SET state = 'undone'")
    raw.execute("ROLLBACK")
    raw.close()
    assert await check(journal) == {("password-reset", "working", "edited"): 1}


@pytest.mark.parametrize("version", VERSIONS[:-1])
async def test_a_file_of_any_older_version_is_counted_when_it_is_brought_up_to_date(folder: Path, version: str) -> None:
    path = folder / "journal.db"
    path.touch(0o600)
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migrate(connection, version)
    engine.dispose()
    raw = sqlite3.connect(path)
    for number in range(5):
        insert(raw, "journeys", head_row(a_head(f"j{number}", flow=f"f{number % 2}")))
        insert(raw, "journey_data", {"journey": f"j{number}", "data": b"sealed"})
    raw.commit()
    raw.close()
    journal = SqliteJournal(path)
    await journal.open()
    try:
        working = ("working", "requesting_code")
        assert await check(journal) == {("f0", *working): 3, ("f1", *working): 2}
        await store(journal, a_head("j9", flow="f0"))
        assert (await check(journal))["f0", *working] == 4
    finally:
        await journal.close()


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (Query(flow="f", failures=1), "journeys_failing"),
        (Query(status=(Status.POLLING,), state="s", failures=8), "journeys_failing"),
        (Query(flow="f", restored=True), "journeys_restored"),
        (Query(flow="f"), "journeys_count (flow=? AND status=? AND state=?)"),
        (Query(state="s", status=(Status.PARKED,)), "journeys_count (flow=? AND status=? AND state=?)"),
        (Query(created_before=NOW), "part USING PRIMARY KEY (id<?)"),
        (Query(created_before=NOW), "part USING INDEX journeys_astray"),
        (Query(created_after=NOW), "part USING PRIMARY KEY (id>?)"),
        (Query(flow="f", created_after=NOW), "journeys_count (flow=? AND status=? AND state=? AND id>?)"),
        (Query(flow="f", updated_before=NOW), "journeys_count (flow=? AND status=? AND state=? AND id<?)"),
        (Query(flow="f", updated_before=NOW), "part USING INDEX journeys_astray"),
    ],
)
async def test_no_list_reads_more_than_it_shows(journal: SqliteJournal, query: Query, index: str) -> None:
    text = find(query, "sqlite").compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    raw = sqlite3.connect(journal.place)
    plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {text}")]
    raw.close()
    assert any(index in step for step in plan), plan
    assert not any(step in ("SCAN journeys", "SCAN part", "SCAN each") for step in plan), plan
