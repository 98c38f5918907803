"""The power goes at any moment: what was confirmed is there when it comes back, and every journey goes on."""

from __future__ import annotations

import random
from collections.abc import Sequence

from onboarding.errors import JournalError, OnboardingError
from onboarding.verify.storage.disk import Disk
from onboarding.verify.storage.stage import STARTS, Found, Stage, changes
from onboarding.verify.storage.world import World

__all__ = ["cases", "do"]

_AGAIN = 0.3
"""How often it goes once more, while what it left is being put in order."""


def cases(places: Sequence[int]) -> list[str]:
    """Their names: how the journal starts, and how far on in its life the power goes."""
    return [f"cut/{start}/{place}" for place in places for start in STARTS]


async def do(stage: Stage, arguments: Sequence[str], rng: random.Random) -> Found:
    """Cut the power once, or twice, and judge."""
    start, permille = arguments
    found = Found()
    disk = stage.disk(start)
    world = stage.world(disk, rng)
    disk.cut_at = stage.place(start, changes, int(permille))
    await _live(world)
    found.counts["power cuts"] += disk.dead
    disk.come_back(rng)
    if rng.random() < _AGAIN:
        disk.cut_at = disk.changes + rng.randrange(1, 80)
        await _live(world)
        found.counts["power cuts"] += disk.dead
        disk.come_back(rng)
    try:
        await world.open()
    except OnboardingError as error:
        found.faults.append(f"after the power cut the journal does not open: {_masked(error, disk)}")
        return found
    if not await world.play():
        found.faults.append("after the power cut not every journey comes to an end")
    found.faults += ["damage was reported, and nothing was damaged"] if world.damage or world.refused else []
    faults, judgements = await world.faults(stage.baselines)
    found.faults += faults
    found.counts["effects doubled"] += sum(judgement.doubled for judgement in judgements)
    found.counts["effects lost"] += sum(judgement.missing for judgement in judgements)
    found.counts["journeys"] += len(judgements)
    await world.close()
    return found


async def _live(world: World) -> None:
    """One process, until the power goes or nothing is left to do."""
    try:
        await world.open()
        await world.play(lambda: not world.disk.dead)
    except JournalError as error:
        world.note(error)
    await world.close()


def _masked(error: OnboardingError, disk: Disk) -> str:
    return str(error).replace(str(disk.journal), "the journal")
