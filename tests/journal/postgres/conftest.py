"""One server for all tests here, and a new database for each."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest

from onboarding.journal import open_journal
from onboarding.journal.postgres.journal import PostgresJournal
from onboarding.testing.plugin import sandbox  # noqa: F401 - also where it is not installed

from .server import MissingProgram, Pooler, Server

_NUMBERS = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "postgres":
            item.add_marker(pytest.mark.postgres)


def started() -> Server:
    try:
        server = Server()
    except MissingProgram as missing:
        pytest.fail(str(missing), pytrace=False)
    try:
        server.start()
    except BaseException:
        server.remove()
        raise
    return server


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server that no test disturbs."""
    server = started()
    yield server
    server.remove()


@pytest.fixture
def shaken() -> Iterator[Server]:
    """A server of the test's own, to be stopped and started."""
    server = started()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def pooler(server: Server) -> Iterator[Pooler]:
    try:
        pooler = Pooler(server)
    except MissingProgram as missing:
        pytest.fail(str(missing), pytrace=False)
    yield pooler
    pooler.remove()


@pytest.fixture
def database(server: Server) -> str:
    """The name of a new database."""
    name = f"journal{next(_NUMBERS)}"
    server.database(name)
    return name


@pytest.fixture
def url(server: Server, database: str) -> str:
    """The URL of a new journal."""
    return server.url(database)


async def opened(url: str) -> PostgresJournal:
    """A journal, by a process that is no worker yet."""
    journal = open_journal(url)
    assert isinstance(journal, PostgresJournal)
    await journal.open()
    return journal


@pytest.fixture
async def one(url: str) -> AsyncIterator[PostgresJournal]:
    """One of the workers."""
    journal = await opened(url)
    assert await journal.own()
    yield journal
    await journal.close()


@pytest.fixture
async def two(one: PostgresJournal, url: str) -> AsyncIterator[PostgresJournal]:
    """The worker that came after it."""
    journal = await opened(url)
    assert await journal.own()
    yield journal
    await journal.close()
