"""What a contender is told, how it measures itself, and what it tells. Stands on the standard library alone."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

__all__ = ["SKIPPED", "Stopwatch", "Task", "race", "skip", "tell"]

SKIPPED = 77
"""The exit code of a contender that cannot take part here; its last line says why."""

_MARK = "figures: "
_KILO = 1024


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done.

    Attributes:
        url: the stub's address, without a slash at the end.
        journeys: how many are measured.
        warm_up: how many go before them, unmeasured.
        in_flight: how many at once.
        folder: an empty folder of one's own, on a disk.
        options: what distinguishes contenders that share a program.
        service: the address of the service that was asked for, a database or a server; empty without one.
    """

    url: str
    journeys: int
    warm_up: int
    in_flight: int
    folder: str
    options: dict[str, str] = field(default_factory=dict)
    service: str = ""

    @classmethod
    def handed_in(cls) -> Task:
        """The task that stands on the standard input."""
        return cls(**json.load(sys.stdin))

    def written(self) -> str:
        """For the standard input of a contender."""
        return json.dumps(asdict(self))


def tell(figures: dict[str, float]) -> None:
    """Print what was measured: a contender's last line."""
    print(_MARK + json.dumps(figures), flush=True)


def told(output: str) -> dict[str, float] | None:
    """What a contender has printed of itself; None: nothing."""
    lines = [line for line in output.splitlines() if line.startswith(_MARK)]
    found: dict[str, float] | None = json.loads(lines[-1].removeprefix(_MARK)) if lines else None
    return found


def skip(why: str) -> NoReturn:
    """End a contender that cannot take part here."""
    print(why, file=sys.stderr)
    sys.exit(SKIPPED)


class Stopwatch:
    """Wall time and the CPU time of this process with all its threads, between ``start`` and ``stop``.

    Args:
        count: what is counted beside, such as commits so far; the figures hold the differences.
    """

    def __init__(self, count: Callable[[], dict[str, float]] = dict) -> None:
        self._count = count
        self.latencies: list[float] = []

    def start(self) -> None:
        """Begin, with no garbage of the warm-up left."""
        gc.collect()
        self._before = self._count()
        self._cpu, self._wall = _cpu(), time.perf_counter()

    def stop(self, journeys: int) -> dict[str, float]:
        """The figures of so many journeys."""
        seconds, cpu = time.perf_counter() - self._wall, _cpu() - self._cpu
        figures = {
            "journeys_per_s": journeys / seconds,
            "cpu_ms": cpu / journeys * 1000,
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KILO,
        }
        if self.latencies:
            ordered = sorted(self.latencies)
            figures["p50_ms"] = ordered[len(ordered) // 2] * 1000
            figures["p99_ms"] = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)] * 1000
        counted = {name: value - self._before[name] for name, value in self._count().items()}
        if counted.get("commits"):
            figures["rows_per_commit"] = counted["rows"] / counted["commits"]
            figures["rows_per_journey"] = counted["rows"] / journeys
        return figures


async def race(
    task: Task, journey: Callable[[int], Awaitable[Any]], count: Callable[[], dict[str, float]] = dict
) -> dict[str, float]:
    """Run the task's journeys, always as many at once as it says, after a warm-up.

    Args:
        task: how many.
        journey: runs one from its beginning to its end; it is handed a number that no other one has.
        count: see ``Stopwatch``.
    """
    watch = Stopwatch(count)

    async def run(numbers: Iterator[int]) -> None:
        for number in numbers:
            began = time.perf_counter()
            await journey(number)
            watch.latencies.append(time.perf_counter() - began)

    async def all_of(numbers: range) -> None:
        shared = iter(numbers)
        await asyncio.gather(*(run(shared) for _ in range(task.in_flight)))

    await all_of(range(task.warm_up))
    watch.latencies.clear()
    watch.start()
    await all_of(range(task.warm_up, task.warm_up + task.journeys))
    return watch.stop(task.journeys)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
