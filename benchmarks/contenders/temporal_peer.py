"""Temporal: a workflow of four activities, on the dev server with its database in a file.

As its documentation advises (https://docs.temporal.io/develop/worker-performance): one worker with slots for all
that is in flight, pollers that scale themselves, a cache that holds every running workflow, asynchronous activities,
which share one event loop. Activities are eager where the server lets them be (the SDK's default).

Options: ``activities`` is ``normal`` or ``local`` (https://docs.temporal.io/local-activity: recorded with the
workflow task that ran them, not one by one).
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, Worker

with workflow.unsafe.imports_passed_through():
    from benchmarks.contenders.calls import CALLS, HttpxCalls
    from benchmarks.contenders.task import Task, race, tell

QUEUE = "benchmark"
_LIMIT = timedelta(seconds=30)


@workflow.defn
class Normal:
    """Four activities, one after the other."""

    @workflow.run
    async def run(self, number: int) -> None:
        """Do them."""
        for step in range(CALLS):
            await workflow.execute_activity("call", args=[number, step], start_to_close_timeout=_LIMIT)


@workflow.defn
class Local:
    """Four local activities, one after the other."""

    @workflow.run
    async def run(self, number: int) -> None:
        """Do them."""
        for step in range(CALLS):
            await workflow.execute_local_activity("call", args=[number, step], start_to_close_timeout=_LIMIT)


async def main(task: Task) -> None:
    """Run the journeys."""
    kind = Local if task.options["activities"] == "local" else Normal
    client = await Client.connect(task.service)
    async with HttpxCalls(task, library=task.options["library"]) as calls:

        @activity.defn(name="call")
        async def call(number: int, step: int) -> Any:
            return await calls.step(number, step)

        worker = Worker(
            client,
            task_queue=QUEUE,
            workflows=[kind],
            activities=[call],
            max_cached_workflows=1000,
            max_concurrent_workflow_tasks=task.in_flight + 1,
            max_concurrent_activities=task.in_flight,
            max_concurrent_local_activities=task.in_flight,
            workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
            activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        )
        async with worker:

            async def journey(number: int) -> None:
                await client.execute_workflow(kind.run, number, id=f"journey-{number}", task_queue=QUEUE)

            tell(await race(task, journey))


if __name__ == "__main__":
    asyncio.run(main(Task.handed_in()))
