"""``kill -9`` with many journeys live: how soon all are resumed, and whether one does anything twice."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.capacity.generate import Plan, generate
from benchmarks.capacity.processes import ask, stub, worker
from benchmarks.capacity.rows import Row

__all__ = ["measure"]

_WORKING = 0.02
_LANDING = 1
_PATIENCE = 300


def measure(folder: Path, journeys: int = 100_000) -> list[Row]:
    """Kill a worker amid its work, start another, and wait until nothing is overdue."""
    path = folder / "killed" / "journal.db"
    shares = {"working": _WORKING, "polling": 0.5, "waiting": 0.48}
    plan = Plan(journeys, shares=shares, every=timedelta(seconds=journeys / 100))
    asyncio.run(generate(path, plan))
    settings = {"landing_delay": f"{_LANDING}s", "cooldown": "0s", "concurrency": "50", "pool_size": "50"}
    with stub() as url:
        with worker(path, url, **settings) as first:
            while ask(url, "/ledger")["done"] < journeys * _WORKING / 2:
                time.sleep(0.01)
            first.kill()
        in_flight = _in_flight(path)
        overdue = _overdue(path)
        started = time.monotonic()
        with worker(path, url, **settings) as second:
            while (took := time.monotonic() - started) < _PATIENCE and (_in_flight(path) & in_flight or _working(path)):
                assert second.poll() is None, "the worker ended"
                time.sleep(0.1)
        ledger = ask(url, "/ledger")
    note = f"{journeys:,} live, {overdue:,} due, {len(in_flight)} with a request under way; landing delay {_LANDING} s"
    return [
        Row("from a kill to everything resumed and at its end", took, "s", 30, note),
        Row("done twice", ledger["twice"], "journeys", 0, f"{ledger['done']:,} things done"),
    ]


def _ask(path: Path, question: str, *terms: object) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30)
    try:
        return connection.execute(question, terms).fetchall()
    finally:
        connection.close()


def _in_flight(path: Path) -> set[tuple[object, ...]]:
    """Those that a request may have left, each with its revision."""
    return set(_ask(path, "SELECT id, revision FROM journeys WHERE due IS NOT NULL AND phase = 'sending'"))


def _overdue(path: Path) -> int:
    now = int(datetime.now(UTC).timestamp() * 1e6)
    return len(_ask(path, "SELECT id FROM journeys WHERE due <= ?", now))


def _working(path: Path) -> bool:
    return bool(_ask(path, "SELECT flow FROM tallies WHERE status = 'working' AND number > 0"))
