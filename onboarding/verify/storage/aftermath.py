"""Journeys that stop half-way, something that befalls their files, and what must hold afterwards."""

from __future__ import annotations

import random

from onboarding.clock import hours
from onboarding.engine import ParkKind
from onboarding.errors import JournalDamaged, OnboardingError
from onboarding.journal import Status
from onboarding.log import log
from onboarding.verify.storage.stage import Found, Stage
from onboarding.verify.storage.world import World

__all__ = ["go_on", "half_way"]

_WHOLE = "is damaged: restore it from a backup"
"""What is said where the file itself is damaged: then nobody can say how far each journey comes."""
_TICKS = 3
_PATIENCE = 40
_LONG = hours(24)
_QUARANTINED = (ParkKind.UNREADABLE, ParkKind.IN_DOUBT, ParkKind.RESTORED)


async def half_way(stage: Stage, rng: random.Random, *, crashed: bool) -> World:
    """Journeys of which some have ended and some wait for a code, and whose process is gone.

    Args:
        stage: where.
        rng: whose they are.
        crashed: whether it had no time to close the journal: then the newest commits are in its log.
    """
    world = stage.world(stage.disk("new"), rng, waiting=True)
    world.answering = False
    await world.open()
    ticks = iter(range(_TICKS))
    await world.play(lambda: next(ticks, None) is not None)
    world.disk.dead = crashed
    await world.close()
    world.disk.dead = False
    world.answering = True
    world.troubles.clear()
    return world


async def go_on(
    stage: Stage, world: World, found: Found, *, only: str | None = None, must: bool = True, patience: int = _PATIENCE
) -> None:
    """Start a process on what is left, and judge: damage is named, nothing done twice, nothing falsely said to be done.

    Args:
        stage: where.
        world: the journeys.
        found: where it is written down.
        only: the one journey that was damaged: all others must not notice. None: any may have been.
        must: whether the damage to that one must be found.
        patience: ticks in which it is to come to rest.
    """
    said: list[str] = []
    log.enable("onboarding")
    sink = log.add(lambda message: said.append(str(message)), level="WARNING", format="{message}")
    try:
        opened = await _open(world, found)
        if opened:
            at_rest = await world.play(patience=patience)
            if not at_rest and world.answering:  # what cannot be answered any more is looked at when its time is up
                world.clock.advance(_LONG)
                at_rest = await world.play(patience=_PATIENCE)
            # Whoever runs the worker reads it in the log; whoever asks is told.
            world.damage += [line for line in said if _WHOLE in line]
            if not (at_rest or world.damage) and world.answering:
                found.faults.append("it neither ends nor says what is damaged")
    finally:
        log.remove(sink)
        log.disable("onboarding")
    found.faults += world.strange
    found.faults += [f"it was logged: {line.strip()}" for line in said if "failed with" in line]
    if opened:
        await _judge(stage, world, found, only=only, must=must, named=bool(world.damage or world.refused or said))
    for role in world.roles:
        found.faults += world.doubled(role, stage.baselines[role.flow])
    await world.close()


async def _open(world: World, found: Found) -> bool:
    try:
        await world.open()
    except OnboardingError as error:
        world.note(error)
        found.counts["journals refused"] += 1
        return False
    return True


async def _judge(stage: Stage, world: World, found: Found, *, only: str | None, must: bool, named: bool) -> None:
    assert world.onboarding is not None
    for number, journey in world.journeys.items():
        role = world.roles[number]
        try:
            seen, history = await world.read(number)
        except JournalDamaged as error:
            if journey not in str(error) and not world.damage:
                found.faults.append(f"{role.flow}: its damage is reported, but not its name")
            quarantined = True
        except OnboardingError as error:
            quarantined = named
            found.faults += [] if named else [f"{role.flow}: it is gone without a word: {type(error).__name__}"]
        else:
            quarantined = seen.parked is not None and seen.parked.kind in _QUARANTINED
            waits = seen.status is Status.WAITING and not world.answering
            if not quarantined and not waits and not (world.damage and seen.status is not Status.DONE):
                judged = world.judged(role, stage.baselines, seen, history)
                found.faults += [f"{role.flow}: {fault}" for fault in judged.faults]
        found.counts["journeys"] += 1
        found.counts["journeys quarantined"] += quarantined
        if only is not None and quarantined and journey != only:
            found.faults.append(f"{role.flow}: it was not damaged, and does not go on")
        if only == journey and must and not quarantined:
            found.faults.append(f"{role.flow}: its damage was not found")
    found.faults += await _listed(world)


async def _listed(world: World) -> list[str]:
    """The list shows every journey, whatever became of one of them, or says that the journal is damaged."""
    assert world.onboarding is not None
    try:
        page = await world.onboarding.list(limit=1000)
    except JournalDamaged as error:
        whole = world.damage or not any(journey in str(error) for journey in world.journeys.values())
        return [] if whole else ["one damaged journey keeps all others from being listed"]
    except OnboardingError as error:
        return [f"the list fails with {type(error).__name__}"]
    except Exception as error:  # noqa: BLE001 - what must not be
        return [f"the list fails with {type(error).__name__}"]
    del page
    return []
