"""The process from which those of all rounds are forked. It runs by itself (``python -m``): see ``errand``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from onboarding.machine import Flow
from onboarding.verify.crash.child import BrokeOff, side_by_side
from onboarding.verify.crash.errand import Tell, errand
from onboarding.verify.crash.nursery import rehearsals, start_broker
from onboarding.verify.crash.trial import Stage
from onboarding.verify.databases import LEASE
from onboarding.verify.owners.fences import FENCES, stand_between
from onboarding.verify.owners.outlived import HELD, OUTLIVED, outlive, suitable
from onboarding.verify.owners.rounds import Result, Round, play
from onboarding.verify.owners.standstill import STANDSTILL, stand_still
from onboarding.verify.plan import Plan
from onboarding.verify.rehearsal import flows_of

__all__: list[str] = []

_QUICK = (Round(workers=3, copies=2, seconds=2.5, strikes=5),)
_FULL = tuple(Round(workers=number, copies=3, seconds=6.0, strikes=12) for number in (2, 3, 4, 5, 6, 8))

# Where what a dead process held waits for its lease, and a stop that is longer than one costs it what it held.
_LEASED = 2 * LEASE
_QUICK_LEASED = (Round(workers=3, copies=4, seconds=6.0, strikes=6, longest_stop=_LEASED),)
_FULL_LEASED = tuple(
    Round(workers=number, copies=5, seconds=12.0, strikes=12, longest_stop=_LEASED) for number in (2, 3, 4, 6, 8)
)


def _owners(plan: Plan, tell: Tell) -> None:
    stage = Stage.of(plan, start_broker()[0])
    flows = {flow.definition.name: flow for flow in flows_of(plan.flows)}
    if plan.case in (STANDSTILL, FENCES):  # one flow is all that they need
        flows = dict(list(flows.items())[:1])
    elif plan.case in (OUTLIVED, HELD):
        flow = suitable(flows)
        flows = {} if flow is None else {flow.definition.name: flow}
    known = rehearsals(stage, flows, tell)
    flows = {name: flow for name, flow in flows.items() if name in known}
    # On a server each process has something of its own in hand: long enough that whoever is killed had.
    stage.desk.add_fault("*", "delay", seconds=0.1 if plan.journal is None else 0.5, rate=0.4, seed=plan.seed)
    quick, full = (_QUICK, _FULL) if plan.journal is None else (_QUICK_LEASED, _FULL_LEASED)
    rounds = {each.name: each for each in (full if plan.full or plan.case else quick)}
    if plan.case and plan.case not in rounds:
        rounds |= {each.name: each for each in quick}
    others = _others(plan, flows, tell)
    cases = [name for name in (*rounds, *others) if plan.wants(name)]
    tell({"total": len(cases)})

    def do(name: str) -> Result:
        if name in (OUTLIVED, HELD):
            return outlive(stage, flows, known, name)
        if name in (STANDSTILL, FENCES):
            return (stand_still if name == STANDSTILL else stand_between)(stage, flows)
        return play(stage, flows, known, rounds[name])

    for name, done in side_by_side(cases, do, 1 if plan.full else 2):
        tell({"result": asdict(Result(name, [done.why]) if isinstance(done, BrokeOff) else done)})


def _others(plan: Plan, flows: Mapping[str, type[Flow]], tell: Tell) -> tuple[str, ...]:
    """The cases that are no rounds."""
    if plan.journal is None:
        return (STANDSTILL,)
    fences = (FENCES,) if plan.full or plan.case else ()
    if suitable(flows) is not None:
        return (OUTLIVED, HELD, *fences)
    if plan.case != FENCES:
        tell({"skipped": f"{OUTLIVED}, {HELD}: none of the flows does something that may happen only once"})
    return fences


if __name__ == "__main__":
    errand(_owners)
