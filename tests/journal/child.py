"""What another process does with a journal: ``python child.py WHAT PATH``. It says each thing it has done."""

from __future__ import annotations

import asyncio
import os
import sys
import warnings
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from onboarding.errors import JournalError
from onboarding.journal import Change, Head, SqliteJournal, Status, TransitionRecord, create_key_file

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def say(*words: object) -> None:
    print(*words, flush=True)


def a_head(journey: str) -> Head:
    return Head(
        id=journey,
        flow="f",
        version=1,
        state="s",
        status=Status.WORKING,
        seq=1,
        created=NOW,
        updated=NOW,
        entered=NOW,
    )


def a_record(journey: str, seq: int) -> TransitionRecord:
    return TransitionRecord(journey=journey, seq=seq, at=NOW, trigger="t", source="s", dest="s")


async def write(path: str) -> None:
    """Eight journeys, written on and on; each confirmed write is said."""
    journal = SqliteJournal(path)
    await journal.open()

    async def go_on(journey: str) -> None:
        head = await journal.create(a_head(journey), b"1", a_record(journey, 1))
        while True:
            head = replace(head, revision=head.revision + 1, seq=head.seq + 1)
            data = str(head.revision).encode()
            await journal.write(Change(head=head, data=data, transitions=(a_record(journey, head.seq),)))
            say(journey, head.revision)

    await asyncio.gather(*(go_on(f"j{number}") for number in range(8)))


async def create(path: str) -> None:
    """Two hundred journeys of its own."""
    journal = SqliteJournal(path)
    await journal.open()
    for number in range(200):
        id_ = f"{os.getpid()}-{number}"
        await journal.create(a_head(id_), b"", a_record(id_, 1))
    await journal.close()
    say("created")


async def own(path: str) -> None:
    """Own it, until killed."""
    journal = SqliteJournal(path)
    await journal.open()
    say("owner", await journal.own())
    await asyncio.sleep(60)


async def first(path: str) -> None:
    """Open what may not be there yet."""
    journal = SqliteJournal(path)
    await journal.open()
    say("opened", await journal.count())
    await journal.close()


def fork(path: str) -> None:
    """Own it, fork, and let the child say what it may still do; the child stays until its input ends."""
    warnings.simplefilter("ignore")  # forking beside a thread is what this is about

    async def hold() -> SqliteJournal:
        journal = SqliteJournal(path)
        await journal.open()
        await journal.own()
        await journal.create(a_head("j1"), b"", a_record("j1", 1))
        return journal

    journal = asyncio.run(hold())
    if os.fork():
        sys.stdin.read()
        return

    async def try_it(what: Callable[[], Coroutine[Any, Any, object]]) -> None:
        try:
            await what()
        except JournalError as error:
            say("refused", "after the fork" in str(error))
        else:
            say("allowed")

    asyncio.run(try_it(lambda: journal.head("j1")))
    asyncio.run(try_it(journal.own))
    asyncio.run(try_it(journal.open))
    asyncio.run(try_it(SqliteJournal(path).open))
    asyncio.run(journal.close())
    say("child", os.getpid())
    sys.stdin.read()
    os._exit(0)


def keys(path: str) -> None:
    """Make a key file, or read the one of another."""
    say(create_key_file(path).ids[0])


if __name__ == "__main__":
    os.umask(0o077)
    what, place = sys.argv[1], str(Path(sys.argv[2]))
    done = {"write": write, "create": create, "own": own, "first": first, "fork": fork, "keys": keys}[what](place)
    if done is not None:
        asyncio.run(done)
