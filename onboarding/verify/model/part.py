"""The part of the verifier that holds the engine to the reference."""

from __future__ import annotations

import time
from collections import Counter
from typing import ClassVar

from onboarding.errors import MissingExtra

try:
    from hypothesis import HealthCheck, Phase, seed, settings
    from hypothesis.reporting import with_reporter
    from hypothesis.stateful import run_state_machine_as_test
except ImportError:
    raise MissingExtra("verify", "the model") from None

from onboarding.machine import Flow
from onboarding.verify.model.play import DivergedError, play_of
from onboarding.verify.mutants import without
from onboarding.verify.plan import Plan, Progress
from onboarding.verify.rehearsal import flows_of
from onboarding.verify.report import Finding, PartResult

__all__ = ["Model"]

_QUICK, _FULL = 18, 300
"""Plays of each flow."""
_MOVES = 16
"""Moves in a play at most."""
_PHASES = (Phase.generate, Phase.shrink)
"""Where a guard is left out, it is enough to have found out."""


class Model:
    """Each flow's journey beside the reference, whatever happens to both."""

    name: ClassVar[str] = "model"
    promise: ClassVar[str] = "after every move the engine stands where a plain reference stands, in every flow"

    def run(self, plan: Plan) -> PartResult:
        """Play, and compare after each move."""
        began = time.monotonic()
        counts: Counter[str] = Counter()
        findings: list[Finding] = []
        flows = [flow for flow in flows_of(plan.flows) if plan.wants(flow.definition.name)]
        with without(plan.mutant):
            for number, flow in enumerate(flows, start=1):
                findings += _play(plan, flow, counts)
                plan.tell(Progress(self.name, number, len(flows)))
        if not flows:
            findings.append(Finding(plan.case or "", "there is no such case"))
        counts["divergences"] = len(findings)
        return PartResult(
            part=self.name, cases=len(flows), counts=dict(sorted(counts.items())), findings=tuple(findings),
            seconds=time.monotonic() - began,
        )  # fmt: skip


def _play(plan: Plan, flow: type[Flow], counts: Counter[str]) -> list[Finding]:
    case = flow.definition.name
    drawn = plan.rng("model", case)

    def moved() -> None:
        counts["moves"] += 1

    play = seed(drawn.getrandbits(64))(play_of(flow, drawn.getrandbits(32), moved))
    found: Exception | None = None
    said: list[str] = []
    try:
        with with_reporter(lambda line: said.append(str(line))):
            run_state_machine_as_test(
                play,
                settings=settings(
                    max_examples=_FULL if plan.full else _QUICK, stateful_step_count=_MOVES,
                    deadline=None, database=None,
                    derandomize=False, print_blob=False, phases=_PHASES[:1] if plan.mutant else _PHASES,
                    suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
                ),
            )  # fmt: skip
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding
        found = error
    if found is None:
        return []
    what = str(found) if isinstance(found, DivergedError) else f"it broke with {type(found).__name__}"
    return [Finding(case, what, "\n".join([*getattr(found, "__notes__", ()), *said]))]
