"""A bare script on httpx or httpx2: the four calls, and nothing that outlives a crash.

Options: ``library`` is ``httpx`` or ``httpx2``; ``client`` is ``own`` (as its documentation makes one: a shared
``AsyncClient`` with limits that fit, https://www.python-httpx.org/advanced/resource-limits/; ``at_once`` requests at
once, where that is given), ``adapter`` (an
``AsyncClient`` on the pool that ``AccountApi`` makes for itself) or ``pool`` (that pool alone, handed requests as
``AccountApi`` hands them, without what an ``AsyncClient`` does around them).

What httpx 0.28 costs hangs on two things. Its pool looks through all connections and all waiting requests whenever
one comes or goes: so it is measured with 20 at once behind a semaphore, as many as it keeps open by itself, with one
for each of 50 journeys, and with 10, where it does best. And where ``sniffio`` is not installed, httpcore 1.0.9 looks
for it on disk several times a request (https://github.com/encode/httpcore/pull/1103), so it is installed, though
``pip install httpx`` does not bring it any more.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

from benchmarks.contenders.calls import HEADERS, HttpxCalls, call, understood
from benchmarks.contenders.task import Task, race, skip, tell


async def main(task: Task) -> None:
    """Run the journeys."""
    library, kind = task.options["library"], task.options["client"]
    match kind:
        case "own":
            at_once = task.options.get("at_once")
            calls = HttpxCalls(task, library=library, at_once=int(at_once) if at_once else None)
        case "adapter":
            calls = HttpxCalls(task, client=_adapters(library, task))
        case _:
            calls = PoolCalls(task, importlib.import_module(library), _pool(library, task))
    async with calls:
        tell(await race(task, calls.journey))


class PoolCalls(HttpxCalls):
    """The four calls straight through a pool."""

    def __init__(self, task: Task, library: Any, pool: Any) -> None:
        super().__init__(task, client=pool)
        self._headers = [(b"Host", library.URL(task.url).netloc), *library.Headers(HEADERS).raw]

    async def step(self, number: int, step: int) -> Any:
        """One call of a journey; the data of its answer."""
        target, content = call(number, step)
        headers = [*self._headers, (b"Content-Length", b"%d" % len(content or b""))]
        extensions = {"timeout": {"connect": 5.0}}
        answer = await self._client.send("POST", target.encode(), headers, content, extensions=extensions)
        try:
            body = b"".join([chunk async for chunk in answer])
        finally:
            await answer.aclose()
        return understood(answer.status, body)


def _adapters(library: str, task: Task) -> Any:
    """An ``AsyncClient`` on the adapter's pool."""
    return importlib.import_module(library).AsyncClient(transport=_pool(library, task), trust_env=False)


def _pool(library: str, task: Task) -> Any:
    """The pool that the adapter makes for itself."""
    try:
        from onboarding.api.http_library import make_client

        return make_client(importlib.import_module(library), task.url, pool_size=task.in_flight, trust_env=False)
    except (ImportError, TypeError) as error:
        skip(f"the adapter's pool is not made as this benchmark makes it: {error}")


if __name__ == "__main__":
    asyncio.run(main(Task.handed_in()))
