"""Whoever kills the verifier leaves nothing of it behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from onboarding.verify.secrecy.processes import HAS_PROC

pytestmark = pytest.mark.skipif(not HAS_PROC, reason="there is no list of processes here")

_PATIENCE = 60.0


def running(mark: str) -> dict[int, str]:
    """The processes that have the mark in their environment, which every child takes along: what they are."""
    found = {}
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes():
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z":
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            pass
    return found


def until(mark: str, so: Callable[[dict[int, str]], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not so(found := running(mark)):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("part", "at_work", "number"),
    [
        ("crash", "verify.crash.nursery", 4),
        ("owners", "verify.owners.nursery", 4),
        ("storage", "verify.storage.child", 1),
        ("bad-input", "verify.bad_input.child", 1),
        ("controls", "verify.alone", 4),
    ],
)
def test_a_verifier_that_is_killed_leaves_no_process_behind(
    part: str, at_work: str, number: int, tmp_path: Path
) -> None:
    mark = f"LEASH_TEST={os.getpid()}-{part}"
    name, value = mark.split("=")
    verifier = subprocess.Popen(
        [sys.executable, "-m", "onboarding", "verify", "--part", part, "--report", str(tmp_path)], cwd=tmp_path,
        env={**os.environ, name: value}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(mark, lambda found: sum(at_work in command for command in found.values()) >= number)
    finally:
        verifier.kill()
        verifier.wait()
    until(mark, lambda found: not found)
