"""Journeys of four calls: 50 in flight, the same with answers that take their time, and one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from benchmarks.bench import Bench, Load
from benchmarks.contenders.catalogue import CONTENDERS, Contender
from benchmarks.results import Entry, Figures
from benchmarks.rows import Row
from benchmarks.services.stub import StubProcess, stub

__all__ = ["ROWS"]

_IN_FLIGHT = 50
_WARM_UP = 100
_QUICK = 20
"""A quick run measures so many times fewer journeys."""

_OURS = ("bare-httpx", "bare-adapter", "bare-adapter-fast", "onboarding-sqlite", "onboarding-sqlite-fast")


def fifty(bench: Bench) -> dict[str, Entry]:
    """As fast as it goes."""
    everybody = [contender for contender in CONTENDERS.values() if bench.options.peers or not contender.peer]
    return _measured(bench, everybody, lambda contender: Load(contender.journeys, _WARM_UP, _IN_FLIGHT))


def jittered(bench: Bench) -> dict[str, Entry]:
    """Answers take 20 to 80 ms: some 240 journeys/s are possible at most, so that the CPU time is the figure."""
    who = [CONTENDERS[name] for name in _OURS]
    return _measured(bench, who, lambda _: Load(1000, _WARM_UP, _IN_FLIGHT), 20, 80)


def alone(bench: Bench) -> dict[str, Entry]:
    """One journey after the other: nothing is shared."""
    who = [CONTENDERS[name] for name in _OURS]
    return _measured(bench, who, lambda _: Load(500, 20, 1))


def _measured(
    bench: Bench, who: Iterable[Contender], load: Callable[[Contender], Load], least: int = 0, most: int = 0
) -> dict[str, Entry]:
    with stub(least, most) as running:
        return bench.interleaved({one.name: (one.about, partial(_once, bench, one, load(one), running)) for one in who})


def _once(bench: Bench, contender: Contender, load: Load, running: StubProcess) -> Figures:
    if bench.options.quick:
        load = Load(max(load.journeys // _QUICK, load.in_flight), min(load.warm_up, load.in_flight), load.in_flight)
    return bench.run(contender, load, running)


ROWS = (
    Row(
        "journeys",
        "Journeys of four calls, 50 in flight: durable ones sync before each call that matters, "
        "seal their data and write one row a transition.",
        fifty,
        (
            ("× bare httpx", "journeys_per_s", "bare-httpx"),
            ("× onboarding", "journeys_per_s", "onboarding-sqlite"),
        ),
        place=10,
    ),
    Row(
        "jittered",
        "The same with answers that take 20 to 80 ms: what counts is the CPU time of a journey.",
        jittered,
        (("CPU × bare, adapter's client", "cpu_ms", "bare-adapter"),),
        place=11,
    ),
    Row(
        "alone",
        "One journey at a time: no commit is shared, no connection is waited for.",
        alone,
        (("CPU × bare, adapter's client", "cpu_ms", "bare-adapter"),),
        place=12,
    ),
)
