"""Whether a journey costs the same in a big journal as in an empty one: CPU of the process that advances it.

``python -m benchmarks.capacity.growth JOURNAL URL`` runs some journeys of four calls, and prints how many
milliseconds each took.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.capacity.processes import environment, stub
from benchmarks.capacity.rows import Row
from onboarding import Onboarding

__all__ = ["measure"]

_AT_ONCE = 50
_JOURNEYS = 400
_ROUNDS = 7
_LATER = 30 * 86_400_000_000


def measure(folder: Path, big: Path) -> list[Row]:
    """CPU of a journey in the journal ``big`` and in an empty one, in turn; the ratio of the medians."""
    small = folder / "growth" / "journal.db"
    _postpone(big)
    took: dict[Path, list[float]] = {small: [], big: []}
    with stub() as url:
        for number in range(_ROUNDS):
            for journal in (small, big) if number % 2 else (big, small):
                took[journal].append(_run(journal, url))
    few, many = (statistics.median(took[journal]) for journal in (small, big))
    return [
        Row("CPU of a journey of four calls, empty journal", few, "ms"),
        Row("CPU of a journey of four calls, this journal", many, "ms"),
        Row("growth of its cost", 100 * (many / few - 1), "%", 10, f"medians of {_ROUNDS}, in turn"),
    ]


def _postpone(journal: Path) -> None:
    """Nothing that the journal holds must fall due meanwhile. Nobody has it open."""
    connection = sqlite3.connect(journal)
    with connection:
        connection.execute("UPDATE journeys SET due = due + ? WHERE due IS NOT NULL", (_LATER,))
    connection.close()


def _run(journal: Path, url: str) -> float:
    settings = {"concurrency": str(_AT_ONCE), "pool_size": str(_AT_ONCE), "cooldown": "0s"}
    command = [sys.executable, "-m", "benchmarks.capacity.growth", str(journal), url]
    ended = subprocess.run(command, env=environment(journal, url, **settings), capture_output=True, check=True)
    return float(ended.stdout)


async def _four_calls() -> float:
    async with Onboarding() as onboarding:
        await asyncio.gather(*(_one(onboarding, number) for number in range(_AT_ONCE)))
        used = time.process_time()
        for start in range(0, _JOURNEYS, _AT_ONCE):
            await asyncio.gather(*(_one(onboarding, number) for number in range(start, start + _AT_ONCE)))
        return (time.process_time() - used) * 1000 / _JOURNEYS


async def _one(onboarding: Onboarding, number: int) -> None:
    phone = f"159{number:08d}"
    journey = await onboarding.start("password-reset", phone=phone, new_password="Abcd1234", send_sms=False)
    ended = await onboarding.wait(journey.id)
    assert ended.ended_well, f"it is {ended.status} in {ended.state}"


if __name__ == "__main__":
    print(asyncio.run(_four_calls()))
