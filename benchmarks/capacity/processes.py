"""The processes of a measurement: the stub, and a worker as an operator runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.capacity.places import Place

__all__ = ["ask", "environment", "processor", "resident", "stub", "worker"]

_ROOT = Path(__file__).parents[2]


def environment(journal: Place, url: str, **settings: str) -> dict[str, str]:
    """What surrounds a process that works on a journal, against the stub at ``url``."""
    given = {
        **journal.settings, "base_url": url, "tenant_id": "T001117", "api_token": "stub-token",
        "flows": "benchmarks.capacity.flows:LongWait", **settings,
    }  # fmt: skip
    rest = {name: value for name, value in os.environ.items() if not name.startswith("ONBOARDING_")}
    return {**rest, "PYTHONPATH": str(_ROOT), **{f"ONBOARDING_{name.upper()}": value for name, value in given.items()}}


@contextmanager
def stub() -> Iterator[str]:
    """The stub; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.capacity.stub"],
        cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


@contextmanager
def worker(journal: Place, url: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker, ended when the block is left."""
    process = subprocess.Popen(
        [sys.executable, "-m", "onboarding", "worker"], cwd=_ROOT, env=environment(journal, url, **settings),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(60)


def ask(url: str, path: str) -> Any:
    """What the stub tells of itself."""
    with urllib.request.urlopen(f"{url}{path}", timeout=30) as answer:
        return json.load(answer)


def resident(process: int) -> float:
    """The most memory that a process had resident, in MB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def processor(process: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
