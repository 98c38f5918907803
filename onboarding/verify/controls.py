"""Negative controls: each guard is left out in turn, and the part that watches it must find out.

A verifier that cannot fail proves nothing. What is tried is the one case that shows the missing guard soonest; where
that finds nothing, in a full run, the whole quick run of the part. A quick run leaves out some guards of every part.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import ClassVar

from onboarding.verify import guards
from onboarding.verify.alone import run_alone
from onboarding.verify.mutants import MUTANTS, Mutant
from onboarding.verify.plan import Plan, Progress
from onboarding.verify.report import Finding, PartResult

__all__ = ["Controls"]

_TIMEOUT = 240.0


class Controls:
    """Leaves out each guard of the product."""

    name: ClassVar[str] = "controls"
    promise: ClassVar[str] = "each guard of the product, left out, is found to be missing"

    def run(self, plan: Plan) -> PartResult:
        """Leave out one after the other."""
        assert guards.__all__, "importing them declares them"
        mutants = [each for each in MUTANTS.values() if plan.wants(each.name)]
        wanted = [each for each in mutants if plan.full or plan.case is not None or each.quick]
        done = 0

        def one(each: Mutant) -> Finding | None:
            nonlocal done
            missed = _missed(plan, each)
            done += 1
            plan.tell(Progress(self.name, done, len(wanted)))
            return missed

        with ThreadPoolExecutor(max_workers=plan.jobs) as pool:
            findings = [missed for missed in pool.map(one, wanted) if missed is not None]
        if plan.case is not None and not wanted:
            findings.append(Finding(plan.case, "there is no such guard"))
        left = len(mutants) - len(wanted)
        return PartResult(
            part=self.name,
            cases=len(wanted),
            counts={"guards left out": len(wanted), "found missing": len(wanted) - len(findings)},
            findings=tuple(findings),
            skipped=(f"{left} more guards are left out in a full run",) if left else (),
        )


def _missed(plan: Plan, mutant: Mutant) -> Finding | None:
    alone = replace(plan, full=False, case=mutant.case, mutant=mutant.name, jobs=1, tell=lambda _: None)
    result = run_alone(mutant.part, alone, timeout=_TIMEOUT)
    if not result.findings and mutant.case is not None and (plan.full or plan.case is not None):
        result = run_alone(mutant.part, replace(alone, case=None), timeout=_TIMEOUT)
    if result.findings:
        return None
    return Finding(mutant.name, f"nobody missed it: {mutant.guard}", f"part {mutant.part}, case {mutant.case}")
