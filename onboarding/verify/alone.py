"""One part in a process of its own: ``python -m onboarding.verify.alone``, its plan as a line on standard input.

Lines of JSON come out: ``{"progress": …}`` as it goes, and at the end ``{"result": …}``. What crashes there, the
interpreter too, is seen from here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Self, TextIO

from onboarding.errors import OnboardingError, SettingsError
from onboarding.verify import PARTS, leash
from onboarding.verify.databases import swept
from onboarding.verify.plan import Plan, Progress
from onboarding.verify.report import Finding, Part, PartResult

__all__ = ["part_of", "run_alone"]

_FOUND = 25
"""Findings of one part that are told at most: the first say what is wrong."""


def part_of(name: str) -> Part:
    """The part of that name. Raises ``SettingsError``, which lists those that there are."""
    if name not in PARTS:
        raise SettingsError(f"the verifier has no part {name!r}; it has: {', '.join(PARTS)}")
    module, _, kind = PARTS[name].partition(":")
    part: Part = getattr(import_module(module), kind)()
    return part


def run_alone(name: str, plan: Plan, *, timeout: float) -> PartResult:
    """Run a part in a process of its own, and wait for it.

    Args:
        name: the part.
        plan: what it is to try; ``plan.tell`` hears how far it is.
        timeout: seconds, after which the process is killed and that is a finding.
    """
    with tempfile.TemporaryDirectory(prefix="onboarding-verify-", dir=plan.folder) as folder:
        asked = {"part": name, "plan": _plain(replace(plan, folder=Path(folder)))}
        with tempfile.TemporaryFile("w+", dir=folder) as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "onboarding.verify.alone"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=errors, text=True, env=_environment(), start_new_session=True,
            )  # fmt: skip
            with _Limit(process, timeout) as limit:
                result = _listen(process, json.dumps(asked), plan.tell)
            if result is not None:
                return result
            with suppress(OnboardingError), swept(replace(plan, folder=Path(folder))):
                errors.seek(0)
            last = errors.read()[-2000:].strip()
    what = f"it did not end within {timeout:.0f} s" if limit.passed else f"its process ended with {process.returncode}"
    return PartResult(part=name, cases=0, findings=(Finding(plan.case or "all", what, last),))


class _Limit:
    """Kills a process, and what it has started, when its time is up."""

    def __init__(self, process: subprocess.Popen[str], seconds: float) -> None:
        self.passed = False
        self._process = process
        self._timer = threading.Timer(seconds, self._end)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._process.poll() is None:
            self._kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                assert pipe is not None
                pipe.close()

    def _end(self) -> None:
        self.passed = True
        self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _listen(process: subprocess.Popen[str], asked: str, tell: Callable[[Progress], None]) -> PartResult | None:
    assert process.stdin is not None
    assert process.stdout is not None
    result = None
    try:
        process.stdin.write(asked + "\n")
        process.stdin.flush()  # and it stays open: when it ends, so does the process
    except BrokenPipeError:
        return None
    for line in process.stdout:
        said = json.loads(line)
        if "progress" in said:
            tell(Progress(**said["progress"]))
        else:
            result = _result(said["result"])
    process.wait()
    return result


def _environment() -> dict[str, str]:
    """The settings of whoever verifies are nobody's business here."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ONBOARDING_")}


def _plain(plan: Plan) -> dict[str, Any]:
    return {
        "folder": str(plan.folder), "seed": plan.seed, "full": plan.full, "flows": list(plan.flows),
        "jobs": plan.jobs, "case": plan.case, "mutant": plan.mutant,
        "journal": plan.journal,
    }  # fmt: skip


def _result(said: Mapping[str, Any]) -> PartResult:
    findings = tuple(Finding(**finding) for finding in said["findings"])
    return PartResult(**{**said, "findings": findings, "skipped": tuple(said["skipped"])})


def _main() -> None:
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever prints: the lines of this protocol are the only ones on standard output
    asked = json.loads(sys.stdin.readline())
    leash.put_on()
    plan = Plan(**{**asked["plan"], "folder": Path(asked["plan"]["folder"]), "flows": tuple(asked["plan"]["flows"])})
    told = replace(plan, tell=lambda progress: _say(out, progress=asdict(progress)))
    try:
        result = part_of(asked["part"]).run(told)
    except Exception as error:  # noqa: BLE001 - a part that breaks is a finding, not a silence
        why = str(error) if isinstance(error, OnboardingError) else type(error).__name__
        last = "".join(traceback.format_tb(error.__traceback__)[-6:])
        result = PartResult(part=asked["part"], cases=0, findings=(Finding("all", f"it broke: {why}", last),))
    more = len(result.findings) - _FOUND
    if more > 0:
        kept = (*result.findings[:_FOUND], Finding("all", f"and {more} more"))
        result = replace(result, findings=kept)
    _say(out, result=asdict(replace(result, counts=dict(result.counts))))
    out.flush()
    os._exit(0)  # threads of servers, children that were stopped: nobody waits for them


def _say(out: TextIO, **what: Any) -> None:
    out.write(json.dumps(what) + "\n")


if __name__ == "__main__":
    _main()
