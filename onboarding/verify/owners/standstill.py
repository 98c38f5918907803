"""A process that is stopped in the middle of a COMMIT, while it holds the lock that every writer needs."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection

from onboarding.errors import JournalBusy
from onboarding.journal.sqlite import SqliteJournal
from onboarding.journal.writer import Writer
from onboarding.machine import Flow
from onboarding.service import Onboarding
from onboarding.verify.crash.child import fork
from onboarding.verify.crash.trial import Stage
from onboarding.verify.guards.patching import in_place_of
from onboarding.verify.owners.actors import Actors, Part
from onboarding.verify.owners.rounds import Result, actors_for
from onboarding.verify.rehearsal import cast

__all__ = ["STANDSTILL", "stand_still"]

STANDSTILL = "stopped-in-commit"
_BUSY = 0.5
"""Seconds after which a writer is told that the journal is busy."""
_LATE = 2.0
_SOON = 0.3
_BEFORE = 2
"""The write of the journey in whose COMMIT it stops."""


def stand_still(stage: Stage, flows: Mapping[str, type[Flow]]) -> Result:
    """Others can go on reading, and writers are told soon; when it goes on, everything does."""
    with stage.journal(stage.plan.folder / STANDSTILL) as place:
        return _stand_still(stage, flows, actors_for(stage, flows, place))


def _stand_still(stage: Stage, flows: Mapping[str, type[Flow]], actors: Actors) -> Result:
    result = Result(STANDSTILL, counts={"stops": 1, "busy": 0})
    rng = stage.plan.rng("owners", STANDSTILL)
    flow = next(iter(flows.values()))
    parts = [Part(f"{STANDSTILL}-{number}", flow, cast(flow, stage.desk, rng)) for number in range(2)]
    ready, go = os.pipe(), os.pipe()
    other = fork(partial(_other, actors, parts, ready[1], go[0]))
    os.read(ready[0], 1)
    stopped = fork(partial(_stopped, actors, parts[0]))
    os.waitpid(stopped.process, os.WUNTRACED)
    os.write(go[1], b"g")
    os.read(ready[0], 1)
    os.kill(stopped.process, signal.SIGCONT)
    os.write(go[1], b"g")
    code, found = other.wait()
    result.faults += [f"the other process ended with {code}"] if found is None else found[0]
    result.counts["busy"] = 0 if found is None else found[1]
    os.kill(stopped.process, signal.SIGTERM)
    if stopped.wait()[0]:
        result.faults.append("the process that had been stopped did not end in good order")
    looked = fork(actors.look).wait()[1]
    if looked is None or not looked.sound or looked.journeys != len(parts):
        result.faults.append("the journal is not as it should be afterwards")
    return result


def _stopped(actors: Actors, part: Part) -> None:
    """Advance a journey, and stop once in the middle of it."""
    commits, apply = 0, Writer._apply  # noqa: SLF001 - what stands there is written, and not yet committed

    def applying(writer: Writer, connection: Connection, jobs: Sequence[Any]) -> None:
        nonlocal commits
        apply(writer, connection, jobs)
        commits += any(job.change is not None for job in jobs)
        if commits == _BEFORE:
            commits += 1
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(_SOON)  # until the signal has stopped this thread too

    with in_place_of(Writer, "_apply", applying):
        actors.advance([part])


def _other(actors: Actors, parts: list[Part], ready: int, go: int) -> tuple[list[str], int]:
    """Read and write while the other one is stopped; write again when it goes on."""
    return asyncio.run(_go_on(actors, parts, ready, go))


async def _go_on(actors: Actors, parts: list[Part], ready: int, go: int) -> tuple[list[str], int]:
    faults: list[str] = []
    busy = 0
    assert actors.place is not None, "it is about the lock of a file"
    journal = SqliteJournal(actors.place, busy_timeout=_BUSY)
    async with Onboarding(actors.settings, flows=actors.flows, journal=journal, worker=False) as onboarding:
        os.write(ready, b"r")
        os.read(go, 1)
        began = time.monotonic()
        try:
            await onboarding.list()
            waited = time.monotonic() - began > _BUSY
        except JournalBusy:
            waited = True
        if waited:
            faults.append("a list waited for a process that was stopped while it wrote")
        began = time.monotonic()
        try:
            await onboarding.start(parts[1].flow, key=parts[1].key, **parts[1].role.fields)
            faults.append("a journey was started although another process held the journal's lock")
        except JournalBusy:
            busy += 1
        if time.monotonic() - began > _BUSY + _LATE:
            faults.append("a writer was not told in time that the journal is busy")
        os.write(ready, b"r")
        os.read(go, 1)
        for part in parts:
            journey = await onboarding.start(part.flow, key=part.key, **part.role.fields)
            journey = await onboarding.wait(journey.id, timeout=10)
            if journey.due is not None and journey.status == "working":
                faults.append("a journey did not go on after the process that was stopped did")
    return faults, busy
