"""What the processes of a round do: they advance, they use, they look. Each is the full library, as users run it."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from onboarding.engine import Journey
from onboarding.errors import JournalBusy
from onboarding.journal import TransitionRecord
from onboarding.machine import Flow
from onboarding.sandbox import SandboxDesk
from onboarding.service import Onboarding
from onboarding.settings import Settings
from onboarding.verify.crash.user import attend
from onboarding.verify.rehearsal import Role

__all__ = ["Actors", "Looked", "Part", "Used"]


@dataclass(frozen=True, slots=True)
class Part:
    """A journey that somebody wants: started by whoever comes first, with the same key."""

    key: str
    flow: type[Flow]
    role: Role
    begins: float = 0.0
    """Seconds after which a user comes with it; until then nobody starts it."""


@dataclass(slots=True)
class Used:
    """What a user saw.

    Attributes:
        ended: by key, how each journey stood at last, and its history.
        busy: how often the journal was busy for longer than its timeout.
        slowest: seconds that the slowest list took.
    """

    ended: dict[str, tuple[Journey, Sequence[TransitionRecord]]] = field(default_factory=dict)
    asked: int = 0
    busy: int = 0
    slowest: float = 0.0


@dataclass(frozen=True, slots=True)
class Looked:
    """What somebody saw who came by: how long that took, who advances, whether the file is sound."""

    seconds: float
    journeys: int
    owner: int
    sound: bool


@dataclass(frozen=True, slots=True)
class Actors:
    """The processes of one round."""

    settings: Settings
    desk: SandboxDesk
    flows: tuple[type[Flow], ...]
    place: Path | None
    """The journal's file; None: it is on a server."""

    def advance(self, parts: Sequence[Part]) -> None:
        """Start some journeys, and advance all of them until SIGTERM comes."""
        asyncio.run(self._advance(parts))

    async def _advance(self, parts: Sequence[Part]) -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        async with Onboarding(self.settings, flows=self.flows) as onboarding:
            for part in (each for each in parts if not each.begins):
                with suppress(JournalBusy):
                    await onboarding.start(part.flow, key=part.key, **part.role.fields)
            await stop.wait()

    def use(self, parts: Sequence[Part], patience: float) -> Used:
        """Stay with journeys until all have ended, and list them all the while."""
        return asyncio.run(self._use(parts, patience))

    async def _use(self, parts: Sequence[Part], patience: float) -> Used:
        used = Used()
        async with Onboarding(self.settings, flows=self.flows, worker=False) as onboarding:
            listing = asyncio.create_task(_list(onboarding, used))
            await asyncio.gather(*(self._stay(onboarding, part, used, patience) for part in parts))
            listing.cancel()
            with suppress(asyncio.CancelledError):
                await listing
        return used

    async def _stay(self, onboarding: Onboarding, part: Part, used: Used, patience: float) -> None:
        await asyncio.sleep(part.begins)
        until = time.monotonic() + patience
        while (left := until - time.monotonic()) > 0:
            try:
                journey = await onboarding.start(part.flow, key=part.key, **part.role.fields)
                journey, asked = await attend(onboarding, self.desk, part.flow, part.role, journey, left)
            except JournalBusy:
                used.busy += 1
                continue
            used.asked += len(asked)
            used.ended[part.key] = replace(journey, data=None), await onboarding.history(journey.id)
            return

    def look(self) -> Looked:
        """Come by: open the journal, list, see who advances."""
        return asyncio.run(self._look())

    async def _look(self) -> Looked:
        began = time.monotonic()
        async with Onboarding(self.settings, flows=self.flows, worker=False) as onboarding:
            journeys = await onboarding.list(limit=1000)
            rows = [row for each in journeys for row in (await onboarding.history(each.id))[-1:]]
            sound = self._is_whole() if self.place is not None else (await onboarding.audit()).ok
        took = time.monotonic() - began
        last = max((row for row in rows if row.trigger != "started"), key=lambda row: row.at, default=None)
        return Looked(took, len(journeys), 0 if last is None else process_of(last), sound)

    def _is_whole(self) -> bool:
        assert self.place is not None
        with sqlite3.connect(f"{self.place.as_uri()}?mode=ro", uri=True) as connection:
            sound = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        return bool(sound)


def process_of(row: TransitionRecord) -> int:
    """The process that wrote a transition."""
    return int((row.worker or "::").split(":")[-2] or 0)


async def _list(onboarding: Onboarding, used: Used) -> None:
    while True:
        began = time.monotonic()
        with suppress(JournalBusy):
            await onboarding.list()
        used.slowest = max(used.slowest, time.monotonic() - began)
        await asyncio.sleep(0.05)
