from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from journal.contract import JournalContract
from onboarding.journal import Journal, open_journal

from .server import Pooler


class TestPostgres(JournalContract):
    @pytest.fixture
    async def journal(self, url: str) -> AsyncIterator[Journal]:
        journal = open_journal(url)
        await journal.open()
        yield journal
        await journal.close()


class TestPostgresAsAWorker(JournalContract):
    """The same by one of the workers, which takes what it claims."""

    @pytest.fixture
    async def journal(self, url: str) -> AsyncIterator[Journal]:
        journal = open_journal(url)
        await journal.open()
        assert await journal.own()
        yield journal
        await journal.close()


class TestPostgresBehindAPooler(JournalContract):
    """The same where each transaction may be another process of the server's."""

    @pytest.fixture
    async def journal(self, pooler: Pooler, database: str) -> AsyncIterator[Journal]:
        journal = open_journal(pooler.url(database))
        await journal.open()
        assert await journal.own()
        yield journal
        await journal.close()
