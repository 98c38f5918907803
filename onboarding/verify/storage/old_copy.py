"""A backup is restored, or a machine cloned: what the old copy would do next has been done, and is not done again."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from onboarding.journal.watermark import Watermark
from onboarding.verify.storage.aftermath import go_on
from onboarding.verify.storage.disk import Disk
from onboarding.verify.storage.stage import Found, Stage, changes
from onboarding.verify.storage.vfs import hook
from onboarding.verify.storage.world import World

__all__ = ["cases", "do"]

_KINDS = ("restored", "cloned", "without-mark")
_BEGUN = 300
"""Thousandths of a run before which there is not much to do twice."""


def cases(places: Sequence[int]) -> list[str]:
    """Their names: what was done with the copy, and how far on in the life of the journal it was made."""
    return [f"copy/{kind}/{place}" for place in places if place > _BEGUN for kind in _KINDS]


async def do(stage: Stage, arguments: Sequence[str], rng: random.Random) -> Found:
    """Copy the journal half-way, let it come to its end, and go on with the copy."""
    kind, permille = arguments
    found = Found()
    disk = stage.disk("new")
    world = stage.world(disk, rng, waiting=True)
    disk.copy_at = stage.place("new", changes, int(permille))
    await world.open()
    await world.play()
    await world.close()
    if disk.copied is None:
        return found
    found.counts["old copies"] += 1
    _put_back(disk.journal, disk.copied)
    match kind:
        case "without-mark":
            disk.journal.with_name(disk.journal.name + ".mark").unlink()
        case "cloned":
            _mark_as_then(disk.journal)
            _move(world, stage.folder("new"))
    hook(world.disk)
    _forget(world)
    # Without a word of anybody: what an old copy does by itself.
    world.answering = False
    before = _sent(world)
    await go_on(stage, world, found, patience=12)
    for effect, times in (_sent(world) - before).items():
        found.faults.append(f"the old copy did by itself what had been done: {effect}, {times} times")
    return found


def _sent(world: World) -> Counter[str]:
    """All that was done to anybody; a login that only looks is no harm."""
    entries = (entry for role in world.roles for entry in world.broker.ledger(role.subjects))
    return Counter(entry.effect for entry in entries if not entry.effect.startswith("log"))


def _put_back(journal: Path, files: Mapping[str, bytes]) -> None:
    for end in ("-wal", "-shm"):
        journal.with_name(journal.name + end).unlink(missing_ok=True)
    for name, content in files.items():
        if not name.endswith("-journal"):
            Path(name).touch(0o600)
            Path(name).write_bytes(content)


def _mark_as_then(journal: Path) -> None:
    """A machine that is cloned has the mark of the same moment: only which file it is of tells the copy."""
    with closing(sqlite3.connect(journal)) as database:
        (commits,) = database.execute("SELECT number FROM commits").fetchone()
    mark = Watermark(journal)
    mark.note(commits)
    mark.close()


def _move(world: World, folder: Path) -> None:
    shutil.copytree(world.path.parent, folder, dirs_exist_ok=True)
    folder.chmod(0o700)
    world.path = folder / world.path.name
    world.disk = Disk(world.path)


def _forget(world: World) -> None:
    """What was confirmed after the copy was made is nobody's fault."""
    world.memory.clear()
    world.disk.copy_at = None
