"""Procrastinate: a job a journey, which makes the four calls; there is no record of a single step.

As its documentation advises (https://procrastinate.readthedocs.io/en/stable/howto/advanced/concurrency.html): one
worker with as many coroutines as are in flight, asynchronous tasks, all jobs deferred in batches
(``batch_defer_async``), finished ones deleted. There is no time of a single journey: jobs wait in the queue.
"""

from __future__ import annotations

import asyncio

from procrastinate import App, PsycopgConnector

from benchmarks.contenders.calls import HttpxCalls
from benchmarks.contenders.task import Stopwatch, Task, tell

_BATCH = 500


async def main(task: Task) -> None:
    """Run the journeys."""
    app = App(connector=PsycopgConnector(conninfo=task.service, min_size=1, max_size=int(task.options["pool"])))
    async with HttpxCalls(task, library=task.options["library"]) as calls, app.open_async():
        await app.schema_manager.apply_schema_async()

        @app.task(name="journey")
        async def journey(number: int) -> None:
            await calls.journey(number)

        async def run(numbers: range) -> None:
            for start in range(numbers.start, numbers.stop, _BATCH):
                batch = [{"number": number} for number in range(start, min(start + _BATCH, numbers.stop))]
                await journey.batch_defer_async(*batch)
            await app.run_worker_async(
                concurrency=task.in_flight, wait=False, install_signal_handlers=False, delete_jobs="successful"
            )

        await run(range(task.warm_up))
        watch = Stopwatch()
        watch.start()
        await run(range(task.warm_up, task.warm_up + task.journeys))
        tell(watch.stop(task.journeys))


if __name__ == "__main__":
    asyncio.run(main(Task.handed_in()))
