"""What is handed in at once: journeys, keys and messages, in any order and by several processes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import event

from journal.samples import NOW, a_head, a_message, a_record, later, store
from onboarding.errors import JournalDamaged, UnknownJourney
from onboarding.journal import Head, Journal
from onboarding.journal.postgres.journal import PostgresJournal
from onboarding.journal.postgres.outbox import Outbox

from .conftest import opened
from .server import Server

pytestmark = pytest.mark.anyio


async def start(journal: Journal, journey: str, key: bytes | None) -> Any:
    return await journal.create(a_head(journey, due=later(-1)), journey.encode(), a_record(journey), key)


async def test_fifty_starts_with_keys_and_fifty_inputs_are_not_sent_one_by_one(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await opened(url)  # no worker: nothing is sent but what is asked for here
    sent: list[str] = []
    send = Outbox._send

    def together(self: Outbox, waiting: Sequence[Any]) -> None:
        sent.append("; ".join(answer.text for answer in waiting))
        send(self, waiting)

    def alone(*execution: Any) -> None:
        sent.append(str(execution[2]))

    async def ways(number: int, begin: int) -> int:
        names = range(begin, begin + number)
        sent.clear()
        await asyncio.gather(*(start(one, f"j{name}", b"%d" % name) for name in names))
        await asyncio.gather(*(one.post(a_message(f"m{name}", f"j{name}")) for name in names))
        return len(sent)

    await store(one, a_head("first"))
    assert one._session is not None
    monkeypatch.setattr(Outbox, "_send", together)
    event.listen(one._session._engine, "before_cursor_execute", alone)
    single = await ways(1, 0)
    # The thread may begin before all have come: then they go in two or three batches.
    assert 0 < await ways(50, 100) <= 3 * single
    assert sum((await one.count()).values()) == 52
    stored = await asyncio.gather(*(one.load(f"j{name}") for name in range(100, 150)))
    assert [message.id for each in stored for message in each.messages] == [f"m{name}" for name in range(100, 150)]
    await one.close()


async def test_what_is_handed_in_at_once_is_told_of_each_by_itself(one: PostgresJournal) -> None:
    told = await asyncio.gather(
        one.post(a_message("m0", "nobody")), start(one, "a", b"key"), start(one, "b", b"key"), start(one, "c", None),
        start(one, "d", b"other"), one.post(a_message("m1", "a")), one.post(a_message("m2", "b")),
        one.post(a_message("m1", "a", payload=b"second")), return_exceptions=True,
    )  # fmt: skip
    heads = [each.id if isinstance(each, Head) else type(each) for each in told]
    nothing = type(None)
    assert heads == [UnknownJourney, "a", "a", "c", "d", nothing, UnknownJourney, nothing]
    assert [(message.id, message.payload) for message in (await one.load("a")).messages] == [("m1", b"sealed")]
    assert sum((await one.count()).values()) == 3


async def test_of_two_processes_that_use_the_same_keys_at_once_each_finds_the_first_journeys(
    one: PostgresJournal, two: PostgresJournal
) -> None:
    keys = [b"%d" % number for number in range(40)]
    for turn in range(5):
        ours, theirs = await asyncio.gather(
            asyncio.gather(*(start(one, f"one-{turn}-{key!r}", key + b"/%d" % turn) for key in keys)),
            asyncio.gather(*(start(two, f"two-{turn}-{key!r}", key + b"/%d" % turn) for key in reversed(keys))),
        )
        assert [head.id for head in ours] == [head.id for head in reversed(theirs)]
    assert sum((await one.count()).values()) == 5 * len(keys)


async def test_a_journey_with_a_key_that_was_reserved_is_this_workers_and_a_found_one_is_not(
    one: PostgresJournal, two: PostgresJournal
) -> None:
    one.reserve("a")
    await start(one, "a", b"key")
    assert one.may_send("a")
    two.reserve("b")
    assert (await start(two, "b", b"key")).id == "a"
    assert [two.may_send("a"), two.may_send("b")] == [False, False]
    assert await two.claim(NOW, 10) == []


async def test_a_first_journey_that_is_damaged_is_told_to_whoever_uses_its_key_and_to_nobody_else(
    one: PostgresJournal, server: Server, database: str
) -> None:
    await start(one, "a", b"key")
    server.sql("UPDATE journeys SET phase = 'nonsense'", database)
    told = await asyncio.gather(start(one, "b", b"key"), start(one, "c", b"other"), return_exceptions=True)
    assert isinstance(told[0], JournalDamaged)
    assert isinstance(told[1], Head)
    assert told[1].id == "c"
