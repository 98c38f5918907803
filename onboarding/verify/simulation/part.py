"""The part of the verifier that simulates: many small worlds, each of which can be lived again by its name."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from onboarding.errors import OnboardingError
from onboarding.journal import Status
from onboarding.machine import Flow
from onboarding.machine.fields import filled_in_later
from onboarding.verify.mutants import without
from onboarding.verify.plan import Plan, Progress
from onboarding.verify.reckoning import Baseline
from onboarding.verify.rehearsal import flows_of
from onboarding.verify.report import Finding, PartResult
from onboarding.verify.simulation.clocks import LoopClock, StuckError, VirtualLoop
from onboarding.verify.simulation.tale import Tale
from onboarding.verify.simulation.world import START, World

__all__ = ["Simulation"]

_SIZE = 3
"""Journeys of each flow in a world."""
_QUICK, _FULL = 1_000, 20_000
"""Journeys at least."""
_AGAIN = 3
"""So many worlds are lived twice: both times the same must happen, byte for byte."""
_ALONE = "undisturbed"
"""The case in which each flow is played once, and nothing goes wrong; with a name behind it, that flow alone."""


class Simulation:
    """Journeys of all flows in simulated worlds."""

    name: ClassVar[str] = "simulation"
    promise: ClassVar[str] = (
        "whatever goes wrong with requests, processes, clocks and people, every journey ends or says why not, nothing "
        "is done twice, nothing is lost, and the same seed gives the same run"
    )

    def run(self, plan: Plan) -> PartResult:
        """Live the worlds, and judge every journey."""
        began = time.monotonic()
        chosen = flows_of(plan.flows)
        if plan.case is not None and plan.case.partition(" ")[0] == _ALONE:
            return self._alone(plan, chosen)
        findings: list[Finding] = []
        baselines: dict[str, Baseline] = {}
        flows = []
        for flow in chosen:
            found = _undisturbed(plan, flow)
            if isinstance(found, Baseline):
                baselines[flow.definition.name] = found
                flows.append(flow)
            else:
                findings.append(found)
        if not flows:
            return PartResult(part=self.name, cases=0, findings=tuple(findings), seconds=time.monotonic() - began)
        size = _SIZE * len(flows)
        worlds = -(-(_FULL if plan.full else _QUICK) // size)
        names = [f"world-{number}" for number in range(1, worlds + 1)]
        counts: Counter[str] = Counter()
        whole = hashlib.sha256()
        with without(plan.mutant):
            for number, name in enumerate(names):
                if not plan.wants(name):
                    continue
                tale = _live(plan, name, list(flows) * _SIZE, baselines)
                whole.update(tale.digest.encode())
                counts.update(tale.counts)
                counts["journeys"] += len(tale.lives)
                counts["worlds"] += 1
                counts["effects doubled"] += sum(judgement.doubled for judgement in tale.judgements)
                counts["effects lost"] += sum(judgement.missing for judgement in tale.judgements)
                counts["left to a person"] += sum(judgement.asked for judgement in tale.judgements)
                findings += _findings(name, tale)
                if (number < _AGAIN or plan.case is not None) and (
                    _live(plan, name, list(flows) * _SIZE, baselines).digest != tale.digest
                ):
                    findings.append(Finding(name, "the same seed gave another run"))
                plan.tell(Progress(self.name, counts["journeys"], len(names) * size))
        if not counts["worlds"]:
            findings.append(Finding(plan.case or "", "there is no such case"))
        counts["(the digest of the run)"] = int.from_bytes(whole.digest()[:6], "big")
        return PartResult(
            part=self.name, cases=counts["worlds"], counts=dict(sorted(counts.items())), findings=tuple(findings),
            seconds=time.monotonic() - began,
        )  # fmt: skip

    def _alone(self, plan: Plan, chosen: Sequence[type[Flow]]) -> PartResult:
        """Play flows once each, and nothing else."""
        began = time.monotonic()
        wanted = [flow for flow in chosen if plan.case in (_ALONE, f"{_ALONE} {flow.definition.name}")]
        findings = [found for flow in wanted if isinstance(found := _undisturbed(plan, flow), Finding)]
        if not wanted:
            findings.append(Finding(plan.case or "", "there is no such case"))
        return PartResult(part=self.name, cases=len(wanted), findings=tuple(findings), seconds=time.monotonic() - began)


def _undisturbed(plan: Plan, flow: type[Flow]) -> Baseline | Finding:
    """What a flow does when nothing goes wrong; a finding where even then it comes to no good end."""
    case = f"{_ALONE} {flow.definition.name}"
    try:
        tale = _live(plan, case, [flow], {})
    except OnboardingError as error:
        return Finding(case, f"{flow.definition.name} cannot be played: {error}")
    if tale.trouble or tale.lives[0].journey.status is not Status.DONE:
        what = f"{flow.definition.name} does not end well where nothing goes wrong: {_came_to(tale)}"
        return Finding(case, "; ".join([what, *tale.trouble, _filled(flow)]))
    return tale.lives[0].baseline


def _came_to(tale: Tale) -> str:
    """Where an undisturbed journey came to, and why no further."""
    if not tale.lives:
        return "it is nowhere"
    journey, history = tale.lives[0].journey, tale.lives[0].history
    if journey.status is Status.FAILED:
        return f"it failed in {journey.state}"
    parked = next((row for row in reversed(history) if row.trigger == "parked"), None)
    why = (parked.detail or "").rstrip(".") if parked else ""
    return f"it was parked in {parked.source} as {why}" if parked else f"it is in {journey.state}"


def _filled(flow: type[Flow]) -> str:
    later = filled_in_later(flow)
    names = ", ".join(name for name in flow.model_fields if name not in later)
    return (
        f"the verifier fills the fields ({names}) by their names and types; where that is not what the flow needs, "
        f"give them an example (Field(examples=[...])), or write a function rehearse(desk, rng) in {flow.__module__}"
    )


def _live(plan: Plan, name: str, flows: Sequence[type[Flow]], baselines: Mapping[str, Baseline]) -> Tale:
    clock = LoopClock(START)
    loop = VirtualLoop(clock)
    try:
        world = World(flows, baselines, plan.rng("simulation", name), clock, disturbed=bool(baselines))
        return loop.run_until_complete(world.live())
    except StuckError as stuck:
        return Tale(trouble=[str(stuck)])
    finally:
        loop.close()


def _findings(name: str, tale: Tale) -> list[Finding]:
    found = [Finding(name, what) for what in tale.trouble]
    for number, (life, judgement) in enumerate(zip(tale.lives, tale.judgements, strict=True)):
        history = "\n".join(
            f"{row.seq:3} {row.at:%H:%M:%S} {row.source or '·'} -> {row.dest} ({row.trigger}) {row.detail or ''}"
            for row in life.history
        )
        found += [
            Finding(name, f"journey {number}, {life.flow.definition.name}: {fault}", history)
            for fault in judgement.faults
        ]
    return found
