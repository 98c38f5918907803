"""A bare script on httpx or httpx2: the four calls, and nothing that outlives a crash.

Options: ``library`` is ``httpx`` or ``httpx2``; ``client`` is ``own`` (as its documentation makes one: a shared
``AsyncClient`` with limits that fit, https://www.python-httpx.org/advanced/resource-limits/) or ``adapter`` (the
very one that ``AccountApi`` makes for itself).
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

from benchmarks.contenders.calls import HttpxCalls
from benchmarks.contenders.task import Task, race, skip, tell


async def main(task: Task) -> None:
    """Run the journeys."""
    library = task.options["library"]
    client = _adapters(library, task.in_flight) if task.options["client"] == "adapter" else None
    async with HttpxCalls(task, client=client, library=library) as calls:
        tell(await race(task, calls.journey))


def _adapters(library: str, in_flight: int) -> Any:
    try:
        from onboarding.api.http_library import make_client

        return make_client(importlib.import_module(library), "http://127.0.0.1", pool_size=in_flight, trust_env=False)
    except (ImportError, TypeError) as error:
        skip(f"the adapter's client is not made as this benchmark makes it: {error}")


if __name__ == "__main__":
    asyncio.run(main(Task.handed_in()))
