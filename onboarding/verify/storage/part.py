"""The part of the verifier: cases are dealt out to processes, and their answers put together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from onboarding.verify.plan import Plan, Progress
from onboarding.verify.report import Finding, PartResult
from onboarding.verify.storage.families import WITHOUT_HOOK, cases_of
from onboarding.verify.storage.vfs import why_not

__all__ = ["Storage"]


class Storage:
    """Storage that fails."""

    name: ClassVar[str] = "storage"
    promise: ClassVar[str] = (
        "nothing confirmed is lost when the disk fails or the power goes; damage is found, named and kept to itself"
    )

    def run(self, plan: Plan) -> PartResult:
        """Do all cases."""
        began = time.monotonic()
        reason = why_not()
        cases = cases_of(plan)
        tally = _Tally(plan, len(cases))
        if reason is not None:
            tally.skip(f"{reason}: no power is cut, no disk fails, and nothing is killed")
            cases = [case for case in cases if case.startswith(WITHOUT_HOOK)]
        workers = max(1, min(plan.jobs if plan.full else 1, len(cases)))
        shares = [cases[number::workers] for number in range(workers)]
        threads = [
            threading.Thread(target=_work_off, args=(plan, plan.folder / f"storage-{number}", share, tally))
            for number, share in enumerate(shares)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return tally.result(time.monotonic() - began)


class _Tally:
    """What was found so far; handed answers by several threads."""

    def __init__(self, plan: Plan, total: int) -> None:
        self._plan = plan
        self._total = total
        self._guard = threading.Lock()
        self._done = 0
        self._counts: Counter[str] = Counter(
            {"power cuts": 0, "failed operations": 0, "journeys": 0, "effects doubled": 0, "effects lost": 0}
        )
        self._findings: list[Finding] = []
        self._skipped: dict[str, None] = {}

    def answer(self, case: str, faults: Sequence[str], counts: dict[str, int]) -> None:
        """A case was done."""
        with self._guard:
            self._done += 1
            self._counts.update(counts)
            self._findings += [Finding(case, fault) for fault in dict.fromkeys(faults)]
            self._plan.tell(Progress("storage", self._done, self._total))

    def skip(self, reason: str) -> None:
        """Something cannot be tried here."""
        with self._guard:
            self._skipped[reason] = None

    def result(self, seconds: float) -> PartResult:
        """All of it."""
        findings = tuple(sorted(self._findings, key=lambda finding: finding.case))
        return PartResult(
            part="storage", cases=self._done, counts=dict(self._counts), findings=findings,
            skipped=tuple(self._skipped), seconds=round(seconds, 3),
        )  # fmt: skip


def _work_off(plan: Plan, folder: Path, cases: Sequence[str], tally: _Tally) -> None:
    """Let a process do the cases; where one takes the process down, another does what is left."""
    left, attempt = list(cases), 0
    while left:
        attempt += 1
        place = folder / str(attempt)
        place.mkdir(parents=True, mode=0o700)
        before = len(left)
        began = _ask(plan, place, left, tally)
        if began is not None:
            tally.answer(began, ["the process that did it ended in the midst of it"], {})
            left.remove(began)
        elif len(left) == before:
            for case in left:
                tally.answer(case, ["the process that was to do it did not start"], {})
            return


def _ask(plan: Plan, place: Path, left: list[str], tally: _Tally) -> str | None:
    """One process: what it has done is taken off the list; the case in which it ended, if it did."""
    asked = {
        "folder": str(place), "seed": plan.seed, "full": plan.full, "mutant": plan.mutant, "flows": list(plan.flows),
        "cases": left,
    }  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ONBOARDING_")}
    with subprocess.Popen(
        [sys.executable, "-m", "onboarding.verify.storage.child"], cwd=place, text=True,
        env={**environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.close()
        began: str | None = None
        for line in process.stdout:
            answer: dict[str, Any] = json.loads(line)
            began = answer.get("case") if "faults" not in answer else None
            if "faults" in answer:
                left.remove(answer["case"])
                tally.answer(answer["case"], answer["faults"], answer["counts"])
                if answer["skipped"]:
                    tally.skip(answer["skipped"])
    return began
