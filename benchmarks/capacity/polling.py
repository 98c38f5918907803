"""Many watches on one worker: how late each is polled."""

from __future__ import annotations

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta

from benchmarks.capacity.generate import Plan, generate
from benchmarks.capacity.places import Place
from benchmarks.capacity.processes import ask, processor, resident, stub, worker
from benchmarks.capacity.rows import Row

__all__ = ["measure"]

_RATE = 200
_LASTS = 40
"""Seconds."""
_START = 12
"""Seconds that the worker has until the first falls due."""


def measure(place: Place, journeys: int = 100_000) -> list[Row]:
    """Watches that fall due 200 a second, in a new journal there; from when each was due until the stub heard of it."""
    # What is due first must not be due before the journal is made.
    plan = Plan(
        journeys, shares={"polling": 1}, every=timedelta(seconds=journeys / _RATE),
        due_from=timedelta(seconds=_START + journeys / 1000),
    )  # fmt: skip
    now = datetime.now(UTC)
    asyncio.run(generate(place, plan, now))
    while (left := (now + plan.due_from - datetime.now(UTC)).total_seconds()) > _START:
        time.sleep(left - _START)
    with stub() as url, worker(place, url) as process:
        time.sleep(max(0.0, (now + plan.due_from - datetime.now(UTC)).total_seconds()) + _LASTS)
        until, used = datetime.now(UTC), processor(process.pid)
        time.sleep(2)
        seen, memory = ask(url, "/seen"), resident(process.pid)
    due = {f"u{number}": now + plan.due_of(number) for number in range(journeys)}
    late = {user: at for user, at in due.items() if at < until}
    lags = sorted(seen.get(user, until.timestamp() + 2) - at.timestamp() for user, at in late.items())
    note = f"{journeys:,} watches, {_RATE} due a second, {len(lags):,} polled"
    return [
        Row("due-to-poll lag, p99", lags[int(len(lags) * 0.99)], "s", 1, note),
        Row("due-to-poll lag, median", statistics.median(lags), "s", None, note),
        Row("CPU of the worker, a poll", used * 1000 / len(lags), "ms", None, "its start included"),
        Row("resident memory of a worker that polls", memory, "MB", 300, note),
    ]
