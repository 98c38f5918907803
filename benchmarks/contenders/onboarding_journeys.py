"""This package: a flow of four steps, the embedded worker, sealed data, a synced commit before each call.

Options: ``journal`` is ``sqlite`` or ``postgres``; ``extras`` is ``core`` (nothing but the package: httpx) or
``fast`` (the extra of that name: httpx2, and uvloop where it is installed).
"""

from __future__ import annotations

import asyncio
import importlib
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.contenders.calls import TENANT, TOKEN, person
from benchmarks.contenders.task import Task, race, skip, tell


def main(task: Task) -> None:
    """Run the journeys."""
    fast = task.options["extras"] == "fast"
    if not fast:  # both are installed where this is developed; a user of the core has neither
        sys.modules["httpx2"] = sys.modules["uvloop"] = None  # type: ignore[assignment]
    try:
        runner = asyncio.Runner(loop_factory=importlib.import_module("uvloop").new_event_loop)
    except ImportError:
        runner = asyncio.Runner()
    with runner:
        runner.run(_run(task))


async def _run(task: Task) -> None:
    from benchmarks.contenders.registration import BenchmarkRegistration
    from onboarding import Onboarding, OnboardingError, Settings

    file = Path(task.folder) / "journal.db"
    on_sqlite = task.options["journal"] == "sqlite"
    try:
        settings = Settings.load(
            base_url=task.url,
            tenant_id=TENANT,
            api_token=TOKEN,
            journal=f"sqlite:///{file}" if on_sqlite else task.service,
            key_file=Path(task.folder) / "keys",
            concurrency=task.in_flight,
            pool_size=task.in_flight,
        )
        onboarding = await Onboarding(settings, flows=[BenchmarkRegistration]).__aenter__()
    except (OnboardingError, ImportError) as error:
        skip(str(error))
    try:

        async def journey(number: int) -> None:
            fields: dict[str, Any] = dict(person(number))
            ended = await onboarding.run(BenchmarkRegistration, **fields)
            if ended.state != "registered":
                raise ValueError(f"a journey ended as {ended.state}")

        tell(await race(task, journey, _counting(file) if on_sqlite else dict))
    finally:
        await onboarding.__aexit__(None, None, None)


def _counting(file: Path) -> Callable[[], dict[str, float]]:
    """Commits and transitions so far, read from the journal by a connection of its own."""

    def count() -> dict[str, float]:
        with sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True) as connection:
            (commits,) = connection.execute("SELECT number FROM commits").fetchone()
            (rows,) = connection.execute("SELECT count(*) FROM transitions").fetchone()
        connection.close()
        return {"commits": commits, "rows": rows}

    return count


if __name__ == "__main__":
    main(Task.handed_in())
