from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from onboarding.journal import Journal, open_journal

from .contract import JournalContract


class TestMemory(JournalContract):
    @pytest.fixture
    async def journal(self) -> AsyncIterator[Journal]:
        journal = open_journal("memory://")
        await journal.open()
        yield journal
        await journal.close()
