"""``python -m onboarding.verify.bad_input.child FOLDER SEED MUTANT CASE...``: calls of the command line.

A process of its own, since a command sets up a log, an event loop and signals. Before the first call a hook is set
that sees every file that is opened or made: none may be outside the folder.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from onboarding.verify.bad_input.command_line import try_case
from onboarding.verify.mutants import without
from onboarding.verify.plan import Plan

__all__ = ["main"]

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = frozenset(
    {
        "os.mkdir",
        "os.rename",
        "os.remove",
        "os.rmdir",
        "os.symlink",
        "os.link",
        "os.chmod",
        "os.truncate",
        "sqlite3.connect",
    }
)
_ELSEWHERE = ("/dev/", "/proc/", "/sys/")


class _Watch:
    """Notes what is written outside a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.seen: list[str] = []

    def __call__(self, event: str, given: tuple[Any, ...]) -> None:
        if event in _CHANGES or (event == "open" and isinstance(given[2], int) and given[2] & _WRITES):
            path = given[0]
            if isinstance(path, bytes):
                path = os.fsdecode(path)
            if isinstance(path, str | os.PathLike) and self._is_outside(os.fspath(path)):
                self.seen.append(event)

    def _is_outside(self, path: str) -> bool:
        if path in ("", ":memory:") or path.startswith(("file:", *_ELSEWHERE)) or "__pycache__" in path:
            return False
        whole = os.path.realpath(path)
        return not (whole == str(self.folder) or whole.startswith(f"{self.folder}{os.sep}"))


def main(arguments: list[str]) -> None:
    """Try the cases; each line says how many things did not hold, and what."""
    folder, seed, mutant, *cases = arguments
    plan = Plan(folder=Path(folder), seed=int(seed))
    report = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    watch = _Watch(Path(folder))
    sys.addaudithook(watch)
    with without(mutant or None):
        for case in cases:
            watch.seen.clear()
            found = try_case(plan, case)
            found += [f"it touched a file outside its folder ({event})" for event in sorted(set(watch.seen))]
            print(json.dumps([case, found]), file=report, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
