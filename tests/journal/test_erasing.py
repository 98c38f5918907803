"""What is erased is gone from the bytes of the files, not only from the answers."""

from __future__ import annotations

import asyncio
import random
import re
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from onboarding.journal import Change, Head, SqliteJournal

from .samples import a_head, a_message, a_record, later

pytestmark = pytest.mark.anyio


@pytest.fixture
async def journal(folder: Path) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(folder / "journal.db", busy_timeout=1)
    await journal.open()
    yield journal
    await journal.close()


def raw(folder: Path) -> bytes:
    """All bytes, read by another process: one that closes the file here would drop this process' locks."""
    files = [str(place) for place in sorted(folder.iterdir()) if place.is_file()]
    return subprocess.run(["cat", *files], capture_output=True, check=True, timeout=30).stdout


async def many_lives(journal: SqliteJournal, chance: random.Random) -> tuple[list[str], list[bytes]]:
    """Journeys of all sizes, written again and again in any order; their ids, and every secret that they ever held."""
    ids: list[str] = []
    secrets: list[bytes] = []
    heads: dict[str, Head] = {}

    def secret() -> bytes:
        secrets.append(chance.randbytes(12).hex().encode())
        return secrets[-1]

    for round_ in range(30):
        fresh = [f"{len(ids) + number:08}-{chance.randbytes(4).hex()}" for number in range(10)]
        ids += fresh
        firsts = [replace(a_record(id_), detail=secret().decode()) for id_ in fresh]
        sizes = chance.choices((1, 2, 10, 40, 120, 300), k=10)
        await asyncio.gather(
            *(
                journal.create(a_head(row.journey), secret() * size, row, secret())
                for row, size in zip(firsts, sizes, strict=True)
            ),
            *(
                journal.post(a_message(f"m{round_} {number}", chance.choice(fresh), payload=secret() * 20))
                for number in range(10)
            ),
        )
        heads.update({id_: a_head(id_) for id_ in fresh})
        for _ in range(40):
            head = heads[chance.choice(ids[-60:])]
            note = chance.choice((None, secret().decode() * 5))
            new = heads[head.id] = replace(head, seq=head.seq + 1, revision=head.revision + 1, note=note)
            row = replace(a_record(head.id, new.seq), detail=secret().decode() * chance.choice((1, 3, 10)))
            data = secret() * chance.choice((1, 2, 10, 40, 120, 300))
            journal.write(Change(head=new, data=data, transitions=(row,)))
    return ids, secrets


async def erase(journal: SqliteJournal, id_: str) -> None:
    head = await journal.head(id_)
    rows = [replace(row, detail=None) for row in await journal.history(id_)]
    await journal.erase(replace(head, revision=head.revision + 1, note=None), b"erased", rows, "forgotten")


async def test_no_byte_of_what_was_erased_is_left_in_any_file(journal: SqliteJournal, folder: Path) -> None:
    # Of these lives secure_delete alone leaves something behind (SQLite 3.40).
    ids, secrets = await many_lives(journal, random.Random(2))
    some, before = secrets[::10], raw(folder)
    assert sum(secret in before for secret in some) > len(some) / 2
    await asyncio.gather(*(erase(journal, id_) for id_ in ids))
    assert await journal.scrub()
    # Thousands of secrets are looked for in what could be one, not in all the megabytes.
    after = b" ".join(re.findall(rb"[0-9a-f]{24,}", raw(folder)))
    assert [secret for secret in secrets if secret in after] == []
    assert len(await journal.sealed(limit=1000)) == len(ids)


async def test_a_reader_keeps_old_bytes_only_until_it_lets_go_and_it_is_said(
    journal: SqliteJournal, folder: Path
) -> None:
    canary = b"canary-5d1f7c" * 50
    await journal.create(a_head("j1"), canary, a_record("j1"))
    reader = sqlite3.connect(folder / "journal.db", isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM journeys").fetchone() == (1,)
    await erase(journal, "j1")
    assert not await journal.scrub()
    assert canary[:13] in raw(folder)
    reader.execute("COMMIT")
    reader.close()
    assert await journal.scrub()
    assert canary[:13] not in raw(folder)


async def test_a_journal_is_scrubbed_beside_another_that_writes(journal: SqliteJournal, folder: Path) -> None:
    other = SqliteJournal(folder / "journal.db")
    await other.open()
    receipts = []
    for number in range(200):
        await other.create(a_head(f"j{number}"), b"data", a_record(f"j{number}"))
        receipts.append(other.write(Change(head=replace(a_head(f"j{number}"), revision=2, updated=later(1)))))
        if number % 50 == 0:
            assert await journal.scrub()
    for receipt in receipts:
        await receipt
    assert sum((await journal.count()).values()) == 200
    await other.close()
