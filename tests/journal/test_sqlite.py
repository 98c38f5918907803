from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from onboarding.journal import Journal, open_journal

from .contract import JournalContract


class TestSqlite(JournalContract):
    @pytest.fixture
    async def journal(self, folder: Path) -> AsyncIterator[Journal]:
        journal = open_journal(f"sqlite:///{folder}/journal.db")
        await journal.open()
        yield journal
        await journal.close()
