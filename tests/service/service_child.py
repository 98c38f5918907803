"""A process with an ``Onboarding`` of its own: ``python service_child.py own|start``, set up by the environment."""

from __future__ import annotations

import asyncio
import sys

from onboarding import Onboarding


async def own() -> None:
    """Advance journeys until killed; say when it owns the journal."""
    async with Onboarding() as onboarding:
        while not onboarding.is_owner:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.01)
        print("owner", flush=True)
        await asyncio.Event().wait()


async def start() -> None:
    """Start ten journeys, each with the key that everybody uses; print their ids."""
    async with Onboarding(worker=False) as onboarding:
        for number in range(10):
            journey = await onboarding.start(
                "task-watch", key=f"key {number}", user_id="u", task_type="JOB_TYPE_TA_OPEN"
            )
            print(journey.id, flush=True)


asyncio.run({"own": own, "start": start}[sys.argv[1]]())
