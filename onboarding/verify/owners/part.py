"""The part ``owners``: plays the rounds, and counts what they have shown."""

from __future__ import annotations

import time
from collections import Counter
from typing import ClassVar

from onboarding.verify.crash.errand import can_fork, tell_of
from onboarding.verify.databases import swept
from onboarding.verify.plan import Plan, Progress
from onboarding.verify.report import Finding, PartResult

__all__ = ["Owners"]

_MOST = ("processes",)
_SKIPPED = ("stopped-in-commit is about the lock of a file: it is tried without --journal",)


class Owners:
    """Stops, continues, kills and replaces processes that share a journal."""

    name: ClassVar[str] = "owners"
    promise: ClassVar[str] = (
        "several processes on one journal: one advances, another takes over within 2 s; on PostgreSQL all advance, "
        "and what a dead one held is taken over within 2 s after its lease"
    )

    def run(self, plan: Plan) -> PartResult:
        """Try it. The seed gives who is disturbed and when; how the processes interleave, the machine does."""
        began = time.monotonic()
        if not can_fork():
            return PartResult(part=self.name, cases=0, skipped=("this system cannot fork a process",))
        counts: Counter[str] = Counter({"kills": 0, "stops": 0, "effects doubled": 0, "effects lost": 0})
        findings: list[Finding] = []
        cases = total = 0
        slowest = 0.0
        skipped = [*(_SKIPPED if plan.journal is not None else ())]
        with swept(plan):
            for told in tell_of("onboarding.verify.owners.nursery", plan):
                if "total" in told:
                    total = told["total"]
                elif "unfit" in told:
                    findings.append(Finding(told["unfit"], told["why"]))
                elif "skipped" in told:
                    skipped.append(told["skipped"])
                elif "broken" in told:
                    findings.append(Finding(plan.case or "all", told["broken"], told["detail"]))
                else:
                    cases += 1
                    result = told["result"]
                    findings += [Finding(result["case"], fault) for fault in result["faults"]]
                    for name, number in result["counts"].items():
                        counts[name] = max(counts[name], number) if name in _MOST else counts[name] + number
                    slowest = max([slowest, *result["takeovers"]])
                plan.tell(Progress(self.name, cases, total))
        counts["slowest takeover in ms"] = round(slowest * 1000)
        if plan.case is not None and not cases and not findings:
            findings.append(Finding(plan.case, "there is no such case"))
        return PartResult(
            part=self.name, cases=cases, counts=dict(counts), findings=tuple(findings),
            skipped=tuple(skipped), seconds=time.monotonic() - began,
        )  # fmt: skip
