"""Every row of the capacity table, or some of them, on a journal that is made for it."""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.capacity import growth, killed, polling, queries, starting, writes
from benchmarks.capacity.generate import Plan, generate
from benchmarks.capacity.places import Place
from benchmarks.capacity.rows import Row

_ROWS: dict[str, Callable[[Path, Place], list[Row]]] = {
    "queries": lambda _, big: asyncio.run(queries.measure(big)),
    "writes": lambda _, big: writes.measure(big.path),
    "starting": lambda _, big: starting.measure(big),
    "growth": lambda folder, big: growth.measure(Place.file(folder / "growth" / "journal.db"), big),
    "polling": lambda folder, _: polling.measure(Place.file(folder / "polling" / "journal.db")),
    "killed": lambda folder, _: killed.measure(Place.file(folder / "killed" / "journal.db")),
}


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--journeys", type=int, default=1_000_000, help="how many the big journal holds")
    parser.add_argument("--journal", type=Path, help="the big journal: made there, or taken as it is")
    parser.add_argument("--rows", nargs="*", choices=_ROWS, default=list(_ROWS), help="which measurements")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    given = parser.parse_args()
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="capacity-") as place:
        big = Place.file(given.journal or Path(place) / "big" / "journal.db")
        if not big.path.exists() and {"queries", "writes", "starting", "growth"}.intersection(given.rows):
            started = time.perf_counter()
            asyncio.run(generate(big, Plan(given.journeys)))
            found.append(Row(f"a journal of {given.journeys:,} is generated", time.perf_counter() - started, "s"))
            found.append(Row("its size", big.size() / given.journeys, "bytes each"))
        for row in found:
            print(row)
        for name in given.rows:
            for row in _ROWS[name](Path(place), big):
                print(row, flush=True)
                found.append(row)
    if given.json:
        given.json.write_text(json.dumps([row.data() for row in found], indent=2))


if __name__ == "__main__":
    _main()
