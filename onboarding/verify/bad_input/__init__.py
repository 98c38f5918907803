"""Bad input: what nobody means to hand in is refused in one sentence, which repeats none of it.

- ``junk``: values, texts and files; ``drafts``: definitions with mistakes; ``argv``: calls of the program
- ``judging``: what an error may say
- ``handing_in``, ``sources``, ``definitions``, ``command_line``: the four targets, each with ``try_case(plan, case)``
- ``must_refuse``: what is named, since chance might never come upon it; ``bad_flows``: definitions among that
- ``questionnaire``: a flow with a field of every type; ``template``: a journal for the calls
- ``child``: the process in which the calls are made
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

from onboarding.verify.bad_input.must_refuse import CASES as MUST_REFUSE
from onboarding.verify.bad_input.must_refuse import NAME as MUST
from onboarding.verify.mutants import without
from onboarding.verify.plan import Plan, Progress
from onboarding.verify.report import Finding, PartResult

__all__ = ["BadInput"]

_QUICK = {"command": 90, "program": 4, "settings": 140, "definition": 100, "send": 100}
_FULL = {"command": 1400, "program": 40, "settings": 1260, "definition": 1150, "send": 1150}
_CALLS_AT_ONCE = 200
_PATIENCE = 60.0

Found = tuple[str, list[str]]


class BadInput:
    """Junk handed to the command line, the settings, the definitions of flows, and a service."""

    name: ClassVar[str] = "bad-input"
    promise: ClassVar[str] = (
        "whatever is handed in, the answer is exit code 2 or a typed error: one sentence, no traceback, no secret"
    )

    def run(self, plan: Plan) -> PartResult:
        """Try every input of the plan."""
        began = time.monotonic()
        sizes = _FULL if plan.full else _QUICK
        cases = {target: [f"{target}-{number}" for number in range(size)] for target, size in sizes.items()}
        cases[MUST] = list(MUST_REFUSE)
        if plan.case is not None:
            cases = {target: [plan.case] * plan.case.startswith(f"{target}-") for target in cases}
        total, done, findings = sum(map(len, cases.values())), 0, list[Finding]()
        with without(plan.mutant):
            for case, found in _tried(plan, cases):
                findings += [Finding(case, fault) for fault in found]
                done += 1
                plan.tell(Progress(self.name, done, total))
        return PartResult(
            part=self.name,
            cases=done,
            findings=tuple(findings),
            seconds=time.monotonic() - began,
            counts={f"inputs to: {target}": len(names) for target, names in cases.items()},
        )


def _tried(plan: Plan, cases: Mapping[str, list[str]]) -> Iterator[Found]:
    from onboarding.verify.bad_input import command_line, definitions, handing_in, must_refuse, sources

    here: dict[str, Callable[[Plan, str], list[str]]] = {
        "program": command_line.try_real,
        "settings": sources.try_case,
        "definition": definitions.try_case,
        "send": handing_in.try_case,
        MUST: must_refuse.try_case,
    }
    calls = cases.get("command", [])
    for start in range(0, len(calls), _CALLS_AT_ONCE):
        yield from _in_a_child(plan, calls[start : start + _CALLS_AT_ONCE])
    for target, try_case in here.items():
        folder = plan.folder / target
        folder.mkdir(exist_ok=True)
        for case in cases.get(target, ()):
            yield case, try_case(replace(plan, folder=folder), case)


def _in_a_child(plan: Plan, cases: list[str]) -> Iterator[Found]:
    """Calls of the command line in one process; one that hangs there, or ends it, is a finding."""
    folder = plan.folder / "command"
    folder.mkdir(exist_ok=True)
    argv = [sys.executable, "-m", f"{__name__}.child", str(folder), str(plan.seed), plan.mutant or "", *cases]
    left = list(cases)
    quiet, pipe = subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(argv, stdin=quiet, stdout=pipe, stderr=quiet, text=True, cwd=folder) as child:
        assert child.stdout is not None
        watchdog = threading.Timer(_PATIENCE + len(cases), child.kill)
        watchdog.start()
        try:
            for line in child.stdout:
                case, found = json.loads(line)
                left.remove(case)
                yield case, found
        finally:
            watchdog.cancel()
            child.kill()
    if left:
        yield left[0], ["the process in which it was called did not get over it"]
