"""What leaves a journal on purpose, all of it: a person who is forgotten, a journey that is archived. What stays.

And what comes back: an old copy, and a journey that could not be read for a while.
"""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, TypeVar

from onboarding.clock import hours
from onboarding.engine import Journey, ParkKind
from onboarding.errors import JournalDamaged, NotPossible
from onboarding.journal import Message, MessageKind
from onboarding.machine import Done, Failed, Flow, HandedOver, Secret, Waiting, later, on_input
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.testing import VirtualClock
from onboarding.verify.storage.stage import Found, Stage

__all__ = ["cases", "do"]

T = TypeVar("T")

_NAME, _KEY, _WORDS = "Vera Verity", "the key of Vera", "Vera wants no more of it"
_LONG = timedelta(days=1)


class Leaves(Flow, name="verify-leaves", version=1):
    """A journey that asks for one thing."""

    nickname: str
    code: Secret | None = later()
    ticket: HandedOver | None = later()

    states: ClassVar = [Waiting("asking", up_to=hours(1)), Done("done"), Failed("expired")]
    transitions: ClassVar = [
        ["greeted", "asking", "asking"],
        ["told", "asking", "done"],
        ["timed_out", "asking", "expired"],
    ]

    @on_input
    def told(self, code: Secret) -> None:
        """Keep it."""
        self.code = self.ticket = code


def cases(places: Sequence[int]) -> list[str]:
    """Their names."""
    del places
    return [f"leave/{name}" for name in _LEAVE]


async def do(stage: Stage, arguments: Sequence[str], rng: random.Random) -> Found:
    """Begin a journal, and let somebody leave it."""
    del rng
    (name,) = arguments
    return Found(await _LEAVE[name](stage.folder("new")))


async def _forgotten(folder: Path) -> list[str]:
    """Of who is forgotten nothing is left, sealed or not: no data, no words, no key, nothing that was handed in."""
    async with _opened(folder) as (onboarding, clock):
        ended, cancelled = [await onboarding.start(Leaves, key=key, nickname=_NAME) for key in (_KEY, None)]
        blobs = [(await onboarding.journal.load(journey.id)).data for journey in (ended, cancelled)]
        await _asked(onboarding, onboarding.send(ended.id, "told", code="314159"))
        await _asked(onboarding, onboarding.cancel(cancelled.id, _WORDS))
        blobs.append(await _left_unseen(onboarding, ended, clock))
        for journey in (ended, cancelled):
            blobs.append((await onboarding.journal.load(journey.id)).data)
            await onboarding.forget(journey.id)
        found = [f"{name} still holds what was forgotten" for name in _holding(folder, (*blobs, _WORDS.encode()))]
        if (await onboarding.start(Leaves, key=_KEY, nickname=_NAME)).id == ended.id:
            found.append("a key still leads to who was forgotten")
        if not (await onboarding.audit()).ok:
            found.append("what is left of who was forgotten is not a history that holds")
        return found


async def _not_forgotten(folder: Path) -> list[str]:
    """Who is under way, or of whom a copy lies elsewhere, is not forgotten; a changed history is not covered up."""
    found = []
    async with _opened(folder) as (onboarding, _):
        live, changed, copied = [await onboarding.start(Leaves, nickname=_NAME) for _ in range(3)]
        for journey in (changed, copied):
            await _asked(onboarding, onboarding.send(journey.id, "told", code="314159"))
        with closing(sqlite3.connect(folder / "journal.db")) as database, database:
            database.execute("UPDATE transitions SET detail = 'mended' WHERE journey = ?", (changed.id,))
        # As archiving leaves it when it is broken off.
        under_way = {"to": str(folder / "archive.db"), "journeys": [copied.id]}
        await onboarding.journal.set_meta("archiving", json.dumps(under_way).encode())
        for journey, refusal, what in (
            (live, NotPossible, "a journey was forgotten that was under way"),
            (changed, JournalDamaged, "a history that was changed was covered up"),
            (copied, NotPossible, "a journey was forgotten of which there was a copy elsewhere"),
        ):
            try:
                await onboarding.forget(journey.id)
            except refusal:
                continue
            found.append(what)
    return found


async def _archived(folder: Path) -> list[str]:
    """What has ended is moved, its key stays used; what has not, or has something unseen, stays."""
    async with _opened(folder) as (onboarding, clock):
        ended, live, called = [
            await onboarding.start(Leaves, key=f"{_KEY} {number}", nickname=_NAME) for number in range(3)
        ]
        for journey in (ended, called):
            await _asked(onboarding, onboarding.send(journey.id, "told", code="314159"))
        clock.advance(_LONG)
        await _left_unseen(onboarding, called, clock)
        await onboarding.archive(_LONG / 2, folder / "archive.db")
        stayed = {journey.id for journey in await onboarding.list()}
        again = await onboarding.start(Leaves, key=f"{_KEY} 0", nickname=_NAME)
    async with _opened(folder, "archive.db") as (archive, _):
        moved = {journey.id for journey in await archive.list()}
    found = []
    if moved != {ended.id}:
        found.append(f"{len(moved)} journeys are in the archive, and one had ended with nothing left to be seen")
    if stayed != {live.id, called.id}:
        found.append("what had not ended, or not been answered, did not stay in the journal")
    if again.id != ended.id:
        found.append("the key of a journey that was archived has started another one")
    return found


async def _put_back(folder: Path) -> list[str]:
    """Of an old copy nobody knows how it went on, whatever was said before: nothing in it ends by itself."""
    journal, old = folder / "journal.db", folder / "old.db"
    async with _opened(folder) as (onboarding, _):
        waiting = await onboarding.start(Leaves, nickname=_NAME)
        await _asked(onboarding, onboarding.send(waiting.id, "greeted"))
    await asyncio.to_thread(shutil.copy2, journal, old)
    async with _opened(folder) as (onboarding, _):
        await _asked(onboarding, onboarding.send(waiting.id, "told", code="314159"))
    await asyncio.to_thread(shutil.copyfile, old, journal)
    async with _opened(folder) as (onboarding, clock):
        clock.advance(_LONG)
        await onboarding.drain()
        journey = await onboarding.get(waiting.id)
    if journey.parked is not None and journey.parked.kind is ParkKind.RESTORED:
        return []
    return [f"in an old copy, a journey is {journey.status.value} in {journey.state} because its time was up there"]


async def _unread(folder: Path) -> list[str]:
    """What could not be read for a while has a history that holds, when it goes on."""
    async with _opened(folder) as (onboarding, clock):
        waiting = await onboarding.start(Leaves, nickname=_NAME)
    async with _opened(folder, flows=()) as (onboarding, clock):
        clock.advance(_LONG)
        await onboarding.drain()
        parked = (await onboarding.list())[0].parked
    async with _opened(folder) as (onboarding, clock):
        await _asked(onboarding, onboarding.retry(waiting.id))
        clock.advance(_LONG)
        await onboarding.drain()
        journey, wrong = await onboarding.get(waiting.id), (await onboarding.audit()).findings
    async with _opened(folder, flows=()) as (onboarding, clock):
        await _left_unseen(onboarding, journey, clock)
        await onboarding.drain()
        ended = await onboarding.journal.head(journey.id)
    found = [finding.what for finding in wrong]
    if not ended.status.is_final:
        found.append(f"a journey that had ended is {ended.status.value}, because its flow is missing")
    if parked is None or parked.kind is not ParkKind.UNREADABLE or journey.state != "expired":
        found.append("a journey was not parked while its flow was missing, or did not go on when it was there again")
    return found


async def _handed_over(folder: Path) -> list[str]:
    """Of the secrets of a journey that has ended only those stay for whose sake it was made."""
    async with _opened(folder) as (onboarding, _):
        journey = await onboarding.start(Leaves, nickname=_NAME)
        await _asked(onboarding, onboarding.send(journey.id, "told", code="314159"))
        head, data = await onboarding.journal.head(journey.id), (await onboarding.journal.load(journey.id)).data
        flow, _, _ = onboarding._sealer.unseal(  # noqa: SLF001 - nothing shows a secret
            journey.id, data, flow=head.flow, version=head.version, state=head.state, ended=True
        )
    assert isinstance(flow, Leaves), "it was started as one"
    kept = {name for name in ("code", "ticket") if getattr(flow, name) is not None}
    if kept == {"ticket"} and flow.ticket is not None and flow.ticket.get_secret_value() == "314159":
        return []
    return [f"of a code and a ticket to be handed over there is left: {', '.join(sorted(kept)) or 'nothing'}"]


def _holding(folder: Path, pieces: Sequence[bytes]) -> list[str]:
    """The files in which one of the pieces lies."""
    return [path.name for path in sorted(folder.iterdir()) if any(piece in path.read_bytes() for piece in pieces)]


@asynccontextmanager
async def _opened(
    folder: Path, name: str = "journal.db", flows: Sequence[type[Flow]] = (Leaves,)
) -> AsyncIterator[tuple[Onboarding, VirtualClock]]:
    clock = VirtualClock()
    settings = Settings.model_construct(journal=f"sqlite:///{folder / name}", key_file=folder / "keys")
    async with Onboarding(settings, flows=flows, worker=False, api=object(), clock=clock) as onboarding:
        yield onboarding, clock


async def _asked(onboarding: Onboarding, asked: Awaitable[T]) -> T:
    asking = asyncio.ensure_future(asked)
    while not asking.done():
        await onboarding.drain()
        await asyncio.sleep(0)
    return await asking


async def _left_unseen(onboarding: Onboarding, journey: Journey, clock: VirtualClock) -> bytes:
    """Something that came too late to be looked at, as it is sealed."""
    payload = onboarding._sealer.seal_payload(journey.id, "late", {"code": "271828"})  # noqa: SLF001 - as a late sender
    await onboarding.journal.post(
        Message(
            id="late", journey=journey.id, kind=MessageKind.INPUT, name="told", payload=payload, at=clock.now()
        )
    )  # fmt: skip
    return payload


_LEAVE: dict[str, Callable[[Path], Awaitable[list[str]]]] = {
    "forgotten": _forgotten,
    "not-forgotten": _not_forgotten,
    "archived": _archived,
    "put-back": _put_back,
    "unread": _unread,
    "handed-over": _handed_over,
}
