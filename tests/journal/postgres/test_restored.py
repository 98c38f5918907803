"""A journal that was put back, copied or set back is found out when it is opened, and sends nothing by itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from journal.samples import NOW, a_head, a_message, a_record, later, store
from onboarding import Onboarding
from onboarding.journal import Query, Status, open_journal
from onboarding.journal.postgres import session as session_module
from onboarding.journal.postgres.journal import PostgresJournal
from onboarding.sandbox import SandboxDesk

from .conftest import opened, started
from .fleet import a_user, settings_for
from .portrait import Portrait
from .server import Pooler, Server

pytestmark = pytest.mark.anyio


async def begun(url: str, *names: str) -> None:
    """Open the journal, store journeys, close it."""
    journal = await opened(url)
    await store(journal, *map(a_head, names))
    await journal.close()


def marked(server: Server, database: str) -> dict[str, int]:
    """By journey: which time it was put back."""
    return dict(server.sql("SELECT id, restored FROM journeys ORDER BY id", database))  # type: ignore[arg-type]


def into_a_new_database(server: Server, database: str) -> tuple[Server, str]:
    dump = server.dumped(database)
    server.database(f"{database}_new")
    server.restore(dump, f"{database}_new")
    return server, f"{database}_new"


def over_what_is_there(server: Server, database: str) -> tuple[Server, str]:
    server.restore(server.dumped(database), database, "--clean")
    return server, database


def rows_only(server: Server, database: str) -> tuple[Server, str]:
    dump = server.dumped(database, "--data-only")
    [(tables,)] = server.sql("SELECT string_agg(tablename, ', ') FROM pg_tables WHERE schemaname = 'public'", database)
    server.sql(f"TRUNCATE {tables}", database)
    server.restore(dump, database, "--disable-triggers")
    return server, database


def one_table(server: Server, database: str) -> tuple[Server, str]:
    dump = server.dumped(database)
    server.sql("DROP TABLE journeys CASCADE", database)
    server.restore(dump, database, "-t", "journeys")
    return server, database


def as_a_template(server: Server, database: str) -> tuple[Server, str]:
    server.sql(f'CREATE DATABASE "{database}_copy" TEMPLATE "{database}"')
    return server, f"{database}_copy"


@pytest.mark.parametrize("way", [into_a_new_database, over_what_is_there, rows_only, one_table, as_a_template])
async def test_a_journal_that_was_put_back_or_copied_is_found_out_once(
    server: Server, database: str, way: Callable[[Server, str], tuple[Server, str]]
) -> None:
    journal = await opened(server.url(database))
    await store(journal, a_head("a", due=later(-1)), a_head("b", status=Status.DONE))
    await journal.post(a_message("m", "a"))
    await journal.own()
    assert await journal.claim(NOW, 1) == ["a"]
    await journal.close()
    server.sql("INSERT INTO workers (name, until) VALUES ('of old', clock_timestamp() + interval '1 day')", database)
    server.sql("UPDATE journeys SET owner = (SELECT id FROM workers) WHERE id = 'a'", database)
    there, copy = await asyncio.to_thread(way, server, database)
    await begun(there.url(copy), "c")
    assert marked(there, copy) == {"a": 1, "b": 0, "c": 0}, "what begins afterwards is not old"
    assert there.sql("SELECT count(*) FROM journeys WHERE owner IS NOT NULL", copy) == [(0,)]
    assert there.sql("SELECT verdict LIKE 'refused: %' FROM inbox", copy) == [(True,)]
    await begun(there.url(copy))
    assert marked(there, copy) == {"a": 1, "b": 0, "c": 0}, "and it is found out once"


async def test_a_dump_that_was_restored_on_another_server_is_found_out(server: Server, database: str) -> None:
    await begun(server.url(database), "a")
    other = await asyncio.to_thread(started)
    try:
        other.database(database)
        await asyncio.to_thread(other.restore, server.dumped(database), database)
        await begun(other.url(database))
        assert marked(other, database) == {"a": 1}
    finally:
        other.remove()


async def test_a_move_that_was_announced_as_the_guide_says_is_no_restore(server: Server, database: str) -> None:
    guide = Path(__file__).parents[3] / "docs" / "guides" / "postgres.md"
    _, told = re.findall(r"```sql\n(.*?)```", guide.read_text("utf-8"), re.DOTALL)
    await begun(server.url(database), "a")
    server.sql(told, database)
    await asyncio.to_thread(over_what_is_there, server, database)
    await begun(server.url(database), "b")
    assert marked(server, database) == {"a": 0, "b": 0}
    await asyncio.to_thread(over_what_is_there, server, database)
    await begun(server.url(database))
    assert marked(server, database) == {"a": 1, "b": 1}, "the next one is"


async def test_what_happens_to_every_server_is_no_restore(shaken: Server) -> None:
    shaken.database("journal")
    for name, harmless in (
        ("a", lambda: shaken.restart("fast")),
        ("b", lambda: shaken.restart("immediate")),
        ("c", lambda: shaken.sql("VACUUM FULL", "journal")),
        ("d", lambda: shaken.sql("VACUUM FREEZE", "journal")),
        ("e", lambda: shaken.sql("ALTER DATABASE journal RENAME TO renamed")),
    ):
        await begun(shaken.url("journal"), name)
        await asyncio.to_thread(harmless)
    await begun(shaken.url("renamed"))
    assert marked(shaken, "renamed") == dict.fromkeys("abcde", 0)


async def test_a_crash_that_takes_back_the_number_of_a_transaction_which_wrote_nothing_is_no_restore(
    shaken: Server,
) -> None:
    shaken.sql("ALTER SYSTEM SET wal_writer_delay = '10s'")  # what nobody waits for is not written down
    shaken.sql("SELECT pg_reload_conf()")
    journal = await opened(shaken.database("journal"))
    await journal.create(a_head("a"), b"one", a_record("a"), b"key")
    for _ in range(5):  # a key that was used: it is looked for, and nothing is written
        await journal.create(a_head("b"), b"two", a_record("b"), b"key")
    await asyncio.to_thread(shaken.restart)
    assert (await journal.head("a")).restored == 0
    await journal.close()


@pytest.mark.parametrize("failover", ["lossy", "lossless"])
async def test_a_server_that_was_set_back_is_found_out_unless_that_is_said_to_lose_nothing(
    shaken: Server, failover: str
) -> None:
    url = f"{shaken.database('journal')}?failover={failover}"
    await begun(url, "a")
    await asyncio.to_thread(shaken.set_back)
    await begun(url)
    assert marked(shaken, "journal") == {"a": 1 if failover == "lossy" else 0}


@pytest.mark.parametrize("pooled", [False, True])
async def test_a_process_that_lives_on_while_its_server_is_set_back_finds_it_out_and_begins_anew(
    shaken: Server, monkeypatch: pytest.MonkeyPatch, pooled: bool
) -> None:
    monkeypatch.setattr(session_module, "_UNSEEN", 0.0)
    shaken.database("journal")
    pooler = Pooler(shaken) if pooled else None
    journal = open_journal((pooler or shaken).url("journal"))
    try:
        await journal.open()
        assert isinstance(journal, PostgresJournal)
        await store(journal, a_head("a", due=later(-1)))
        copy = await asyncio.to_thread(shaken.copied)
        await store(journal, a_head("b", due=later(-1)))
        await journal.own()
        assert await journal.claim(NOW, 2) == ["a", "b"]
        await asyncio.to_thread(shaken.set_back, copy)
        assert (await journal.head("a")).restored == 1
        assert [head.id for head in (await journal.find(Query())).heads] == ["a"]
        assert marked(shaken, "journal") == {"a": 1}
    finally:
        await journal.close()
        if pooler is not None:
            pooler.remove()


async def test_who_may_not_ask_the_server_for_its_numbers_finds_out_a_restored_dump_all_the_same(
    shaken: Server,
) -> None:
    shaken.database("journal")
    shaken.sql("CREATE ROLE humble LOGIN", "journal")
    shaken.sql("GRANT ALL ON SCHEMA public TO humble", "journal")
    url = shaken.url("journal").replace("onboarding@", "humble@")
    await begun(url, "a")
    for function in ("pg_control_system()", "pg_control_checkpoint()", "pg_walfile_name(pg_lsn)"):
        shaken.sql(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC", "journal")
    await begun(url, "b")
    assert marked(shaken, "journal") == {"a": 0, "b": 0}
    await asyncio.to_thread(over_what_is_there, shaken, "journal")
    shaken.sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO humble", "journal")
    await begun(url)
    assert marked(shaken, "journal") == {"a": 1, "b": 1}


async def test_a_journal_that_was_put_back_does_nothing_twice(
    server: Server, database: str, sandbox: SandboxDesk
) -> None:
    settings = settings_for(server.url(database), sandbox)
    users = [await asyncio.to_thread(a_user, sandbox, name) for name in ("one", "two")]
    async with Onboarding(settings, flows=[Portrait]) as onboarding:
        waits = await onboarding.run(Portrait, user_id=users[0])
    async with Onboarding(settings, worker=False, flows=[Portrait]) as onboarding:
        begins = await onboarding.start(Portrait, user_id=users[1])
    dump = await asyncio.to_thread(server.dumped, database)
    async with Onboarding(settings, flows=[Portrait]) as onboarding:
        await onboarding.send(waits.id, "go_on")
        assert (await onboarding.wait(waits.id)).ended_well
        assert (await onboarding.wait(begins.id)).state == "asked"
    await asyncio.to_thread(server.restore, dump, database, "--clean")
    async with Onboarding(settings, flows=[Portrait]) as onboarding:
        assert (await onboarding.get(waits.id)).restored
        assert (await onboarding.wait(begins.id)).state == "asked"
        await onboarding.send(waits.id, "go_on")
        assert (await onboarding.wait(waits.id)).ended_well
        rows = [row.trigger for row in await onboarding.history(begins.id)]
    assert rows == ["started", "in_doubt", "first_set"]
    assert [len(sandbox.ledger(effect="avatar_set", subject=user)) for user in users] == [2, 1]
