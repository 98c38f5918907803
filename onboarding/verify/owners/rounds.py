"""A round: processes on one journal, disturbed by a plan that the seed gives, and what has to be true afterwards."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from onboarding.journal import TransitionRecord
from onboarding.journal.backends import sqlite_path
from onboarding.machine import Flow
from onboarding.sandbox import SandboxConfig
from onboarding.verify.crash.child import Child, fork, in_child
from onboarding.verify.crash.trial import Rehearsal, Stage
from onboarding.verify.crash.user import ledger_of
from onboarding.verify.databases import LEASE
from onboarding.verify.owners.actors import Actors, Looked, Part, Used, process_of
from onboarding.verify.owners.takeovers import takeovers_of
from onboarding.verify.reckoning import judge
from onboarding.verify.rehearsal import cast

__all__ = ["TAKEOVER", "Result", "Round", "actors_for", "judge_takeovers", "play"]

TAKEOVER = 2.0
"""Seconds from a death to the next transition, at most."""
_USERS = 2
_PATIENCE = 25.0
_TICK = 0.1
_BUSY = 0.8
"""The share of a round within which journeys are started."""
_WAYS = ("kill", "stop any", "kill", "stop and kill", "stop")
"""What befalls the owner, or any: the seed says where it begins."""


@dataclass(frozen=True, slots=True)
class Round:
    """How a round goes.

    Attributes:
        workers: processes that would advance.
        copies: journeys of each flow.
        seconds: how long reviews go on moving, so that there is something to do.
        strikes: how often somebody is stopped, or killed.
        longest_stop: seconds that somebody is stopped for at most.
    """

    workers: int
    copies: int
    seconds: float
    strikes: int
    longest_stop: float = 0.5

    @property
    def name(self) -> str:
        """By which it can be done again."""
        return f"{self.workers}-processes"


@dataclass(slots=True)
class Result:
    """What a round has shown."""

    case: str
    faults: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    takeovers: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Unrest:
    """Who was killed and stopped, and when."""

    deaths: list[tuple[float, int]] = field(default_factory=list)
    stops: list[tuple[float, float]] = field(default_factory=list)
    looks: list[Looked | None] = field(default_factory=list)


def play(stage: Stage, flows: Mapping[str, type[Flow]], known: Mapping[str, Rehearsal], plan: Round) -> Result:
    """Play a round and judge it."""
    with stage.journal(stage.plan.folder / plan.name) as place:
        return _play(stage, flows, known, plan, actors_for(stage, flows, place))


def _play(
    stage: Stage, flows: Mapping[str, type[Flow]], known: Mapping[str, Rehearsal], plan: Round, actors: Actors
) -> Result:
    rng = stage.plan.rng("owners", plan.name)
    parts = _parts(stage, flows, plan, rng)
    result = Result(plan.name)
    workers = [fork(partial(actors.advance, parts[number :: plan.workers])) for number in range(plan.workers)]
    users = [fork(partial(actors.use, parts[number::_USERS], _PATIENCE)) for number in range(_USERS)]
    unrest = _disturb(actors, workers, plan, rng)
    seen = _all_used(users)
    for worker in workers:
        os.kill(worker.process, signal.SIGTERM)
    for worker in workers:
        code, _ = worker.wait()
        if code:
            result.faults.append(f"a process ended with {code} when it was asked to stop")
    unrest.looks.append(in_child(actors.look)[1])
    _judge(stage, known, parts, seen, result)
    if stage.databases is None:
        _judge_owners(seen, unrest, result)
    else:
        histories = [history for used in seen if used is not None for _, history in used.ended.values()]
        judge_takeovers(takeovers_of(histories, unrest.deaths, unrest.stops), LEASE + TAKEOVER, result)
    _judge_looks(unrest, result)
    _count(seen, unrest, result, plan)
    return result


def actors_for(stage: Stage, flows: Mapping[str, type[Flow]], place: Mapping[str, Any]) -> Actors:
    """The processes of a round, on the journal that these settings name."""
    config = SandboxConfig()
    settings = stage.settings.model_copy(
        update={
            **place, "base_url": stage.url, "tenant_id": config.tenant_id,
            "api_token": config.token, "landing_delay": timedelta(seconds=1), "cooldown": timedelta(seconds=0.5),
        }
    )  # fmt: skip
    file = None if stage.databases is not None else sqlite_path(place["journal"])
    return Actors(type(settings).model_validate(settings.model_dump()), stage.desk, tuple(flows.values()), file)


def _parts(stage: Stage, flows: Mapping[str, type[Flow]], plan: Round, rng: random.Random) -> list[Part]:
    """So many journeys of each flow. Their reviews move all the time, so that there is always something to do."""
    moves = int(plan.seconds / _TICK)
    review = [(number * _TICK, ("Handling", "Dealed")[number % 2]) for number in range(moves)]
    review.append((plan.seconds + _TICK, "Finished"))

    def begins(copy: int) -> float:
        # Where each process holds what it has in hand, somebody who dies is to have something in hand all the while.
        return 0.0 if not copy or stage.databases is None else rng.uniform(0, plan.seconds * _BUSY)

    return [
        Part(f"{name}-{copy}", flow, cast(flow, stage.desk, rng, review=review), begins(copy))
        for copy in range(plan.copies)
        for name, flow in flows.items()
    ]


def _disturb(actors: Actors, workers: list[Child[None]], plan: Round, rng: random.Random) -> _Unrest:
    """Stop, continue, kill and replace processes, and come by to look."""
    unrest = _Unrest()
    time.sleep(rng.uniform(0.3, 0.6))
    first = rng.randrange(len(_WAYS))
    for number in range(first, first + plan.strikes):
        look = in_child(actors.look)[1]
        unrest.looks.append(look)
        owner = next((each for each in workers if look is not None and each.process == look.owner), None)
        what = _WAYS[number % len(_WAYS)]
        victim = rng.choice(workers) if owner is None or what == "stop any" else owner
        time.sleep(rng.uniform(0.0, 0.1))
        if what == "kill":
            _kill(actors, workers, victim, unrest)
        else:
            os.kill(victim.process, signal.SIGSTOP)
            began = time.time()
            visitor = fork(actors.look)
            if what == "stop and kill":
                others = [each for each in workers if each is not victim]
                _kill(actors, workers, rng.choice(others), unrest)
            time.sleep(rng.uniform(0.05, plan.longest_stop))
            os.kill(victim.process, signal.SIGCONT)
            unrest.stops.append((began, time.time()))
            unrest.looks.append(visitor.wait()[1])
        time.sleep(rng.uniform(0.1, 0.3))
    return unrest


def _kill(actors: Actors, workers: list[Child[None]], victim: Child[None], unrest: _Unrest) -> None:
    """Kill a process; another one comes in its place."""
    os.kill(victim.process, signal.SIGKILL)
    unrest.deaths.append((time.time(), victim.process))
    victim.wait()
    workers[workers.index(victim)] = fork(partial(actors.advance, ()))


def _all_used(users: Sequence[Child[Used]]) -> list[Used | None]:
    return [user.wait()[1] for user in users]


def _judge(
    stage: Stage, known: Mapping[str, Rehearsal], parts: Sequence[Part], seen: Sequence[Used | None], result: Result
) -> None:
    """Whether each journey did what it should, once."""
    ended = {key: how for used in seen if used is not None for key, how in used.ended.items()}
    doubled = missing = 0
    for part in parts:
        name = part.flow.definition.name
        if part.key not in ended:
            result.faults.append(f"{name}: its user did not see it end")
            continue
        journey, history = ended[part.key]
        judged = judge(part.flow, known[name].baseline, journey, history, ledger_of(stage.desk, part.role))
        doubled, missing = doubled + judged.doubled, missing + judged.missing
        result.faults += [f"{name}: {fault}" for fault in judged.faults]
    result.counts["effects doubled"], result.counts["effects lost"] = doubled, missing


def _judge_owners(seen: Sequence[Used | None], unrest: _Unrest, result: Result) -> None:
    """Whether one process at a time advanced, and another one took over in time."""
    rows = sorted(
        (row for used in seen if used is not None for _, history in used.ended.values() for row in history
         if row.trigger != "started"),
        key=lambda row: row.at,
    )  # fmt: skip
    turns = [process_of(row) for number, row in enumerate(rows) if not number or _other(rows[number - 1], row)]
    if len(turns) > len(set(turns)):
        result.faults.append("two processes advanced journeys at the same time")
    for moment, process in unrest.deaths:
        before = [row for row in rows if row.at.timestamp() <= moment]
        after = next((row for row in rows if row.at.timestamp() > moment and process_of(row) != process), None)
        if not before or process_of(before[-1]) != process or after is None:
            continue
        wait = after.at.timestamp() - moment
        if any(began < moment + wait and moment < ended for began, ended in unrest.stops):
            continue  # who was stopped may have held what the others needed
        result.takeovers.append(wait)
        if wait > TAKEOVER:
            result.faults.append(f"it took {wait:.2f} s until another process went on")


def judge_takeovers(waits: Sequence[float], longest: float, result: Result) -> None:
    """None may have taken longer than that, in seconds."""
    result.takeovers += waits
    result.faults += [f"it took {wait:.2f} s until another process went on" for wait in waits if wait > longest]


def _judge_looks(unrest: _Unrest, result: Result) -> None:
    if not all(look is not None and look.sound for look in unrest.looks):
        result.faults.append("somebody who came by could not list the journeys, or found the file damaged")


def _count(seen: Sequence[Used | None], unrest: _Unrest, result: Result, plan: Round) -> None:
    used = [each for each in seen if each is not None]
    result.counts |= {
        "processes": plan.workers + _USERS, "kills": len(unrest.deaths), "stops": len(unrest.stops),
        "journeys": sum(len(each.ended) for each in used), "takeovers": len(result.takeovers),
        "left to a person": sum(each.asked for each in used), "busy": sum(each.busy for each in used),
    }  # fmt: skip


def _other(one: TransitionRecord, two: TransitionRecord) -> bool:
    return process_of(one) != process_of(two)
