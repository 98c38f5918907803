"""The process in which everything is imported once, and from which every other process of the matrix is forked.

It runs by itself (``python -m``): see ``errand``.
"""

from __future__ import annotations

import gc
import importlib
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict

from onboarding.machine import Flow, Registry
from onboarding.verify.crash.broker import serve
from onboarding.verify.crash.cases import Case, cases_of, essential
from onboarding.verify.crash.child import BrokeOff, side_by_side
from onboarding.verify.crash.errand import Tell, errand
from onboarding.verify.crash.trial import Rehearsal, Stage, Verdict, rehearse, trial
from onboarding.verify.plan import Plan
from onboarding.verify.rehearsal import flows_of

__all__ = ["WIDTH", "chosen_of", "rehearsals", "start_broker"]

QUICK, QUICK_EACH, QUICK_LEAST = 54, 6, 24
"""Cases of a quick run: at most, for each flow, and at least."""
WIDTH = 3
"""Processes at once for each job: they mostly wait."""
_HEAVY = ("onboarding.journal.sqlite", "alembic.command", "alembic.config", "uvicorn", "onboarding.engine")


def start_broker() -> tuple[str, int]:
    """Fork off a broker: its URL, and the lifeline whose closing ends it."""
    for module in _HEAVY:
        importlib.import_module(module)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    kept, held = os.pipe()
    if os.fork() == 0:
        os.close(held)
        serve(listener, kept)
    os.close(kept)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.close()
    return url, held


def rehearsals(stage: Stage, flows: Mapping[str, type[Flow]], tell: Tell) -> dict[str, Rehearsal]:
    """Run each flow undisturbed, and have here what every process needs, before they are forked off.

    A flow that does not end well even so is told as ``unfit``, and is not among them.
    """
    found: dict[str, Rehearsal] = {}
    for name, done in side_by_side(list(flows), lambda name: rehearse(stage, flows[name]), stage.plan.jobs * WIDTH):
        if isinstance(done, Rehearsal):
            found[name] = done
        else:
            why = done.why if isinstance(done, BrokeOff) else done
            tell({"unfit": name, "why": f"{name} cannot be tried: {why}"})
    for module in sorted({module for each in found.values() for module in each.modules}):
        with suppress(Exception):
            importlib.import_module(module)
    Registry()
    gc.collect()
    gc.freeze()
    return found


def _matrix(plan: Plan, tell: Tell) -> None:
    """Rehearse the flows, make the cases, do them."""
    stage = Stage.of(plan, start_broker()[0])
    flows = {flow.definition.name: flow for flow in flows_of(plan.flows)}
    if plan.case is not None:
        flows = {name: flow for name, flow in flows.items() if name == plan.case.partition("/")[0]}
    known = rehearsals(stage, flows, tell)
    cases = chosen_of(plan, flows, known)
    tell({"total": len(cases), "states": len({(case.flow, case.state) for case in cases})})

    def do(case: Case) -> Verdict:
        return trial(stage, flows[case.flow], case, known[case.flow].baseline)

    for case, done in side_by_side(cases, do, plan.jobs * WIDTH):
        broken = Verdict(case.name, 0, (f"the case broke off: {done.why}",)) if isinstance(done, BrokeOff) else done
        tell({"verdict": asdict(broken)})


def chosen_of(plan: Plan, flows: Mapping[str, type[Flow]], known: Mapping[str, Rehearsal]) -> list[Case]:
    """All cases, or the essential ones and a sample of the others."""
    every: list[Case] = []
    chosen: set[Case] = set()
    for name, flow in flows.items():
        if name in known:
            cases = cases_of(flow.definition, known[name].seen)
            every += cases
            chosen.update(essential(cases, flow.definition))
    if plan.full or plan.case is not None:
        return [case for case in every if plan.wants(case.name)]
    most = min(QUICK, max(QUICK_LEAST, QUICK_EACH * len(known)))
    chosen.update(_spread(plan, [case for case in every if case not in chosen], most - len(chosen)))
    return [case for case in every if case in chosen]


def _spread(plan: Plan, cases: Sequence[Case], most: int) -> list[Case]:
    """So many cases, by chance, as evenly over the states as there are."""
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in plan.rng("crash", "sample").sample(cases, len(cases)):
        groups.setdefault((case.flow, case.state), []).append(case)
    order = [group for _, group in sorted(groups.items())]
    plan.rng("crash", "order").shuffle(order)
    found: list[Case] = []
    while order and len(found) < most:
        found += [group.pop() for group in order]
        order = [group for group in order if group]
    return found[: max(0, most)]


if __name__ == "__main__":
    errand(_matrix)
