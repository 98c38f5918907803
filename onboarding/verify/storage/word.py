"""The word that a journal gives: each promise of its protocol on which everything else stands, tried by itself."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing, suppress
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from uuid_utils import uuid7

from onboarding.errors import JournalConflict, JournalError
from onboarding.journal import (
    DATA_FIELD,
    Chain,
    Change,
    Head,
    Keyring,
    Link,
    Message,
    MessageKind,
    SqliteJournal,
    Status,
    TransitionRecord,
    Verdict,
    message_field,
)
from onboarding.verify.storage.disk import CHANGES, Disk
from onboarding.verify.storage.stage import Found, Stage
from onboarding.verify.storage.vfs import Operation, hook

__all__ = ["cases", "do"]

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def cases(places: Sequence[int]) -> list[str]:
    """Their names."""
    del places
    return [f"word/{name}" for name in _WORDS]


async def do(stage: Stage, arguments: Sequence[str], rng: random.Random) -> Found:
    """Open a journal, and hold it to its word."""
    del rng
    (name,) = arguments
    disk = _Watching(stage.folder("new") / "journal.db")
    hook(disk)
    journal = SqliteJournal(disk.journal, busy_timeout=1.0)
    await journal.open()
    try:
        return Found(await _WORDS[name](journal, disk))
    finally:
        await journal.close()


class _Watching(Disk):
    """Notes what is changed while nobody holds the lock that every writer must hold."""

    def __init__(self, journal: Path) -> None:
        super().__init__(journal)
        self.unlocked = 0

    def before(self, what: Operation, path: str, offset: int, data: bytes) -> int:
        """Look at the lock, and let it happen."""
        if what in CHANGES and path.startswith(str(self.journal)) and not path.endswith("-shm"):
            lock = FileLock(self.journal.with_name(f"{self.journal.name}.lock"), 0, is_singleton=False)
            with suppress(Timeout), lock:
                self.unlocked += 1
        return super().before(what, path, offset, data)


async def _locked(journal: SqliteJournal, disk: _Watching) -> list[str]:
    """No file of the journal changes but under the lock that keeps two writers apart."""
    await _started(journal)
    await journal.close()
    return ["the journal was written to without the lock of its writers"] if disk.unlocked else []


async def _started_once(journal: SqliteJournal, _: _Watching) -> list[str]:
    """The same key a second time is the same journey."""
    first = await _started(journal, b"key")
    again = await _started(journal, b"key")
    number = sum((await journal.count()).values())
    return [] if again.id == first.id and number == 1 else [f"one key has started {number} journeys"]


async def _fenced(journal: SqliteJournal, _: _Watching) -> list[str]:
    """Of two who go on from the same revision the second one loses, and leaves nothing behind."""
    head = await _started(journal)
    await journal.write(Change(head=replace(head, revision=7), replaces=head.revision, data=b"first"))
    try:
        await journal.write(Change(head=replace(head, revision=8), replaces=head.revision, data=b"second"))
    except JournalConflict:
        kept = (await journal.load(head.id)).data
        return [] if kept == b"first" else ["a second writer of a journey was refused, and has changed it"]
    return ["a second writer of a journey was not refused"]


async def _one_owner(journal: SqliteJournal, _: _Watching) -> list[str]:
    """While one owns a journal, nobody else does; when it has let go, somebody can."""
    other = SqliteJournal(journal.place)
    await other.open()
    try:
        turns = [await journal.own(), await other.own()]
        await journal.disown()
        turns.append(await other.own())
    finally:
        await other.close()
    return [] if turns == [True, False, True] else [f"of two who wanted to own a journal, one after the other: {turns}"]


async def _decided_once(journal: SqliteJournal, disk: _Watching) -> list[str]:
    """What was decided on, or taken back, is not decided on once more; and what was handed in with it is wiped."""
    head = await _started(journal)
    found = []
    for number in range(2):
        message = str(number)
        await _posted(journal, head, message)
        if number:
            await journal.recall(message)
        else:
            head = await _written(journal, head, verdicts=(Verdict(message, "refused: no"),))
            if await journal.recall(message):
                found.append("a message that was decided on was taken back")
        try:
            head = await _written(journal, head, verdicts=(Verdict(message, "applied"),))
        except JournalConflict:
            continue
        found.append("a message that was decided on, or taken back, was applied after all")
    await _posted(journal, head, "both")
    one, two = (replace(head, revision=head.revision + number) for number in (1, 2))
    both = [journal.write(Change(head=new, verdicts=(Verdict("both", "applied"),))) for new in (one, two)]
    if not isinstance((await asyncio.gather(*both, return_exceptions=True))[1], JournalConflict):
        found.append("a message was applied twice in one transaction")
    with closing(sqlite3.connect(disk.journal)) as database:
        if database.execute("SELECT count(*) FROM inbox WHERE payload IS NOT NULL").fetchone()[0]:
            found.append("what was handed in with a message is kept after it was decided on")
    return found


async def _all_or_nothing(journal: SqliteJournal, _: _Watching) -> list[str]:
    """A write that cannot be made leaves nothing behind, and takes no other one with it."""
    one, other = await _started(journal), await _started(journal)
    bad = replace(one, seq=1, revision=one.revision + 1, state="somewhere")
    wrong = journal.write(Change(head=bad, data=b"wrong", transitions=(_row(one.id, 1),)))
    good = journal.write(Change(head=replace(other, revision=other.revision + 1, state="on"), data=b"right"))
    found = []
    try:
        await wrong
        found.append("a second row of the same number was confirmed")
    except JournalError:
        pass
    try:
        await good
    except JournalError:
        found.append("a write failed with one that had nothing to do with it")
    if (await journal.load(one.id)).data != b"sealed":
        found.append("a write that failed has left something behind")
    return found


async def _resealed(journal: SqliteJournal, _: _Watching) -> list[str]:
    """New keys do not bring back what a journey has left behind since."""
    head = await _started(journal)
    rows = await journal.sealed()
    head = await _written(journal, head, data=b"newer")
    await journal.reseal([(journey, revision, b"older") for journey, revision, _ in rows])
    kept = (await journal.load(head.id)).data
    return [] if kept == b"newer" else ["a change of keys has put old data in the place of newer ones"]


async def _erased(journal: SqliteJournal, disk: _Watching) -> list[str]:
    """What is erased lies nowhere in the files."""
    canary = secrets.token_hex(300).encode()
    head = await _started(journal, canary, canary)
    await _posted(journal, head, "message", canary)
    for _ in range(40):  # pages full of it, some of them moved
        other = await _started(journal, data=canary * 5)
        head = await _written(journal, head, data=canary)
        await journal.erase(_ended(other), b"", [_row(other.id, 1)], "erased")
    try:
        await journal.erase(head, b"", [_row(head.id, 1)], "erased")
    except JournalConflict:
        pass
    else:
        return ["a journey that was written meanwhile was erased"]
    await journal.erase(_ended(head), b"", [_row(head.id, 1)], "erased")
    await journal.scrub()
    left = [path.name for path in disk.journal.parent.iterdir() if canary[:64] in path.read_bytes()]
    return [f"what was erased still lies in {name}" for name in left]


async def _taken_out(journal: SqliteJournal, _: _Watching) -> list[str]:
    """Nothing is taken out but what has ended, is as it was, and has nothing left to be looked at."""
    heads = [await _started(journal) for _ in range(4)]
    live, ended, called, changed = heads
    for head in (ended, called, changed):
        await journal.write(Change(head=_ended(head)))
    await _posted(journal, called, "late")
    asked = [(head.id, head.revision + (head in (ended, called))) for head in heads]
    gone = await journal.take_out(asked)
    if gone != [ended.id]:
        return [f"{len(gone)} journeys were taken out, and one had ended, was as it was and was done with"]
    kept = [await journal.load(head.id) for head in (live, called, changed)]
    return [] if all(each.data == b"sealed" for each in kept) else ["what was not taken out is not as it was"]


async def _budgeted(journal: SqliteJournal, _: _Watching) -> list[str]:
    """A budget is used so often at most within its time; what is given back can be used again."""
    hour = timedelta(hours=1)

    async def used(quarters: int, budget: bytes = b"one") -> datetime | None:
        return await journal.spend(budget, _NOW + hour / 4 * quarters, most=2, within=hour)

    free = [await used(quarters) for quarters in range(6)]
    await journal.give_back(b"one", _NOW + hour)
    free += [await used(5), await used(0, b"other")]
    # Used at 0 and 15 minutes, and again when an hour has passed since each.
    right = [None, None, _NOW + hour, _NOW + hour, None, None, None, None]
    return [] if free == right else [f"a budget of two an hour was used {free.count(None)} times, and 6 is right"]


async def _forked(journal: SqliteJournal, _: _Watching) -> list[str]:
    """A process that was forked off while the journal was open does not use it: its locks would not be its own."""
    if not hasattr(os, "fork"):
        return []
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            os._exit(_opens_it(journal))
        os._exit(2)
    ended = await asyncio.to_thread(os.waitpid, child, 0)
    opened = os.waitstatus_to_exitcode(ended[1])
    return ["a journal that was open at a fork was opened in the child"] if opened else []


async def _swapped(journal: SqliteJournal, _: _Watching) -> list[str]:
    """One journey's data, put in the place of another's or of what was handed in, are not taken for that."""
    del journal
    keyring = Keyring([Keyring.generate_key()])
    blob = keyring.seal(b"hers", journey="hers", field=DATA_FIELD)
    found = []
    for journey, field, whose in (("his", DATA_FIELD, "another journey"), ("hers", message_field("m"), "a message")):
        with suppress(JournalError):
            keyring.unseal(blob, journey=journey, field=field)
            found.append(f"sealed data were taken for those of {whose}")
    return found


async def _signed(journal: SqliteJournal, _: _Watching) -> list[str]:
    """Whatever is changed in a row of a history, or before it, its signature does not fit any more."""
    del journal
    chain, first = Chain(secrets.token_bytes(32)), bytes(32)
    row = chain.sign(_row(str(uuid7()), 1), first)
    found = [] if chain.link(row, first) is Link.ORDINARY else ["a row that nobody has changed is not as it was signed"]
    for each in fields(row):
        other: Any = _NOW + timedelta(seconds=1) if each.name == "at" else 7
        if each.name != "mac" and chain.link(replace(row, **{each.name: other}), first) is not None:
            found.append(f"who changes a row's {each.name} is not found out")
    for previous, place in ((bytes(31) + b"x", "after another row"), (b"", "at the beginning")):
        if chain.link(row, previous) is not None:
            found.append(f"a row that was put {place} is not found out")
    if chain.link(chain.sign(row, first, Link.APART), first) is not Link.APART:
        found.append("a row that was signed apart passes for others")
    return found


async def _foreign(journal: SqliteJournal, disk: _Watching) -> list[str]:
    """A database that is no journal is refused, and stays as it is."""
    del journal
    path = disk.journal.with_name("other.db")
    path.touch(0o600)
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE accounts (id INTEGER)")
    before = path.read_bytes()
    try:
        other = SqliteJournal(path)
        await other.open()
        await other.close()
    except JournalError:
        return [] if path.read_bytes() == before else ["a database that is no journal was refused, and changed"]
    return ["a database that is no journal was made one"]


def _opens_it(journal: SqliteJournal) -> int:
    """1: it could."""

    async def open_it() -> None:
        await SqliteJournal(journal.place).open()

    loop = asyncio.new_event_loop()
    asyncio._set_running_loop(None)  # noqa: SLF001 - the loop that runs here is the parent's
    try:
        loop.run_until_complete(asyncio.wait_for(open_it(), 5))
    except JournalError:
        return 0
    return 1


async def _started(journal: SqliteJournal, key: bytes | None = None, data: bytes = b"sealed") -> Head:
    journey = str(uuid7())
    head = Head(
        id=journey, flow="verify-word", version=1, state="doing", status=Status.WORKING, seq=1, created=_NOW,
        updated=_NOW, entered=_NOW,
    )  # fmt: skip
    return await journal.create(head, data, _row(journey, 1), key)


async def _written(
    journal: SqliteJournal, head: Head, *, data: bytes | None = None, verdicts: tuple[Verdict, ...] = ()
) -> Head:
    new = replace(head, revision=head.revision + 1)
    await journal.write(Change(head=new, data=data, verdicts=verdicts))
    return new


async def _posted(journal: SqliteJournal, head: Head, message: str, payload: bytes = b"x") -> None:
    await journal.post(
        Message(id=message, journey=head.id, kind=MessageKind.CANCEL, name="cancel", payload=payload, at=_NOW)
    )


def _ended(head: Head) -> Head:
    return replace(head, status=Status.DONE, due=None, revision=head.revision + 1)


def _row(journey: str, seq: int) -> TransitionRecord:
    return TransitionRecord(journey=journey, seq=seq, at=_NOW, trigger="started", source="", dest="doing")


_WORDS: dict[str, Callable[[SqliteJournal, _Watching], Awaitable[list[str]]]] = {
    "locked": _locked,
    "started-once": _started_once,
    "fenced": _fenced,
    "one-owner": _one_owner,
    "decided-once": _decided_once,
    "all-or-nothing": _all_or_nothing,
    "resealed": _resealed,
    "erased": _erased,
    "taken-out": _taken_out,
    "budgeted": _budgeted,
    "forked": _forked,
    "swapped": _swapped,
    "signed": _signed,
    "foreign": _foreign,
}
