"""A workbench on each kind of journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from workbench import Workbench

from onboarding.journal import Journal, MemoryJournal, SqliteJournal


@pytest.fixture(params=["memory", "sqlite"])
async def bench(request: pytest.FixtureRequest, anyio_backend: str, tmp_path: Path) -> AsyncIterator[Workbench]:
    memory = MemoryJournal()

    def journal() -> Journal:
        return memory if request.param == "memory" else SqliteJournal(tmp_path / "private" / "journal.db")

    async with Workbench(journal) as bench:
        yield bench
