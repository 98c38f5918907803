"""Big journals: a million journeys in one, a hundred thousand that poll, a hundred thousand when the worker is killed.

What measures is ``benchmarks.capacity``, which runs alone too and tells more. Each is measured in a SQLite file and
on a PostgreSQL server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from benchmarks.bench import Bench
from benchmarks.capacity import growth, killed, polling, queries, starting
from benchmarks.capacity.generate import Plan, generate
from benchmarks.capacity.places import Place
from benchmarks.capacity.rows import Row as Measurement
from benchmarks.results import Entry, Figures
from benchmarks.rows import Row
from benchmarks.services.postgres import NotThere

__all__ = ["ROWS"]

_MANY, _FEW = 1_000_000, 20_000
_LIVE, _SOME = 100_000, 2_000
_LISTS = "list"
_NAMES = {
    "opening": "opening_ms",
    "claim of 500 due": "claim_ms",
    "count by flow, status and state": "count_ms",
    "list by state": "list_ms",
    "what is to be archived, where nothing is": "nothing_to_archive_ms",
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
"""What is kept of the measurements; the slowest of all lists is told as well."""


def _kept(found: Iterable[Measurement]) -> Figures:
    figures: Figures = {}
    for each in found:
        name = _NAMES.get(each.name)
        if name == "growth":
            figures[name] = 1 + each.value / 100
        elif name is not None:
            figures[name] = each.value
        if each.name.startswith(_LISTS):
            figures["slowest_list_ms"] = max(each.value, figures.get("slowest_list_ms", 0.0))
    return figures


def _place(bench: Bench, name: str, backend: str) -> Place:
    """Where a journal of this run may be made. Raises ``NotThere``."""
    folder = bench.scratch / name / backend
    if (folder / "url").exists():
        return Place((folder / "url").read_text("utf-8"), folder)
    folder.mkdir(parents=True)
    place = Place.file(folder / "journal.db") if backend == "sqlite" else Place(bench.postgres().fresh(name), folder)
    (folder / "url").write_text(place.url, "utf-8")
    return place


def _big(bench: Bench, backend: str) -> Place:
    """The big journal of this run, made when it is first asked for. Raises ``NotThere``."""
    place = _place(bench, "big", backend)
    if not place.is_made:
        many = _FEW if bench.options.quick else _MANY
        bench.say(f"  making a journal of {many:,} journeys: {backend}")
        asyncio.run(generate(place, Plan(many)))
    return place


def _on_both(bench: Bench, about: str, measure: Callable[[str], Iterable[Measurement]]) -> dict[str, Entry]:
    entries = {}
    for backend, name in (("sqlite", "SQLite"), ("postgres", "PostgreSQL")):
        entry = entries[backend] = Entry(about.format(name))
        bench.say(f"  {entry.about}")
        try:
            entry.rounds.append(_kept(measure(backend)))
        except NotThere as error:
            entry.skipped = str(error)
    return entries


def _capacity(bench: Bench) -> dict[str, Entry]:
    def measure(backend: str) -> list[Measurement]:
        big = _big(bench, backend)
        return [*asyncio.run(queries.measure(big)), *starting.measure(big)]

    return _on_both(bench, "onboarding, {}", measure)


def _growth(bench: Bench) -> dict[str, Entry]:
    return _on_both(
        bench, "onboarding, {}",
        lambda backend: growth.measure(_place(bench, "growth", backend), _big(bench, backend)),
    )  # fmt: skip


def _with_many_live(
    name: str, about: str, measure: Callable[[Place, int], Iterable[Measurement]]
) -> Callable[[Bench], dict[str, Entry]]:
    def row(bench: Bench) -> dict[str, Entry]:
        live = _SOME if bench.options.quick else _LIVE
        return _on_both(
            bench, f"onboarding, {{}}, {live:,} {about}", lambda backend: measure(_place(bench, name, backend), live)
        )

    return row


_polling = _with_many_live("polling", "watches", polling.measure)
_killed = _with_many_live("kill", "live", killed.measure)

ROWS = (
    Row("capacity", "One journal with a million journeys, parked, waiting and polling.", _capacity, place=60),
    Row("growth", "What a journey costs beside nothing, and beside a million.", _growth, place=61),
    Row("polling", "A hundred thousand watches on one worker, 200 of them due each second.", _polling, place=62),
    Row("kill", "A worker killed with a hundred thousand journeys live, and the next one.", _killed, place=63),
)
