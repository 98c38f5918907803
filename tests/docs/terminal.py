"""A terminal for a program that asks: what it prints, and what is typed when it stops at a prompt."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

__all__ = ["converse"]

_PATIENCE = 20.0


def converse(
    command: str, typed: Iterable[Callable[[], str]], *, environment: Mapping[str, str], folder: Path
) -> tuple[int, str]:
    """Run a command in a terminal of its own; its exit code and all that the terminal shows.

    Args:
        command: for bash.
        typed: the answers, each asked for when the program has stopped at a prompt (``…: ``).
        environment: of the program.
        folder: where it runs.

    Raises:
        TimeoutError: it neither asks nor ends.
    """
    answers = iter(typed)
    # Not pty.fork(): forking a process that has threads is a warning from Python 3.12 on.
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env={**environment, "TERM": "dumb", "COLUMNS": "120"},
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown, deadline, fresh = b"", time.monotonic() + _PATIENCE, False
    try:
        while time.monotonic() < deadline:
            readable, _, _ = select.select([ours], [], [], 0.05)
            if readable:
                try:
                    more = os.read(ours, 65536)
                except OSError:  # how Linux says that nobody is at the other end any more
                    more = b""
                if not more:
                    return process.wait(_PATIENCE), shown.decode()
                shown, fresh = shown + more, True
            elif fresh and shown.endswith(b": "):
                os.write(ours, next(answers)().encode() + b"\n")
                fresh = False
    finally:
        os.close(ours)
        if process.poll() is None:
            process.kill()
            process.wait()
    raise TimeoutError(f"after {_PATIENCE:.0f} s it shows: {shown.decode()[-300:]}")
