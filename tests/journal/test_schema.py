"""The migrations make the tables that ``schema`` describes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

import onboarding.journal.migrations
from onboarding.journal import SqliteJournal
from onboarding.journal.schema import VERSIONS, metadata

pytestmark = pytest.mark.anyio


@pytest.fixture
async def migrated(folder: Path) -> Path:
    journal = SqliteJournal(folder / "journal.db")
    await journal.open()
    await journal.close()
    return folder / "journal.db"


def definitions(path: Path) -> dict[str, str]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: " ".join(sql.split()) for name, sql in rows if name != "alembic_version"}


async def test_alembic_finds_no_difference(migrated: Path) -> None:
    engine = create_engine(f"sqlite:///{migrated}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


async def test_the_tables_are_the_same_to_the_letter(migrated: Path, folder: Path) -> None:
    engine = create_engine(f"sqlite:///{folder / 'described.db'}")
    metadata.create_all(engine)
    engine.dispose()
    made = definitions(migrated)
    assert len(made) >= 10
    assert made == definitions(folder / "described.db")


async def test_every_version_is_known_and_in_order() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(onboarding.journal.migrations.__file__).parent))
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == VERSIONS
