"""The command line, called wrongly: in this process, which is quick, and in one of its own."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from onboarding.verify.bad_input.argv import QUESTIONNAIRE, Call, call
from onboarding.verify.bad_input.judging import faults_of
from onboarding.verify.bad_input.template import put_back
from onboarding.verify.plan import Plan

__all__ = ["CODES", "NAME", "REAL", "in_process", "try_case", "try_real"]

NAME = "command"
REAL = "program"
CODES = frozenset({0, 1, 2, 3, 4, 130})
"""The exit codes that the program's help lists."""
_PATIENCE = 10
_USAGE = 2


@dataclass(frozen=True, slots=True)
class _Ended:
    code: object
    out: str
    err: str


class _Hung(BaseException):
    """It took longer than anybody waits."""


def try_case(plan: Plan, case: str) -> list[str]:
    """Make one call in this process; what did not hold, a sentence each.

    The process is changed for good (its log, its imports): ``child`` runs these.
    """
    return _tried(plan, case, in_process)


def try_real(plan: Plan, case: str) -> list[str]:
    """The same with the real program, in a process of its own."""
    return _tried(plan, case, _in_a_process)


def _tried(plan: Plan, case: str, make: Callable[[Call, Path], _Ended]) -> list[str]:
    rng = plan.rng("bad-input", case)
    folder, journeys = put_back(plan.folder)
    wrong = call(rng, folder, journeys)
    try:
        ended = make(wrong, folder)
    except (_Hung, subprocess.TimeoutExpired):
        return [f"{wrong.what}: it did not end within {_PATIENCE} s"]
    return [f"{wrong.what}: {fault}" for fault in _judged(wrong, ended)]


def _judged(wrong: Call, ended: _Ended) -> list[str]:
    found = [] if ended.code in CODES else [f"its exit code is {ended.code!r}, which is not documented"]
    if "Traceback" in ended.err + ended.out:
        found.append("it shows a traceback")
    if wrong.canary in ended.err:
        found.append("standard error repeats what was handed in")
    tenant = wrong.environment.get("ONBOARDING_TENANT_ID", "")  # which doctor shows: it is no secret
    if wrong.canary in (ended.out.replace(tenant, "") if tenant else ended.out):
        found.append("standard output repeats what was handed in")
    lines = ended.err.splitlines()
    if any("an unexpected error" in line for line in lines):
        found.append(f"it met {ended.err[ended.err.index('(') :][:60].partition(')')[0]})")
    verbose = {"-v", "-vv", "--log-json"} & set(wrong.arguments)
    if ended.code == _USAGE and len(lines) != 1 and not verbose:
        found.append(f"what is wrong is said in {len(lines)} lines")
    if ended.code == _USAGE and ended.out:
        found.append("it prints a result although the call is wrong")
    for line in lines if ended.code == _USAGE and not verbose else ():
        if not line.startswith("onboarding: "):
            found.append("standard error holds something else than sentences")
        found += faults_of(line, wrong.canary)
    return list(dict.fromkeys(found))


def environment(folder: Path, wrong: Call) -> dict[str, str]:
    """What surrounds a call: nothing of the user's settings, and every place within the folder."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("ONBOARDING_")}
    places = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "TMPDIR"), str(folder))
    # Nobody listens there: whatever goes on is refused at once.
    settings = {
        "BASE_URL": "http://127.0.0.1:9",
        "TENANT_ID": "T001117",
        "API_TOKEN": wrong.canary,
        "JOURNAL": f"sqlite:///{folder / 'journal.db'}",
        "CONNECT_TIMEOUT": "0.2",
        "TIMEOUT": "0.3",
        "FLOWS": QUESTIONNAIRE,
    }
    ours = {f"ONBOARDING_{name}": value for name, value in settings.items()}
    return kept | places | ours | {"COLUMNS": "80", "PYTHONWARNINGS": "ignore"} | wrong.environment


def in_process(wrong: Call, folder: Path) -> _Ended:
    """Run the program here, as it is installed."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)  # as strict as the real one
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace", write_through=True)
    with (
        _surrounded(environment(folder, wrong), folder),
        _bounded(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        argv, stdin = sys.argv, sys.stdin
        sys.argv, sys.stdin = ["onboarding", *wrong.arguments], io.TextIOWrapper(io.BytesIO(wrong.stdin), "utf-8")
        code: object = 0
        try:
            _program()()
        except SystemExit as left:
            code = 0 if left.code is None else left.code
        except Exception as error:  # noqa: BLE001 - what would have been a traceback
            code = f"Traceback: {type(error).__name__}"
        finally:
            sys.argv, sys.stdin = argv, stdin
    return _Ended(int(code) if isinstance(code, int) else code, _text(out), _text(err))


@cache
def _program() -> Any:
    (entry,) = entry_points(group="console_scripts", name="onboarding")
    return entry.load()


def _in_a_process(wrong: Call, folder: Path) -> _Ended:
    done = subprocess.run(
        [sys.executable, "-m", "onboarding", *wrong.arguments],
        cwd=folder,
        env=environment(folder, wrong),
        input=wrong.stdin,
        capture_output=True,
        timeout=_PATIENCE * 3,
        check=False,
    )
    return _Ended(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))


def _text(written: io.TextIOWrapper) -> str:
    written.flush()
    buffer = written.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode("utf-8", "replace")


@contextlib.contextmanager
def _surrounded(variables: dict[str, str], folder: Path) -> Iterator[None]:
    before, here, path = dict(os.environ), Path.cwd(), list(sys.path)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)
        sys.path[:] = path


@contextlib.contextmanager
def _bounded() -> Iterator[None]:
    def ring(number: int, frame: object) -> None:
        del number, frame
        raise _Hung

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
