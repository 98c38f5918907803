"""DBOS: a workflow of four steps, each recorded when it has been done.

As its documentation advises (https://docs.dbos.dev/python/reference/configuration): one process, asynchronous
workflows and steps, which run in one event loop; a pool of connections (``sys_db_pool_size``, 20) and threads for
as many as are in flight; no tracing, no admin server. ``use_listen_notify`` stays on.

Options: ``database`` is ``sqlite`` (as it comes), ``wal`` (the same file in write-ahead mode, which DBOS leaves as it
finds it), or ``postgres``; ``pool`` is the number of connections.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig

from benchmarks.contenders.calls import CALLS, HttpxCalls
from benchmarks.contenders.task import Task, race, tell


async def main(task: Task) -> None:
    """Run the journeys."""
    config: DBOSConfig = {
        "name": "benchmark",
        "system_database_url": _database(task),
        "sys_db_pool_size": int(task.options["pool"]),
        "max_executor_threads": task.in_flight,
        "enable_otlp": False,
        "log_level": "ERROR",
    }
    DBOS(config=config)
    async with HttpxCalls(task, library=task.options["library"]) as calls:

        @DBOS.step()
        async def step(number: int, step: int) -> Any:
            return await calls.step(number, step)

        @DBOS.workflow()
        async def journey(number: int) -> None:
            for each in range(CALLS):
                await step(number, each)

        DBOS.launch()
        try:
            tell(await race(task, journey))
        finally:
            DBOS.destroy()


def _database(task: Task) -> str:
    if task.options["database"] == "postgres":
        return task.service
    file = Path(task.folder) / "dbos.sqlite"
    if task.options["database"] == "wal":
        connection = sqlite3.connect(file)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
    return f"sqlite:///{file}"


if __name__ == "__main__":
    asyncio.run(main(Task.handed_in()))
