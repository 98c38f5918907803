"""A workbench on each kind of journal."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from workbench import Workbench

from onboarding.journal import Journal, MemoryJournal, SqliteJournal, open_journal

sys.path.insert(0, str(Path(__file__).parents[1]))

from journal.postgres.conftest import database, server, url  # noqa: F401 - fixtures

ON_POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)


@pytest.fixture(params=["memory", "sqlite", ON_POSTGRES])
async def bench(request: pytest.FixtureRequest, anyio_backend: str, tmp_path: Path) -> AsyncIterator[Workbench]:
    memory = MemoryJournal()
    place = request.getfixturevalue("url") if request.param == "postgres" else ""

    def journal() -> Journal:
        if place:
            return open_journal(place)
        return memory if request.param == "memory" else SqliteJournal(tmp_path / "private" / "journal.db")

    async with Workbench(journal) as bench:
        yield bench
