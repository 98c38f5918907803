"""``Bench``: what a row is handed. It runs contenders, each in a fresh process, one after the other, in rounds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.contenders.calls import CALLS
from benchmarks.contenders.catalogue import Contender
from benchmarks.contenders.task import SKIPPED, Task, told
from benchmarks.environments import FOLDER, ROOT, environment
from benchmarks.results import Entry, Figures
from benchmarks.services.postgres import NotThere, Postgres, postgres
from benchmarks.services.stub import StubProcess
from benchmarks.services.temporal import temporal

__all__ = ["Bench", "Load", "Options"]

LIMIT = 180.0
"""Seconds that one contender may take for one round, its start included."""

_LONGEST = 300
_PATH = re.compile(r"(?<![\w:/])/[\w.+-]+(?:/[\w.+-]+)+")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says.

    Attributes:
        rounds: how often each contender runs; medians are taken over them.
        quick: few journeys: to see that everything runs.
        peers: whether other projects take part.
    """

    rounds: int = 5
    quick: bool = False
    peers: bool = True


@dataclass(frozen=True, slots=True)
class Load:
    """How much is asked of a contender in one run."""

    journeys: int
    warm_up: int
    in_flight: int


@dataclass(slots=True)
class Bench:
    """The services and environments of one run of the benchmark, made when they are first needed."""

    options: Options
    scratch: Path
    _stack: ExitStack
    _postgres: Postgres | None = None
    _refused: dict[str, str] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def opened(cls, options: Options) -> Iterator[Bench]:
        """A bench that cleans up behind itself."""
        FOLDER.mkdir(exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="run-", dir=FOLDER))
        try:
            with ExitStack() as stack:
                yield cls(options, scratch, stack)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def say(self, text: str) -> None:
        """Tell whoever waits how far it is."""
        print(text, file=sys.stderr, flush=True)

    def postgres(self) -> Postgres:
        """A PostgreSQL server, the same for the whole run. Raises ``NotThere``."""
        if "postgres" in self._refused:
            raise NotThere(self._refused["postgres"])
        if self._postgres is None:
            try:
                self._postgres = self._stack.enter_context(postgres())
            except NotThere as error:
                self._refused["postgres"] = str(error)
                raise
        return self._postgres

    def environment(self, name: str) -> Path:
        """The Python of an environment; one that could not be made is not tried again. Raises ``NotThere``."""
        if name in self._refused:
            raise NotThere(self._refused[name])
        try:
            return environment(name)
        except NotThere as error:
            self._refused[name] = str(error)
            raise

    def interleaved(
        self, runs: dict[str, tuple[str, Callable[[], Figures]]], rounds: int | None = None
    ) -> dict[str, Entry]:
        """Run everybody once, then everybody once more, and so on: what disturbs a round disturbs all.

        Who cannot run, or fails, is not run again, and its entry says why.

        Args:
            runs: by name, what it is and how it is run once.
            rounds: how often; without, as the command line says.
        """
        entries = {name: Entry(about) for name, (about, _) in runs.items()}
        for number in range(rounds or self.options.rounds):
            for name, (_, run) in runs.items():
                entry = entries[name]
                if entry.skipped:
                    continue
                self.say(f"  round {number + 1}: {name}")
                try:
                    entry.rounds.append(run())
                except NotThere as error:
                    entry.skipped = str(error)
                    self.say(f"  {name}: {error}")
        return entries

    def run(self, contender: Contender, load: Load, stub: StubProcess) -> Figures:
        """Run a contender once, in a process and a folder of its own.

        Raises:
            NotThere: it cannot take part, took too long, failed, or made other calls than were asked for.
        """
        python = self.environment(contender.environment)
        with tempfile.TemporaryDirectory(dir=self.scratch) as name, ExitStack() as services:
            folder = Path(name)
            service = self._service(contender, folder, services)
            (folder / "work").mkdir()
            task = Task(
                stub.url, load.journeys, load.warm_up, load.in_flight, str(folder / "work"), contender.options, service
            )
            calls, cpu = stub.used()
            figures = _run(python, contender.program, task)
            calls_after, cpu_after = stub.used()
        journeys = load.journeys + load.warm_up
        if calls_after - calls != CALLS * journeys:
            raise NotThere(f"it made {calls_after - calls} calls where {CALLS * journeys} were asked for")
        figures["stub_ms"] = (cpu_after - cpu) / journeys * 1000
        figures["stub_busy"] = figures["stub_ms"] / 1000 * figures["journeys_per_s"]
        return figures

    def _service(self, contender: Contender, folder: Path, services: ExitStack) -> str:
        match contender.service:
            case "postgres":
                server, name = self.postgres(), contender.name
                services.callback(server.drop, name)
                return server.fresh(name)
            case "temporal":
                program = self.environment(contender.environment).with_name("temporal")
                return services.enter_context(temporal(program, folder))
            case _:
                return ""


def _run(python: Path, program: str, task: Task) -> Figures:
    # No setting of whoever runs this reaches a contender: neither ours nor another project's.
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
    variables = {name: os.environ[name] for name in kept if name in os.environ}
    # A home of its own: nobody's files and settings are read or written.
    variables |= {"PYTHONPATH": str(ROOT), "HOME": task.folder}
    argv = [str(python), "-m", f"benchmarks.contenders.{program}"]
    try:
        done = subprocess.run(
            argv, input=task.written(), cwd=task.folder, env=variables, capture_output=True, text=True,
            timeout=LIMIT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        done = None
    if done is None:
        raise NotThere(f"took longer than {LIMIT:.0f} s")
    lines = done.stderr.strip().splitlines()
    if done.returncode == SKIPPED:
        raise NotThere(_without_paths(lines[-1]) if lines else "cannot take part here")
    figures = told(done.stdout)
    # Temporal's SDK may crash at exit: what it has told by then is told.
    if figures is None:
        raise NotThere(f"failed: {_without_paths(lines[-1]) if lines else f'exit {done.returncode}'}"[:_LONGEST])
    return figures


def _without_paths(words: str) -> str:
    """For a report that is published: it names no place of this machine."""
    return _PATH.sub("…", words)
