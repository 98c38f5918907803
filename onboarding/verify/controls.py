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
_SEED = 1
_FLOWS = (
    "avatar-change", "email-registration", "email-signup", "kyc-update", "mobile-registration", "password-change",
    "password-reset", "phone-verification", "task-watch",
)  # fmt: skip
"""Whatever the seed and the flows of the run: the cases were chosen with these."""
_NO_PROOF = (
    "it broke", "its process ended", "there is no such case", "the process that was to do it did not start",
    "the process that does it ended", "the case broke off",
)  # fmt: skip
"""How a finding begins that only says that a part could not do its work."""
_NOT_PLAYED = " cannot be tried: "
"""What a finding says of a flow that fails also where nothing disturbs it: then nothing was tried."""


class Controls:
    """Leaves out each guard of the product."""

    name: ClassVar[str] = "controls"
    promise: ClassVar[str] = "each guard of the product, left out, is found to be missing"

    def run(self, plan: Plan) -> PartResult:
        """Leave out one after the other."""
        assert guards.__all__, "importing them declares them"
        mutants = [each for each in MUTANTS.values() if plan.wants(each.name) and (plan.journal or not each.server)]
        wanted = [each for each in mutants if plan.full or plan.case is not None or each.quick]
        thorough = plan.full or plan.case is not None
        sound = (
            list(dict.fromkeys((each.part, each.case, each.server) for each in wanted if each.case)) if thorough else []
        )
        done = 0

        def told(found: Finding | None) -> Finding | None:
            nonlocal done
            done += 1
            plan.tell(Progress(self.name, done, len(sound) + len(wanted)))
            return found

        with ThreadPoolExecutor(max_workers=plan.jobs) as pool:
            red = [*pool.map(lambda each: told(_red(plan, *each)), sound)]
            missed = [*pool.map(lambda each: told(_missed(plan, each, thorough=thorough)), wanted)]
        findings = [each for each in (*red, *missed) if each is not None]
        if plan.case is not None and not wanted:
            findings.append(Finding(plan.case, "there is no such guard"))
        left = len(mutants) - len(wanted)
        return PartResult(
            part=self.name,
            cases=len(wanted),
            counts={"guards left out": len(wanted), "found missing": missed.count(None)},
            findings=tuple(findings),
            skipped=(f"{left} more guards are left out in a full run",) if left else (),
        )


def _red(plan: Plan, part: str, case: str, server: bool) -> Finding | None:
    """A case that finds something with every guard in its place shows nothing of a guard that is not."""
    found = run_alone(part, _alone(plan, case, server=server), timeout=_TIMEOUT).findings
    if not found:
        return None
    return Finding(case, f"{part} finds something here with every guard in its place", found[0].what)


def _missed(plan: Plan, mutant: Mutant, *, thorough: bool) -> Finding | None:
    for case in dict.fromkeys((mutant.case, None)) if thorough else (mutant.case,):
        result = run_alone(mutant.part, _alone(plan, case, mutant.name, server=mutant.server), timeout=_TIMEOUT)
        if any(_is_proof(finding.what) for finding in result.findings):
            return None
    what = f"nobody missed it: {mutant.guard}"
    detail = "; ".join([f"part {mutant.part}, case {mutant.case}", *(each.what for each in result.findings[:3])])
    return Finding(mutant.name, what, detail)


def _is_proof(what: str) -> bool:
    return not what.startswith(_NO_PROOF) and _NOT_PLAYED not in what


def _alone(plan: Plan, case: str | None, mutant: str | None = None, *, server: bool) -> Plan:
    journal = plan.journal if server else None  # the cases of all others were chosen with files
    return replace(
        plan, full=False, flows=_FLOWS, seed=_SEED, case=case, mutant=mutant, jobs=1, journal=journal,
        tell=lambda _: None,
    )  # fmt: skip
