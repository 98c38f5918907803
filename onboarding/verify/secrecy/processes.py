"""What other people on the machine see: the program's output, its arguments and its environment."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HAS_PROC", "Command", "Ran", "run_all"]

HAS_PROC = Path("/proc/self/cmdline").exists()
_PATIENCE = 120.0
_LOOK = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A call of the command line.

    Attributes:
        arguments: without the program.
        folder: where it runs, and where its temporary files go.
        environment: ``ONBOARDING_…``, in full.
        handed_in: what standard input holds.
        program: what is run.
    """

    arguments: tuple[str, ...]
    folder: Path
    environment: dict[str, str]
    handed_in: str = ""
    program: tuple[str, ...] = (sys.executable, "-m", "onboarding")

    def __str__(self) -> str:
        return f"onboarding {' '.join(word for word in self.arguments if '/' not in word)}"


@dataclass(frozen=True, slots=True)
class Ran:
    """What was seen of a call.

    Attributes:
        command: which.
        code: its exit code.
        told: standard output and standard error.
        arguments: of all its processes, as everybody sees them.
        environment: of all its processes, as its user and the administrator see it.
    """

    command: Command
    code: int
    told: bytes
    arguments: bytes
    environment: bytes


def run_all(commands: Sequence[Command], jobs: int) -> Iterator[Ran]:
    """Run them, a few at once."""
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        yield from pool.map(_run, commands)


def _run(command: Command) -> Ran:
    command.folder.mkdir(parents=True, exist_ok=True)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ONBOARDING_")}
    wide = {"COLUMNS": "20000", "TERM": "dumb", "NO_COLOR": "1", "PYTHONUTF8": "1", "TMPDIR": str(command.folder)}
    # It runs in another folder, and must find a flow that lies in this one all the same.
    wide["PYTHONPATH"] = os.pathsep.join(os.path.abspath(place) for place in sys.path)  # noqa: PTH100 - "" is here
    with subprocess.Popen(
        [*command.program, *command.arguments], cwd=command.folder, env={**plain, **wide, **command.environment},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    ) as process:  # fmt: skip
        seen = _Watch(process.pid)
        try:
            told, _ = process.communicate(command.handed_in.encode(), timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            told, _ = process.communicate()
        finally:
            seen.stop()
    return Ran(command, process.returncode, told, seen.arguments, seen.environment)


class _Watch:
    """Reads what the list of processes says about a session, again and again, until it is stopped."""

    def __init__(self, session: int) -> None:
        self._session = session
        self._over = threading.Event()
        self._found: dict[str, set[bytes]] = {"cmdline": set(), "environ": set()}
        self._thread = threading.Thread(target=self._look, daemon=True)
        if HAS_PROC:
            self._read()
            self._thread.start()

    @property
    def arguments(self) -> bytes:
        """Of every process of the session."""
        return b"\n".join(sorted(self._found["cmdline"]))

    @property
    def environment(self) -> bytes:
        """Of every process of the session."""
        return b"\n".join(sorted(self._found["environ"]))

    def stop(self) -> None:
        """The session has ended."""
        self._over.set()
        if HAS_PROC:
            self._thread.join()

    def _look(self) -> None:
        while not self._over.is_set():
            self._read()
            time.sleep(_LOOK)

    def _read(self) -> None:
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and _session_of(folder) == self._session:
                for name, found in self._found.items():
                    with contextlib.suppress(OSError):
                        found.add((folder / name).read_bytes())


def _session_of(process: Path) -> int | None:
    try:
        return os.getsid(int(process.name))
    except OSError:
        return None
