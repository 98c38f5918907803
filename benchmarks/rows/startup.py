"""What it takes to start: whole processes, from their start to their end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.results import Entry, Figures
from benchmarks.rows import Row
from benchmarks.services.postgres import NotThere

__all__ = ["ROWS"]

_PROCESSES, _QUICK = 10, 3
_PATIENCE = 60


def starting(bench: Bench) -> dict[str, Entry]:
    """Ten processes each, one after the other."""
    python, program = sys.executable, str(Path(sys.executable).with_name("onboarding"))
    programs = {
        "python": ("an empty Python program, to compare", [python, "-c", "pass"]),
        "import": ("`import onboarding`", [python, "-c", "import onboarding"]),
        "help": ("`onboarding --help`", [program, "--help"]),
    }
    for _, argv in programs.values():  # what is compiled at the first start
        _suppressed(argv, bench)
    rounds = _QUICK if bench.options.quick else _PROCESSES
    return bench.interleaved(
        {name: (about, partial(_timed, argv, bench)) for name, (about, argv) in programs.items()}, rounds
    )


def _timed(argv: list[str], bench: Bench) -> Figures:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("ONBOARDING_")}
    began = time.perf_counter()
    try:
        done = subprocess.run(
            argv, cwd=bench.scratch, env=variables, capture_output=True, check=False, timeout=_PATIENCE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotThere(f"does not run: {type(error).__name__}") from None
    took = time.perf_counter() - began
    if done.returncode:
        raise NotThere(f"ended with exit code {done.returncode}")
    return {"seconds": took}


def _suppressed(argv: list[str], bench: Bench) -> None:
    try:
        _timed(argv, bench)
    except NotThere:
        return


ROWS = (
    Row(
        "startup",
        "From the start of a process to its end; the median of ten.",
        starting,
        (("× empty Python", "seconds", "python"),),
        place=20,
    ),
)
