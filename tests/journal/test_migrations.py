"""Files of older versions: brought up to date as a whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import alembic.op
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import onboarding.journal.migrations
from onboarding.errors import JournalError
from onboarding.journal import SqliteJournal
from onboarding.journal.rows import head_row, transition_row
from onboarding.journal.schema import APPLICATION_ID

from .samples import a_head, a_record, next_change

pytestmark = pytest.mark.anyio


def insert(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    known = [name for name in row if name in columns(connection, table)]
    names, marks = ", ".join(f'"{name}"' for name in known), ", ".join("?" * len(known))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [row[name] for name in known])


@pytest.fixture
def first_version(folder: Path) -> Path:
    """A file as the first version made it, with a journey in it."""
    path = folder / "journal.db"
    path.touch(0o600)
    config = Config()
    config.set_main_option("script_location", str(Path(onboarding.journal.migrations.__file__).parent))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    engine.dispose()
    raw = sqlite3.connect(path)
    # As that version wrote them: columns that came later are not there.
    insert(raw, "journeys", head_row(a_head("j1")))
    insert(raw, "journey_data", {"journey": "j1", "data": b"sealed"})
    insert(raw, "transitions", transition_row(a_record("j1")))
    raw.commit()
    assert columns(raw)[-1] == "detail"
    raw.close()
    return path


@pytest.fixture
async def journal(first_version: Path) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(first_version)
    yield journal
    await journal.close()


def columns(connection: sqlite3.Connection, table: str = "transitions") -> list[str]:
    return [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]


async def test_a_file_of_the_first_version_keeps_all_it_holds(journal: SqliteJournal) -> None:
    await journal.open()
    stored = await journal.load("j1")
    assert (stored.head, stored.data) == (a_head("j1"), b"sealed")
    assert await journal.history("j1") == [a_record("j1")]
    await journal.write(next_change(a_head("j1"), data=b"new"))
    assert [record.mac for record in await journal.history("j1")] == [None, None]


async def test_a_migration_that_is_interrupted_changes_nothing_and_is_done_next_time(
    journal: SqliteJournal, first_version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_column = alembic.op.add_column

    def interrupted(*arguments: Any) -> None:
        add_column(*arguments)
        raise OSError("the power went")

    monkeypatch.setattr("alembic.op.add_column", interrupted)
    with pytest.raises(JournalError):
        await journal.open()
    monkeypatch.undo()
    raw = sqlite3.connect(first_version)
    assert columns(raw)[-1] == "detail"
    assert raw.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
    raw.close()
    await journal.open()
    assert await journal.history("j1") == [a_record("j1")]
