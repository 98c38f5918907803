"""Opening, connections that are lost at the worst moment, and a server that is not what it should be."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import PendingRollbackError

from journal.samples import NOW, a_head, a_message, a_record, later, next_change, store
from onboarding.errors import JournalBusy, JournalDamaged, JournalError, UnknownJourney
from onboarding.journal import Status, open_journal, schema
from onboarding.journal.postgres import session as session_module
from onboarding.journal.postgres.journal import PostgresJournal

from .conftest import opened
from .server import Server

pytestmark = pytest.mark.anyio


@pytest.fixture
async def journal(url: str) -> AsyncIterator[PostgresJournal]:
    journal = await opened(url)
    yield journal
    await journal.close()


def at_the_next_commit(journal: PostgresJournal, strike: Any) -> list[str]:
    """Have ``strike`` called in the place of the next commit of a write: with the connection, and what commits."""
    session = journal._session
    assert session is not None
    struck: list[str] = []
    commit = session._commit

    def blow(connection: Connection) -> None:
        if struck or session._begin != "BEGIN":
            commit(connection)
            return
        struck.append("now")
        strike(connection.connection.driver_connection, partial(commit, connection))

    session._commit = blow  # type: ignore[method-assign]
    return struck


async def test_what_was_lost_before_it_was_committed_is_done_again(journal: PostgresJournal, server: Server) -> None:
    def kill(driver: psycopg.Connection[Any], commit: Callable[[], None]) -> None:
        server.sql(f"SELECT pg_terminate_backend({driver.info.backend_pid}, 5000)")
        commit()

    await store(journal, a_head("a"))
    struck = at_the_next_commit(journal, kill)
    await journal.write(next_change(a_head("a"), data=b"new"))
    assert struck
    stored = await journal.load("a")
    assert (stored.data, stored.head.revision, len(await journal.history("a"))) == (b"new", 2, 2)


async def test_a_loss_that_only_a_later_statement_tells_of_is_one_too(journal: PostgresJournal, server: Server) -> None:
    def kill(driver: psycopg.Connection[Any], _: Callable[[], None]) -> None:
        server.sql(f"SELECT pg_terminate_backend({driver.info.backend_pid}, 5000)")
        raise PendingRollbackError("as SQLAlchemy says it")

    await store(journal, a_head("a"))
    struck = at_the_next_commit(journal, kill)
    await journal.write(next_change(a_head("a"), data=b"new"))
    assert struck
    stored = await journal.load("a")
    assert (stored.data, stored.head.revision, len(await journal.history("a"))) == (b"new", 2, 2)


async def test_a_loss_that_only_a_later_statement_tells_of_is_told_in_the_same_words(
    journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def later_statement(connection: Connection) -> None:
        connection.invalidate()
        connection.exec_driver_sql("SELECT 1")

    monkeypatch.setattr(session_module, "_PATIENCE", 0.2)
    for ask in (journal._ask, journal._do):
        with pytest.raises(JournalError, match="cannot be reached"):
            await ask(later_statement)
    await store(journal, a_head("a"))


async def test_whatever_is_read_on_a_connection_that_was_lost_is_read_on_the_next_one(
    journal: PostgresJournal, server: Server, database: str
) -> None:
    await store(journal, a_head("a"))
    await journal.post(a_message("m", "a"))
    lose = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'"
    server.sql(lose)
    assert [row.journey for row in await journal.history("a")] == ["a"]
    server.sql(lose)
    assert list((await journal.count()).values()) == [1]
    server.sql(lose)
    assert await journal.verdict("m") is None
    server.sql(lose)
    history, head, unknown = await asyncio.gather(
        journal.history("a"), journal.head("a"), journal.head("b"), return_exceptions=True
    )
    assert not isinstance(history, BaseException)
    assert not isinstance(head, BaseException)
    assert (len(history), head.id, type(unknown)) == (1, "a", UnknownJourney)


async def test_of_a_loss_in_the_middle_of_a_read_nothing_is_left_behind(
    journal: PostgresJournal, server: Server, database: str
) -> None:
    async def one(name: str) -> int:
        def work(connection: Connection) -> int:
            asked.append(name)
            found = int(connection.exec_driver_sql("SELECT count(*) FROM journeys").scalar_one())
            if asked == ["first"]:
                server.sql(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'")
                connection.exec_driver_sql("SELECT 1")
            return found

        return await journal._ask(work)

    asked: list[str] = []
    await store(journal, a_head("a"))
    assert [*await asyncio.gather(one("first"), one("second"))] == [1, 1]
    assert asked == ["first", "second"] * 2


async def test_what_was_committed_though_the_answer_was_lost_is_not_done_again(journal: PostgresJournal) -> None:
    def commit_and_break(driver: psycopg.Connection[Any], commit: Callable[[], None]) -> None:
        commit()
        driver.close()
        raise psycopg.OperationalError("the connection was lost")

    struck = at_the_next_commit(journal, commit_and_break)
    head = await journal.create(a_head("a"), b"one", a_record("a"))
    assert struck
    assert (await journal.load("a")).head == head
    await journal.write(next_change(head))


async def test_where_it_cannot_be_told_the_error_says_so_and_the_revision_decides(journal: PostgresJournal) -> None:
    def another_server(driver: psycopg.Connection[Any], commit: Callable[[], None]) -> None:
        assert journal._session is not None
        commit()
        driver.close()
        identity = journal._session.identity
        identity.facts = replace(identity.facts, timeline=99)
        raise psycopg.OperationalError("the connection was lost")

    await store(journal, a_head("a"))
    at_the_next_commit(journal, another_server)
    with pytest.raises(JournalError, match="is not known"):
        await journal.write(next_change(a_head("a"), data=b"new"))
    assert (await journal.load("a")).data == b"new"


@pytest.mark.parametrize("taken", [False, True], ids=["free", "given to another"])
async def test_a_number_that_a_crashed_server_gives_once_more_proves_nothing(shaken: Server, taken: bool) -> None:
    shaken.sql("ALTER SYSTEM SET wal_writer_delay = '10s'")  # what nobody waits for is not written down
    shaken.sql("SELECT pg_reload_conf()")
    numbers: list[int] = []

    def crash(driver: psycopg.Connection[Any], commit: Callable[[], None]) -> None:
        row = driver.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        assert row is not None
        shaken.restart()
        while taken and (not numbers or numbers[-1] < row[0]):
            [(number,)] = shaken.sql("SELECT pg_current_xact_id()::text::bigint")
            numbers.append(number)
        commit()

    journal = await opened(shaken.database("journal"))
    await store(journal, a_head("a"))
    struck = at_the_next_commit(journal, crash)
    if taken:
        with pytest.raises(JournalError, match="is not known"):
            await journal.create(a_head("b"), b"two", a_record("b"))
        with pytest.raises(UnknownJourney):
            await journal.load("b")
    await journal.create(a_head("b"), b"three", a_record("b"))
    assert (await journal.load("b")).data == b"three"
    assert struck
    await journal.close()


async def test_who_waits_for_a_server_that_stays_away_is_told_and_it_goes_on_when_it_is_back(
    shaken: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "_PATIENCE", 0.2)
    journal = await opened(shaken.database("journal"))
    await store(journal, a_head("a"))
    await asyncio.to_thread(shaken.stop)
    with pytest.raises(JournalError, match="cannot be reached"):
        await journal.head("a")
    with pytest.raises(JournalError, match="cannot be reached"):
        await journal.write(next_change(a_head("a")))
    await asyncio.to_thread(shaken.start)
    await journal.write(next_change(a_head("a")))
    assert (await journal.head("a")).revision == 2
    await journal.close()


async def test_a_row_that_somebody_keeps_locked_is_not_waited_for_for_ever(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_module, "_LIMITS", "SET {}lock_timeout = 100")
    journal = await opened(url)
    await store(journal, a_head("a"))
    with psycopg.connect(url) as other:
        other.execute("SELECT FROM journeys FOR UPDATE")
        with pytest.raises(JournalBusy):
            await journal.write(next_change(a_head("a")))
    await journal.close()


async def test_many_that_open_at_once_make_the_tables_once(url: str) -> None:
    journals = [open_journal(url) for _ in range(6)]
    await asyncio.gather(*(journal.open() for journal in journals))
    await store(journals[0], a_head("a"))
    assert [(await journal.head("a")).id for journal in journals] == ["a"] * 6
    for journal in journals:
        await journal.close()


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE journal_version SET version_num = '9999'", "newer version"),
        ("DROP TABLE journal_version", "other tables"),
    ],
)
async def test_what_is_no_journal_of_ours_is_left_alone(
    url: str, server: Server, database: str, statement: str, why: str
) -> None:
    first = await opened(url)
    await first.close()
    server.sql(statement, database)
    with pytest.raises(JournalDamaged, match=why):
        await open_journal(url).open()


async def test_a_database_that_is_not_there_or_not_in_utf_8_is_said(server: Server) -> None:
    with pytest.raises(JournalError, match="createdb"):
        await open_journal(server.url("nowhere")).open()
    with pytest.raises(JournalError, match="refuses this user"):
        await open_journal(server.url("postgres").replace("onboarding@", "stranger:hunter2@")).open()
    server.sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(JournalError, match="UTF-8"):
        await open_journal(server.url("latin")).open()


_OURS = ("held", "journal_version", "tally_changes", "workers")


async def test_the_tables_hold_what_those_of_sqlite_hold(
    journal: PostgresJournal, server: Server, database: str
) -> None:
    rows = server.sql(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'", database
    )
    theirs = {(table.name, column.name) for table in schema.metadata.tables.values() for column in table.columns}
    ours = {(str(table), str(column)) for table, column in rows if table not in _OURS}
    assert theirs - ours == {("commits", "number")}  # what tells an old file from a new one
    assert ours - theirs == {("journeys", "owner")}


async def test_what_the_guide_says_to_a_journal_that_cannot_know_it_marks_what_lives(
    journal: PostgresJournal, server: Server, database: str
) -> None:
    guide = Path(__file__).parents[3] / "docs" / "guides" / "postgres.md"
    told, _ = re.findall(r"```sql\n(.*?)```", guide.read_text("utf-8"), re.DOTALL)
    await store(journal, a_head("a", due=later(-1)), a_head("b", status=Status.DONE))
    await journal.post(a_message("m", "a"))
    server.sql(told, database)
    other = await opened(server.url(database))
    await other.close()
    assert [(await journal.head(id_)).restored for id_ in "ab"] == [1, 0]
    assert str(await journal.verdict("m")).startswith("refused: ")
    assert await journal.claim(NOW, 5) == ["a"]
