"""The processes of a measurement: the stub, and a worker as an operator runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.capacity.places import Place

__all__ = ["ask", "environment", "processor", "resident", "server", "stub", "worker"]

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
    return sum(_stat(process)[11:13]) / os.sysconf("SC_CLK_TCK")


def server(journal: Place) -> float:
    """Seconds of CPU that the server of a journal has used, with all that it does by itself; 0 of a file."""
    if journal.is_file:
        return 0.0
    # One of its processes that is always there; the first of them all has started it.
    ((one,),) = journal.ask("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    first = _stat(one)[1]
    used = sum(_stat(first)[11:15])
    for process in Path(f"/proc/{first}/task/{first}/children").read_text().split():
        with suppress(OSError):  # it has ended, and is counted by the next look
            used += sum(_stat(int(process))[11:13])
    return used / os.sysconf("SC_CLK_TCK")


def _stat(process: int) -> list[int]:
    """What the kernel tells of it, from its state on, which is no number: the next one is the number 1."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return [0, *map(int, fields[1:])]
