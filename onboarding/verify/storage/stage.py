"""What the cases of one process have in common: the flows, what they do undisturbed, and journals to begin with."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from onboarding.errors import JournalError
from onboarding.journal import SqliteJournal
from onboarding.machine import Flow
from onboarding.verify.plan import Plan
from onboarding.verify.reckoning import Baseline
from onboarding.verify.storage.disk import CHANGES, Disk
from onboarding.verify.storage.vfs import Operation, hook
from onboarding.verify.storage.world import World

__all__ = ["STARTS", "Found", "Stage"]

STARTS = ("new", "worn")
"""A journal that is yet to be made; one whose log is about to be copied into the file and begun anew."""

_PAGE = 4096
_FRAME = 24 + _PAGE
_LOG_FRAMES = 930
"""SQLite copies the log into the file at 1000 frames."""
_HANDFUL = 5
"""Journeys of one case: of as many flows, which chance chooses."""


@dataclass(slots=True)
class Found:
    """What a case found.

    Attributes:
        faults: what did not hold, a sentence each.
        counts: what was done.
        skipped: why it could not be done here.
    """

    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    skipped: str | None = None


class Stage:
    """Where the cases of one process play.

    Args:
        plan: its folder, its seed.
        flows: the flows that are played.
    """

    def __init__(self, plan: Plan, flows: Sequence[type[Flow]]) -> None:
        self.plan = plan
        self.flows = flows
        self.baselines: dict[str, Baseline] = {}
        self.totals: dict[str, Counter[Operation]] = {}
        """By how it starts: how often an undisturbed run does what to its files."""
        self._number = 0
        self._worlds: list[World] = []

    async def set_up(self) -> None:
        """Play undisturbed, and make the journals to begin with."""
        worn = self.plan.folder / "worn"
        (worn / "first").mkdir(parents=True, mode=0o700)
        await self._wear(worn / "first")
        self.baselines, _ = await self._undisturbed("new", self.flows)
        for start in STARTS:
            _, self.totals[start] = await self._undisturbed(start, self._handful(self.plan.rng(start)))

    def folder(self, start: str) -> Path:
        """A folder of its own for a case, with the journal that it starts with."""
        self._number += 1
        folder = self.plan.folder / f"case-{self._number}"
        if start == "worn":
            shutil.copytree(self.plan.folder / "worn", folder)
        else:
            folder.mkdir()
        folder.chmod(0o700)
        return folder

    def disk(self, start: str) -> Disk:
        """A disk with such a journal, on which everything from now on happens."""
        disk = Disk(self.folder(start) / "journal.db")
        hook(disk)
        return disk

    def world(self, disk: Disk, rng: random.Random, *, waiting: bool = False) -> World:
        """Journeys of a handful of the flows on a disk; ``waiting``: some of those that wait for something, too."""
        flows = self._handful(rng)
        if waiting:
            patient = [flow for flow in self.flows if any(flow.definition.inputs.values())]
            flows = list(dict.fromkeys([*rng.sample(patient, min(2, len(patient))), *flows]))[:_HANDFUL]
        world = World(disk, rng, flows)
        self._worlds.append(world)
        return world

    async def clear(self) -> None:
        """After a case, however it ended: nothing of it goes on."""
        for world in self._worlds:
            with suppress(Exception):
                await world.close()
        self._worlds.clear()
        hook(Disk(self.plan.folder / "nothing"))

    def place(self, start: str, what: Callable[[Operation], bool], permille: int) -> int:
        """The number, from 1, of one of the operations of a run: so far on in it."""
        total = sum(times for operation, times in self.totals[start].items() if what(operation))
        return 1 + total * permille // 1000

    def _handful(self, rng: random.Random) -> list[type[Flow]]:
        return rng.sample(list(self.flows), min(_HANDFUL, len(self.flows)))

    async def _undisturbed(
        self, start: str, flows: Sequence[type[Flow]]
    ) -> tuple[dict[str, Baseline], Counter[Operation]]:
        disk = _Counting(self.folder(start) / "journal.db")
        hook(disk)
        world = World(disk, self.plan.rng("undisturbed"), flows)
        await world.open()
        if not await world.play():
            raise JournalError(f"undisturbed, the flows do not come to their end: {'; '.join(world.troubles[-1:])}")
        baselines = await world.baselines()
        await world.close()
        return baselines, disk.done

    async def _wear(self, folder: Path) -> None:
        """A journal that has written its log nearly full, as a process leaves it that is killed."""
        disk = Disk(folder / "journal.db")
        hook(disk)
        world = World(disk, self.plan.rng("worn"), ())
        await world.open()
        journal = SqliteJournal(disk.journal)
        await journal.open()
        await journal.set_meta("verify", self.plan.rng("log").randbytes(_room_in_log(disk.journal)))
        _copy(folder, folder.parent)
        await journal.close()
        await world.close()


def _room_in_log(journal: Path) -> int:
    """How many bytes it takes until the log is about to be copied into the file."""
    frames = journal.with_name(journal.name + "-wal").stat().st_size // _FRAME
    return (_LOG_FRAMES - frames) * _PAGE


def _copy(source: Path, target: Path) -> None:
    for path in source.iterdir():
        if not path.name.endswith("-shm"):
            shutil.copy2(path, target)


class _Counting(Disk):
    """Counts what is done to it."""

    def __init__(self, journal: Path) -> None:
        super().__init__(journal)
        self.done: Counter[Operation] = Counter()

    def before(self, what: Operation, path: str, offset: int, data: bytes) -> int:
        """Count, and let it happen."""
        self.done[what] += 1
        return super().before(what, path, offset, data)


def changes(what: Operation) -> bool:
    """Whether it changes a file, or makes a change last."""
    return what in CHANGES
