"""The part ``crash``: hands the plan to the nursery, and counts what it tells."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any, ClassVar

from onboarding.verify.crash.errand import can_fork, tell_of
from onboarding.verify.databases import swept
from onboarding.verify.plan import Plan, Progress
from onboarding.verify.report import Finding, PartResult

__all__ = ["CrashMatrix"]


class CrashMatrix:
    """Kills processes at every point of every step of every flow, and looks at what was done."""

    name: ClassVar[str] = "crash"
    promise: ClassVar[str] = "whatever kills a process, no effect happens twice, none is missing, and no end is false"

    def run(self, plan: Plan) -> PartResult:
        """Try it. Quick: the essential cases and a sample; full: all of them."""
        began = time.monotonic()
        if not can_fork():
            return PartResult(part=self.name, cases=0, skipped=("this system cannot fork a process",))
        counts: Counter[str] = Counter({"kills": 0, "effects doubled": 0, "effects lost": 0})
        findings: list[Finding] = []
        skipped: list[str] = []
        cases = total = 0
        with swept(plan):
            for told in tell_of("onboarding.verify.crash.nursery", plan):
                if "total" in told:
                    total, counts["steps"] = told["total"], told["states"]
                elif "unfit" in told:
                    findings.append(Finding(told["unfit"], told["why"]))
                elif "broken" in told:
                    findings.append(Finding(plan.case or "all", told["broken"], told["detail"]))
                else:
                    cases += 1
                    self._count(counts, findings, told["verdict"])
                plan.tell(Progress(self.name, cases, total))
        if plan.case is not None and not cases and not findings:
            findings.append(Finding(plan.case, "there is no such case"))
        return PartResult(
            part=self.name, cases=cases, counts=dict(counts), findings=tuple(findings), skipped=tuple(skipped),
            seconds=time.monotonic() - began,
        )  # fmt: skip

    def _count(self, counts: Counter[str], findings: list[Finding], verdict: dict[str, Any]) -> None:
        counts["kills"] += verdict["kills"]
        counts["doubts"] += verdict["doubts"]
        counts["left to a person"] += verdict["asked"]
        counts["effects doubled"] += verdict["doubled"]
        counts["effects lost"] += verdict["missing"]
        if verdict["faults"]:
            findings.append(Finding(verdict["case"], "; ".join(verdict["faults"]), verdict["detail"]))
