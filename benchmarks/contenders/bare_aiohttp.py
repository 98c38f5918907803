"""A bare script on aiohttp: the four calls, and nothing that outlives a crash.

One session with a connector that has room for all (https://docs.aiohttp.org/en/stable/client_advanced.html).
"""

from __future__ import annotations

import asyncio

import aiohttp

from benchmarks.contenders.calls import CALLS, HEADERS, call, understood
from benchmarks.contenders.task import Task, race, tell


async def main(task: Task) -> None:
    """Run the journeys."""
    connector = aiohttp.TCPConnector(limit=task.in_flight)
    async with aiohttp.ClientSession(connector=connector, headers=HEADERS) as session:

        async def journey(number: int) -> None:
            for step in range(CALLS):
                target, content = call(number, step)
                # The target is percent-encoded already.
                async with session.post(_url(task.url + target), data=content) as response:
                    understood(response.status, await response.read())

        tell(await race(task, journey))


def _url(address: str) -> aiohttp.client.URL:
    return aiohttp.client.URL(address, encoded=True)


if __name__ == "__main__":
    asyncio.run(main(Task.handed_in()))
