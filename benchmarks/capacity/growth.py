"""Whether a journey costs the same in a big journal as in an empty one.

That is the CPU of the process that advances it, and of the server that keeps the journal, where there is one.
``python -m benchmarks.capacity.growth`` runs some journeys of four calls, and prints how many milliseconds each took.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time

from benchmarks.capacity.places import Place
from benchmarks.capacity.processes import environment, server, stub
from benchmarks.capacity.rows import Row
from onboarding import Onboarding

__all__ = ["measure"]

_AT_ONCE = 50
_JOURNEYS = 400
_ROUNDS = 5
_LATER = 30 * 86_400_000_000


def measure(small: Place, big: Place) -> list[Row]:
    """CPU of a journey in the journal ``big`` and in a new one at ``small``, in turn; the ratio of the medians."""
    small.folder.mkdir(parents=True, exist_ok=True)
    # Nothing that it holds must fall due meanwhile. Nobody has it open.
    big.do(f"UPDATE journeys SET due = due + {_LATER} WHERE due IS NOT NULL")
    if not big.is_file:
        big.do("VACUUM (ANALYZE)")  # as the server does some minutes later
        big.do("CHECKPOINT")
    took: dict[Place, list[float]] = {small: [], big: []}
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


def _run(journal: Place, url: str) -> float:
    settings = {"concurrency": str(_AT_ONCE), "pool_size": str(_AT_ONCE), "cooldown": "0s"}
    command = [sys.executable, "-m", "benchmarks.capacity.growth"]
    used = server(journal)
    ended = subprocess.run(command, env=environment(journal, url, **settings), capture_output=True, check=True)
    return float(ended.stdout) + (server(journal) - used) * 1000 / (_JOURNEYS + _AT_ONCE)


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
