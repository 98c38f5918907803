"""A process that is stopped between its intent and its request for longer than its lease, or dies there."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from functools import partial

from onboarding.api import Call, Effect, Endpoint, caller
from onboarding.api.observe import announce, report
from onboarding.machine import Flow
from onboarding.verify.crash.child import fork
from onboarding.verify.crash.trial import Rehearsal, Stage
from onboarding.verify.crash.user import ledger_of
from onboarding.verify.databases import LEASE
from onboarding.verify.guards.patching import in_place_of
from onboarding.verify.owners.actors import Actors, Part
from onboarding.verify.owners.rounds import TAKEOVER, Result, actors_for, judge_takeovers
from onboarding.verify.owners.takeovers import takeovers_of
from onboarding.verify.reckoning import judge
from onboarding.verify.rehearsal import cast

__all__ = ["HELD", "OUTLIVED", "outlive", "suitable"]

OUTLIVED, HELD = "outlived-lease", "killed-holding"
_PATIENCE = 40.0
_SOON = 0.3


def outlive(stage: Stage, flows: Mapping[str, type[Flow]], known: Mapping[str, Rehearsal], case: str) -> Result:
    """Another one does what it held, in time; when it goes on, it sends nothing."""
    result = Result(case, counts={"stops": 1, "kills": int(case == HELD)})
    flow = suitable(flows)
    assert flow is not None, "looked for before"
    part = Part(case, flow, cast(flow, stage.desk, stage.plan.rng("owners", case)))
    with stage.journal(stage.plan.folder / case) as place:
        actors = actors_for(stage, flows, place)
        told, tells = os.pipe()
        stopped = fork(partial(_stopped, actors, part, tells))
        os.close(tells)
        user = fork(partial(actors.use, [part], _PATIENCE))  # hands in what the journey asks for on its way there
        _, status = os.waitpid(stopped.process, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            result.faults.append("the process that was to be stopped came to no request")
            return result
        moment = time.time()
        other = fork(partial(actors.advance, ()))
        if case == HELD:
            os.kill(stopped.process, signal.SIGKILL)
            stopped.wait()
        _, used = user.wait()
        outcome = "not_sent"
        if case == OUTLIVED:
            os.kill(stopped.process, signal.SIGCONT)
            outcome = os.read(told, 64).decode()
        for process in (other,) if case == HELD else (stopped, other):
            os.kill(process.process, signal.SIGTERM)
            if process.wait()[0]:
                result.faults.append("a process did not end in good order")
    os.close(told)
    if outcome != "not_sent":
        result.faults.append("a process that was stopped for longer than its lease sent what another one had done")
    if used is None or part.key not in used.ended:
        result.faults.append("its user did not see it end: nobody took it over")
        return result
    journey, history = used.ended[part.key]
    name = flow.definition.name
    waits = takeovers_of([history], [(moment, stopped.process)], [])
    judge_takeovers(waits, LEASE + TAKEOVER, result)
    if not waits:
        result.faults.append("what the stopped process might have sent was not looked into by the next one")
    judged = judge(flow, known[name].baseline, journey, history, ledger_of(stage.desk, part.role))
    result.faults += [f"{name}: {fault}" for fault in judged.faults]
    result.counts |= {
        "journeys": 1,
        "takeovers": len(waits),
        "effects doubled": judged.doubled,
        "effects lost": judged.missing,
    }
    return result


def suitable(flows: Mapping[str, type[Flow]]) -> type[Flow] | None:
    """A flow with something that may happen only once, which can be found out by itself if there is such a one."""
    steps = {flow: [step for step in flow.definition.steps.values() if step.effect is Effect.ONCE] for flow in
             flows.values()}  # fmt: skip
    fit = [flow for flow, found in steps.items() if found]
    return next((flow for flow in fit if all(step.check is not None for step in steps[flow])), next(iter(fit), None))


def _stopped(actors: Actors, part: Part, tells: int) -> None:
    """Advance a journey; stop right before its first request that must not be repeated, and tell what became of it."""
    stopped = False

    def stop(endpoint: Endpoint) -> None:
        nonlocal stopped
        announce(endpoint)
        if endpoint.effect is Effect.ONCE and not stopped:
            stopped = True
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(_SOON)  # until the signal has stopped this thread too

    def tell(call: Call) -> None:
        report(call)
        if stopped and call.effect is Effect.ONCE:
            os.write(tells, call.outcome.encode())

    with in_place_of(caller, "announce", stop), in_place_of(caller, "report", tell):
        actors.advance([part])
