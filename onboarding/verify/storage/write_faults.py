"""The disk is full, breaks, may only be read, or is held by another: at any of the operations of a run.

Nothing is sent that is not written down, nothing is told that is not stored, and when the disk works again, so does the
process, without being started anew.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import ExitStack

from filelock import FileLock

from onboarding.verify.storage.disk import CHANGES, Disk, Fault
from onboarding.verify.storage.stage import STARTS, Found, Stage
from onboarding.verify.storage.vfs import Operation

__all__ = ["cases", "do"]

_FULL, _READ_ONLY, _BUSY = 13, 8, 5
_IO_READ, _IO_WRITE, _IO_SYNC, _IO_TRUNCATE = (10 | extra << 8 for extra in (1, 3, 4, 6))

_WRITES = frozenset({Operation.WRITE})
_LOCKS = frozenset({Operation.LOCK, Operation.WRITE_LOCK})
_KINDS: dict[str, tuple[frozenset[Operation], int, bool]] = {
    "full": (_WRITES, _FULL, True),
    "full-once": (_WRITES, _FULL, False),
    "write-error": (_WRITES, _IO_WRITE, True),
    "write-error-once": (_WRITES, _IO_WRITE, False),
    "sync-error": (frozenset({Operation.SYNC}), _IO_SYNC, True),
    "sync-error-once": (frozenset({Operation.SYNC}), _IO_SYNC, False),
    "truncate-error": (frozenset({Operation.TRUNCATE, Operation.DELETE}), _IO_TRUNCATE, True),
    "read-error": (frozenset({Operation.READ}), _IO_READ, True),
    "read-error-once": (frozenset({Operation.READ}), _IO_READ, False),
    "read-only": (CHANGES, _READ_ONLY, True),
    "busy": (_LOCKS, _BUSY, True),
}
_HELD = "held"
_TROUBLED = 13
"""Ticks that the trouble lasts: longer than the worker waits after an error."""


def cases(places: Sequence[int]) -> list[str]:
    """Their names: what goes wrong, how the journal starts, and how far on in its life."""
    return [f"fault/{kind}/{start}/{place}" for place in places for kind in (*_KINDS, _HELD) for start in STARTS]


async def do(stage: Stage, arguments: Sequence[str], rng: random.Random) -> Found:
    """Let it go wrong, mend it, and judge."""
    kind, start, permille = arguments
    found = Found()
    disk = stage.disk(start)
    world = stage.world(disk, rng)
    trouble = _Held(disk, int(permille)) if kind == _HELD else _Broken(stage, disk, kind, start, int(permille))
    with ExitStack() as stack:
        stack.callback(trouble.end)
        await world.open_when_possible(trouble.tick)
        if not await world.play(trouble.tick):
            found.faults.append("when the disk worked again, not every journey came to an end")
        trouble.end()
        found.faults += ["damage was reported, and nothing was damaged"] if world.damage or world.refused else []
        faults, judgements = await world.faults(stage.baselines)
        found.faults += faults
        await world.close()
        # What a process says is one thing, what the next one finds another.
        await world.open()
        found.faults += [fault for fault in await world.faults_of_storage() if fault not in found.faults]
        await world.close()
    found.counts["failed operations"] += max(disk.failed, int(trouble.struck))
    found.counts["effects doubled"] += sum(judgement.doubled for judgement in judgements)
    found.counts["effects lost"] += sum(judgement.missing for judgement in judgements)
    found.counts["journeys"] += len(judgements)
    return found


class _Broken:
    """An operation fails, and perhaps all after it, until the disk is repaired."""

    def __init__(self, stage: Stage, disk: Disk, kind: str, start: str, permille: int) -> None:
        what, code, lasting = _KINDS[kind]
        disk.fault = Fault(what, stage.place(start, what.__contains__, permille), code, lasting=lasting)
        self._disk = disk
        self._ticks = 0

    @property
    def struck(self) -> bool:
        return self._disk.failed > 0

    def tick(self) -> bool:
        """Time moves on; at last somebody repairs it."""
        self._ticks += self.struck
        if self._ticks > _TROUBLED:
            self.end()
        return True

    def end(self) -> None:
        self._disk.repair()


class _Held:
    """Another process holds the lock of the journal's writers, and is stuck."""

    def __init__(self, disk: Disk, permille: int) -> None:
        self._lock = FileLock(disk.journal.with_name(disk.journal.name + ".lock"), timeout=0, mode=0o600)
        self._begins = permille * 12 // 1000
        self._ticks = 0
        self.struck = False

    def tick(self) -> bool:
        self._ticks += 1
        if not self.struck and self._ticks > self._begins:
            self._lock.acquire(timeout=1)
            self.struck = True
        elif self._ticks > self._begins + _TROUBLED:
            self.end()
        return True

    def end(self) -> None:
        self._lock.release(force=True)
