"""Who may advance a journey, and until when it may send."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Connection

from journal.samples import NOW, a_head, a_message, a_record, later, next_change, store
from onboarding.errors import JournalConflict, JournalError, UnknownJourney
from onboarding.journal import Journal, Phase, Status, open_journal
from onboarding.journal.postgres.address import address_of
from onboarding.journal.postgres.journal import PostgresJournal
from onboarding.journal.postgres.leases import _elapsed
from onboarding.journal.postgres.session import connect

from .conftest import opened
from .server import Server

pytestmark = pytest.mark.anyio


def run_out(server: Server, database: str, journal: PostgresJournal) -> None:
    """By the server's clock the worker was not heard of for too long."""
    server.sql(
        f"UPDATE workers SET until = clock_timestamp() - interval '1 second' WHERE id = {journal._leases.fence}",
        database,
    )


async def test_what_one_worker_has_claimed_no_other_does(one: PostgresJournal, two: PostgresJournal) -> None:
    await store(one, *(a_head(id_, due=later(-1)) for id_ in "abcd"))
    first = await one.claim(NOW, 2)
    second = await two.claim(NOW, 10)
    assert (sorted([*first, *second]), len(first)) == (["a", "b", "c", "d"], 2)
    assert await two.claim(NOW, 10, second) == []
    assert await two.next_due(NOW, second) is None
    assert [one.may_send(journey) for journey in first] == [True, True]
    assert [one.may_send(journey) for journey in second] == [False, False]


async def test_what_one_worker_is_told_is_due_is_still_anybodys(one: PostgresJournal, two: PostgresJournal) -> None:
    await store(one, *(a_head(id_, due=later(-1)) for id_ in "ab"))
    assert await one.due(NOW, 10) == ["a", "b"]
    assert not one.may_send("a")
    assert await two.claim(NOW, 1) == ["a"]
    assert await one.due(NOW, 10) == ["b"]
    assert await two.due(NOW, 10) == ["a", "b"]


async def test_what_one_worker_has_taken_no_other_takes_until_it_is_released(
    one: PostgresJournal, two: PostgresJournal
) -> None:
    await store(one, a_head("a"))
    assert await one.take("a")
    assert (one.may_send("a"), two.may_send("a")) == (True, False)
    assert not await two.take("a")
    one.release(["a"])
    assert not one.may_send("a")
    assert await one.due(NOW, 10) == []  # this tells the server
    assert await two.take("a")
    assert not await one.take("a")
    assert two.may_send("a")


async def test_what_was_let_go_of_in_a_transaction_that_failed_is_let_go_of_in_the_next(
    one: PostgresJournal, two: PostgresJournal
) -> None:
    head = a_head("b")
    await store(one, a_head("a"), head)
    assert await one.take("a")
    assert await one.take("b")
    one.release(["a", "b"])
    session = one._session
    assert session is not None
    commit = session._commit

    def fail(_: Connection) -> None:
        raise psycopg.errors.DiskFull

    session._commit = fail  # type: ignore[method-assign]
    intent = next_change(head)
    told = await asyncio.gather(
        one.write(replace(intent, head=replace(intent.head, phase=Phase.SENDING))), one.due(NOW, 10),
        return_exceptions=True,
    )  # fmt: skip
    assert [str(error).rpartition(": ")[2] for error in told] == ["the server's disk is full; free some space"] * 2
    session._commit = commit  # type: ignore[method-assign]
    await one.due(NOW, 10)
    assert [await two.take("a"), await two.take("b")] == [True, True]


async def test_a_number_that_was_given_once_more_is_not_taken_for_ones_own(
    one: PostgresJournal, two: PostgresJournal, server: Server, database: str
) -> None:
    """After a failover that lost a registration, say."""
    await store(one, a_head("a"))
    assert await one.take("a")
    fence = one._leases.fence
    server.sql(f"DELETE FROM workers WHERE id = {fence}", database)
    server.sql(
        "INSERT INTO workers (id, name, until) OVERRIDING SYSTEM VALUE "
        f"VALUES ({fence}, 'somebody', clock_timestamp() + interval '1 hour')",
        database,
    )
    with pytest.raises(JournalConflict, match="not heard of"):
        await one.write(next_change(a_head("a")))
    assert await one.own()
    assert one._leases.fence not in (fence, None)


async def test_a_journey_of_a_worker_that_was_not_heard_of_is_taken_by_whoever_asks(
    one: PostgresJournal, two: PostgresJournal, server: Server, database: str
) -> None:
    await store(one, a_head("a"))
    assert await one.take("a")
    run_out(server, database, one)
    assert await two.take("a")
    assert not await one.take("a")
    assert not one.may_send("a")


async def test_what_is_stored_as_reserved_is_this_workers_from_the_beginning(
    one: PostgresJournal, two: PostgresJournal
) -> None:
    one.reserve("a")
    await store(one, a_head("a", due=later(-1)), a_head("b", due=later(-1)))
    assert [one.may_send("a"), one.may_send("b")] == [True, False]
    assert await two.claim(NOW, 10) == ["b"]


async def test_who_is_no_worker_stores_nothing_as_reserved(one: PostgresJournal, url: str) -> None:
    other = await opened(url)
    other.reserve("a")
    with pytest.raises(JournalConflict, match="is no worker any more"):
        await store(other, a_head("a", due=later(-1)))
    await store(other, a_head("a", due=later(-1)))
    assert not other.may_send("a")
    assert await one.claim(NOW, 10) == ["a"]
    await other.close()


async def test_what_was_reserved_by_a_worker_that_was_taken_off_the_list_is_not_stored(
    one: PostgresJournal, two: PostgresJournal, server: Server, database: str
) -> None:
    run_out(server, database, one)
    assert await two.claim(NOW, 10) == []
    one.reserve("a")
    with pytest.raises(JournalConflict, match="is no worker any more"):
        await store(one, a_head("a", due=later(-1)))
    assert await two.claim(NOW, 10) == []
    await store(one, a_head("b", due=later(-1)))
    assert await two.claim(NOW, 10) == ["b"]


async def test_a_journey_is_let_go_of_with_the_write_that_ends_it(one: PostgresJournal, two: PostgresJournal) -> None:
    one.reserve("a")
    await store(one, a_head("a", due=later(-1)))
    change = next_change(a_head("a"))
    await one.write(replace(change, head=replace(change.head, status=Status.DONE)))
    assert not one.may_send("a")
    await two.post(a_message("m", "a"))
    assert await two.claim(NOW, 1) == ["a"]


async def test_many_ask_at_once_and_each_is_told_of_its_own(one: PostgresJournal) -> None:
    await store(one, a_head("a"), a_head("b"))
    told = await asyncio.gather(
        one.load("a"), one.load("x"), one.load("b", last=True), one.head("b"), one.head("y"), return_exceptions=True
    )
    assert [told[0].head.id, told[0].last, told[2].head.id, told[2].last, told[3].id] == [
        "a", None, "b", a_record("b"), "b",
    ]  # fmt: skip
    assert [type(told[1]), type(told[4])] == [UnknownJourney, UnknownJourney]


async def test_of_many_stored_at_once_the_one_that_does_not_fit_fails_alone(one: PostgresJournal) -> None:
    await store(one, a_head("a"))
    told = await asyncio.gather(
        *(one.create(a_head(id_), b"", a_record(id_)) for id_ in ("b", "a", "c\0", "c")), return_exceptions=True
    )
    assert [isinstance(one, JournalError) for one in told] == [False, True, True, False]
    assert [(await one.head(id_)).id for id_ in "abc"] == ["a", "b", "c"]


async def test_a_message_is_looked_at_by_the_worker_whose_the_journey_is(
    one: PostgresJournal, two: PostgresJournal
) -> None:
    await store(one, a_head("a", due=later(-1)))
    assert await one.claim(NOW, 1) == ["a"]
    await two.post(a_message("m", "a"))
    assert await two.claim(NOW, 1) == []
    assert await one.claim(NOW, 1) == ["a"]


async def test_what_has_come_to_rest_is_anybodys_once_its_worker_claims_again(
    one: PostgresJournal, two: PostgresJournal
) -> None:
    await store(one, a_head("a", due=later(-1)))
    assert await one.claim(NOW, 1) == ["a"]
    one.release(["a"])
    assert not one.may_send("a")
    assert await one.claim(NOW, 1, ["a"]) == []
    assert await two.claim(NOW, 1) == ["a"]


async def test_a_worker_that_leaves_gives_its_journeys_to_the_others_at_once(
    one: PostgresJournal, two: PostgresJournal
) -> None:
    await store(one, a_head("a", due=later(-1)))
    assert await one.claim(NOW, 1) == ["a"]
    await one.disown()
    assert not one.may_send("a")
    assert await two.claim(NOW, 1) == ["a"]


async def test_a_worker_that_was_not_heard_of_is_locked_out_and_begins_anew(
    one: PostgresJournal, two: PostgresJournal, server: Server, database: str
) -> None:
    head = a_head("a", due=later(-1))
    await store(one, head, a_head("b", due=later(-1)))
    assert await one.claim(NOW, 1) == ["a"]
    run_out(server, database, one)
    assert sorted(await two.claim(NOW, 10)) == ["a", "b"]
    lost = one.write(next_change(head))
    with pytest.raises(JournalConflict, match="not heard of"):
        await lost
    assert not one.may_send("a")
    assert (await two.head("a")).revision == 1
    assert await one.own()
    assert not one.may_send("a")
    with pytest.raises(JournalConflict, match="another worker"):
        await one.write(next_change(head))
    await two.write(next_change(head))


async def test_a_worker_whose_time_has_passed_keeps_what_nobody_took_over(
    one: PostgresJournal, server: Server, database: str
) -> None:
    head = a_head("a", due=later(-1))
    await store(one, head)
    assert await one.claim(NOW, 1) == ["a"]
    run_out(server, database, one)
    await one.write(next_change(head))
    fence = one._leases.fence
    assert await one.own()
    assert one._leases.fence == fence
    assert one.may_send("a")


async def test_a_worker_stops_sending_before_anybody_else_may_take_over(
    url: str, server: Server, database: str
) -> None:
    journal = await opened(f"{url}?lease=20")
    before = time.time() - _elapsed()
    await journal.own()
    [(until,)] = server.sql("SELECT extract(epoch FROM until)::float8 FROM workers", database)
    assert journal._leases._until + before < until - 1
    await journal.close()


async def test_when_its_own_clock_says_so_a_worker_sends_nothing_more(
    one: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(one, a_head("a", due=later(-1)))
    await one.claim(NOW, 1)
    assert one.may_send("a")
    for clock in ("onboarding.journal.postgres.leases._elapsed", "time.time"):
        now = _elapsed() if "elapsed" in clock else time.time()
        with monkeypatch.context() as later_on:
            later_on.setattr(clock, lambda now=now: now + 10)
            assert not one.may_send("a")
    assert one.may_send("a")


async def test_a_worker_that_was_stopped_within_a_transaction_does_not_keep_what_it_holds(
    url: str, two: PostgresJournal, server: Server, database: str
) -> None:
    """The server takes what was sent of it for a transaction that goes on, however long nothing follows."""
    held = "host:1:stopped"
    await store(two, a_head("a", due=later(-1)))
    with closing(connect(address_of(url), held)) as stopped:
        server.sql(
            f"INSERT INTO workers (name, until) VALUES ('{held}', clock_timestamp() - interval '1 hour')", database
        )
        server.sql("UPDATE journeys SET owner = (SELECT max(id) FROM workers)", database)
        stopped.execute("SET statement_timeout = 100; SET idle_in_transaction_session_timeout = 100")
        stopped.pgconn.enter_pipeline_mode()
        for statement in (b"BEGIN", b"SELECT FROM workers FOR KEY SHARE"):
            stopped.pgconn.send_query_params(statement, None)
        stopped.pgconn.flush()
        locked = "SELECT 1 FROM pg_locks WHERE relation = 'workers'::regclass"
        while not server.sql(locked, database):  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.01)
        assert await two.claim(NOW, 1) == []
        await two._renew()
        there = f"SELECT 1 FROM pg_stat_activity WHERE application_name = '{held}'"
        while server.sql(there):  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.01)
        assert await two.claim(NOW, 1) == ["a"]


async def test_who_is_no_worker_sends_nothing_and_takes_nothing(url: str, one: PostgresJournal) -> None:
    other = await opened(url)
    await store(other, a_head("a", due=later(-1)))
    assert await other.claim(NOW, 1) == ["a"]
    assert not await other.take("a")
    assert not other.may_send("a")
    assert await one.claim(NOW, 1) == ["a"]
    await other.close()


async def test_an_intent_takes_a_journey_that_is_nobodys(one: PostgresJournal, two: PostgresJournal) -> None:
    head = a_head("a", due=later(-1))
    await store(one, head)
    intent = next_change(head)
    intent = replace(intent, head=replace(intent.head, phase=Phase.SENDING))
    await one.write(intent)
    assert one.may_send("a")
    assert await two.claim(NOW, 1) == []
    with pytest.raises(JournalConflict, match="another worker"):
        await two.write(next_change(intent.head))


async def test_whether_anybody_advances_is_told(url: str, server: Server, database: str) -> None:
    journal = await opened(url)
    assert not await journal.is_attended()
    await journal.own()
    assert await journal.is_attended()
    run_out(server, database, journal)
    assert not await journal.is_attended()
    await journal.close()


async def test_a_journey_whose_owner_is_on_no_list_is_not_stuck(url: str, server: Server, database: str) -> None:
    journal = await opened(url)
    await store(journal, a_head("a", due=later(-1)))
    server.sql("UPDATE journeys SET owner = 12345", database)
    assert await journal.claim(NOW, 1) == []
    await journal.own()
    assert await journal.claim(NOW, 1) == ["a"]
    await journal.close()


async def test_a_budget_is_kept_by_two_processes_at_once(one: PostgresJournal, two: PostgresJournal) -> None:
    uses = [journal.spend(b"b", NOW, most=5, within=timedelta(hours=1)) for _ in range(10) for journal in (one, two)]
    assert list(await asyncio.gather(*uses)).count(None) == 5


async def test_a_key_used_at_once_by_two_processes_makes_one_journey(
    one: PostgresJournal, two: PostgresJournal
) -> None:
    made = [
        journal.create(a_head(f"{name}{n}"), b"", a_record(f"{name}{n}"), b"%d" % n)
        for n in range(20)
        for name, journal in (("x", one), ("y", two))
    ]
    heads = await asyncio.gather(*made)
    assert all(heads[n].id == heads[n + 1].id for n in range(0, 40, 2))
    assert sum((await one.count()).values()) == 20


def test_the_protocol_is_whole(url: str) -> None:
    journal: Journal = open_journal(url)
    assert journal.place.startswith("postgresql://")


async def test_a_worker_adds_up_the_tallies_when_they_have_become_many(url: str, server: Server, database: str) -> None:
    journal = await opened(url)
    await store(journal, a_head("a"))
    server.sql("INSERT INTO tally_changes SELECT 'f', 'done', 's', n % 2 FROM generate_series(1, 1000) AS n", database)
    before = await journal.count()
    assert await journal.own()
    assert server.sql("SELECT count(*) FROM tally_changes", database) == [(2,)]
    assert await journal.count() == before
    assert before["f", "done", "s"] == 500
    await journal.close()


async def test_what_has_an_owner_stands_beside_the_journeys_whoever_wrote_it(
    one: PostgresJournal, two: PostgresJournal, server: Server, database: str
) -> None:
    def held() -> list[tuple[str, int]]:
        noted = server.sql("SELECT journey, owner FROM held ORDER BY journey", database)
        assert noted == server.sql("SELECT id, owner FROM journeys WHERE owner IS NOT NULL ORDER BY id", database)
        return noted

    heads = [a_head(f"j{number}", due=NOW) for number in range(6)]
    one.reserve("j0")
    await store(one, *heads)
    mine, other = one._leases.fence, two._leases.fence
    assert held() == [("j0", mine)]
    assert await one.claim(NOW, 3) == ["j0", "j1", "j2"]
    assert await two.claim(NOW, 2) == ["j3", "j4"]
    assert held() == [("j0", mine), ("j1", mine), ("j2", mine), ("j3", other), ("j4", other)]
    one.release(["j1"])
    await one.due(NOW, 1)
    done = next_change(heads[0], data=b"new")
    await one.write(replace(done, head=replace(done.head, status=Status.DONE, due=None)))
    assert held() == [("j2", mine), ("j3", other), ("j4", other)]
    server.sql("UPDATE journeys SET owner = owner + 1000 WHERE id >= 'j4'", database)
    server.sql("DELETE FROM journeys WHERE id = 'j3'", database)
    assert held() == [("j2", mine), ("j4", int(other or 0) + 1000)]
    await one.disown()
    assert held() == [("j4", int(other or 0) + 1000)]


async def test_to_take_a_journey_writes_into_no_index(one: PostgresJournal, server: Server, database: str) -> None:
    found = server.sql("SELECT indexdef FROM pg_indexes WHERE tablename = 'journeys'", database)
    assert len(found) >= 7
    assert not [index for (index,) in found if "owner" in index]
