from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from journal.contract import JournalContract
from onboarding.journal import Journal
from onboarding.journal.postgres.journal import PostgresJournal

from .conftest import opened
from .server import Pooler


class TestPostgres(JournalContract):
    @pytest.fixture
    async def journal(self, url: str) -> AsyncIterator[Journal]:
        journal = await opened(url)
        yield journal
        await journal.close()


class TestPostgresAsAWorker(JournalContract):
    """The same by one of the workers, which takes what it claims."""

    @pytest.fixture
    def journal(self, one: PostgresJournal) -> Journal:
        return one


class TestPostgresBehindAPooler(TestPostgresAsAWorker):
    """The same where each transaction may be another process of the server's."""

    @pytest.fixture
    def url(self, pooler: Pooler, database: str) -> str:
        return pooler.url(database)
