"""``kill -9`` with many journeys live: how soon all are resumed, and whether one does anything twice."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from benchmarks.capacity.generate import Plan, generate
from benchmarks.capacity.places import Place
from benchmarks.capacity.processes import ask, processor, stub, worker
from benchmarks.capacity.rows import Row

__all__ = ["measure"]

_WORKING = 0.02
_LANDING = 1
_PATIENCE = 900


def measure(place: Place, journeys: int = 100_000) -> list[Row]:
    """Kill a worker amid its work, start another, and wait until nothing is overdue; in a new journal there."""
    shares = {"working": _WORKING, "polling": 0.5, "waiting": 0.48}
    plan = Plan(journeys, shares=shares, every=timedelta(seconds=journeys / 100))
    asyncio.run(generate(place, plan))
    settings = {"landing_delay": f"{_LANDING}s", "cooldown": "0s", "concurrency": "50", "pool_size": "50"}
    with stub() as url:
        with worker(place, url, **settings) as first:
            while ask(url, "/ledger")["done"] < journeys * _WORKING / 2:
                time.sleep(0.01)
            first.kill()
        in_flight = _in_flight(place)
        overdue = _overdue(place)
        started = time.monotonic()
        with worker(place, url, **settings) as second:
            while (took := time.monotonic() - started) < _PATIENCE and not _is_over(place, in_flight):
                assert second.poll() is None, "the worker ended"
                time.sleep(0.1)
            work = processor(second.pid)
        ledger = ask(url, "/ledger")
    note = f"{journeys:,} live, {overdue:,} due, {len(in_flight)} with a request under way; landing delay {_LANDING} s"
    return [
        Row("work until everything is resumed and at its end, after a kill", work, "s of CPU", 30, note),
        Row(
            "the same by the clock", took, "s", None, "on a machine that does nothing else, this is the one to look at"
        ),
        Row("done twice", ledger["twice"], "journeys", 0, f"{ledger['done']:,} things done"),
    ]


def _is_over(place: Place, in_flight: set[tuple[object, ...]]) -> bool:
    return not (_in_flight(place) & in_flight or _working(place))


def _in_flight(place: Place) -> set[tuple[object, ...]]:
    """Those that a request may have left, each with its revision."""
    return set(place.ask("SELECT id, revision FROM journeys WHERE due IS NOT NULL AND phase = 'sending'"))


def _overdue(place: Place) -> int:
    now = int(datetime.now(UTC).timestamp() * 1e6)
    return int(place.ask(f"SELECT count(*) FROM journeys WHERE due <= {now}")[0][0])


def _working(place: Place) -> bool:
    return bool(place.ask("SELECT flow FROM tallies WHERE status = 'working' AND number > 0"))
