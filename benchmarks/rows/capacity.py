"""Big journals: a million journeys in one, a hundred thousand that poll, a hundred thousand when the worker is killed.

What measures is ``benchmarks.capacity``, which runs alone too and tells more. On PostgreSQL it is not measured yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.capacity import growth, killed, polling, queries, starting
from benchmarks.capacity.generate import Plan, generate
from benchmarks.capacity.rows import Row as Measurement
from benchmarks.results import Entry, Figures
from benchmarks.rows import Row

__all__ = ["ROWS"]

_MANY, _FEW = 1_000_000, 20_000
_LIVE, _SOME = 100_000, 2_000
_LISTS = "list"
_NAMES = {
    "opening": "opening_ms",
    "claim of 500 due": "claim_ms",
    "count by flow, status and state": "count_ms",
    "list by state": "list_ms",
    "from the start of a worker to the first due advance": "first_advance_s",
    "resident memory of a worker": "resident_mb",
    "due-to-poll lag, p99": "lag_p99_s",
    "due-to-poll lag, median": "lag_p50_s",
    "CPU of the worker, a poll": "cpu_ms_a_poll",
    "work until everything is resumed and at its end, after a kill": "resumed_s",
    "the same by the clock": "by_the_clock_s",
    "done twice": "twice",
    "CPU of a journey of four calls, empty journal": "cpu_ms_empty",
    "CPU of a journey of four calls, this journal": "cpu_ms_full",
    "growth of its cost": "growth",
}
"""What is kept of the measurements; the slowest list that no time narrows is told as well."""


def _kept(found: Iterable[Measurement]) -> Figures:
    figures: Figures = {}
    for each in found:
        name = _NAMES.get(each.name)
        if name == "growth":
            figures[name] = 1 + each.value / 100
        elif name is not None:
            figures[name] = each.value
        narrowed = any(word in each.name for word in ("than", "ended"))
        if each.name.startswith(_LISTS) and not narrowed:
            figures["slowest_list_ms"] = max(each.value, figures.get("slowest_list_ms", 0.0))
    return figures


def _big(bench: Bench) -> Path:
    """The big journal of this run, made when it is first asked for."""
    path = bench.scratch / "big" / "journal.db"
    if not path.exists():
        many = _FEW if bench.options.quick else _MANY
        bench.say(f"making a journal of {many:,} journeys")
        asyncio.run(generate(path, Plan(many)))
    return path


def _alone(about: str, measure: Callable[[], Iterable[Measurement]]) -> dict[str, Entry]:
    return {"sqlite": Entry(about, [_kept(measure())])}


def _capacity(bench: Bench) -> dict[str, Entry]:
    big = _big(bench)
    return _alone("onboarding, SQLite", lambda: [*asyncio.run(queries.measure(big)), *starting.measure(big)])


def _growth(bench: Bench) -> dict[str, Entry]:
    return _alone("onboarding, SQLite", lambda: growth.measure(bench.scratch, _big(bench)))


def _polling(bench: Bench) -> dict[str, Entry]:
    live = _SOME if bench.options.quick else _LIVE
    return _alone(f"onboarding, SQLite, {live:,} watches", lambda: polling.measure(bench.scratch, live))


def _killed(bench: Bench) -> dict[str, Entry]:
    live = _SOME if bench.options.quick else _LIVE
    return _alone(f"onboarding, SQLite, {live:,} live", lambda: killed.measure(bench.scratch, live))


ROWS = (
    Row("capacity", "One journal with a million journeys, parked, waiting and polling.", _capacity, place=60),
    Row("growth", "What a journey costs beside nothing, and beside a million.", _growth, place=61),
    Row("polling", "A hundred thousand watches on one worker, 200 of them due each second.", _polling, place=62),
    Row("kill", "A worker killed with a hundred thousand journeys live, and the next one.", _killed, place=63),
)
