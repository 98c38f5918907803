"""Cancelling a request of the pool, at any moment: it leaves no connection behind."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from pool_under_test import deaf, get, half_a_body, pool_of, silent
from raw_server import OK, Line, Play, RawServer

pytestmark = pytest.mark.anyio

STAGES: list[Any] = [
    pytest.param(deaf, lambda server, _: server.open == 1, id="sending"),
    pytest.param(silent, lambda server, _: bool(server.heard) and b"\r\n\r\n" in server.heard[0], id="waiting"),
    pytest.param(half_a_body, lambda _, read: read.is_set(), id="reading"),
]


@pytest.mark.parametrize(("play", "reached"), STAGES)
async def test_cancelling_a_request_closes_its_connection(
    library: Any, play: Play, reached: Callable[[RawServer, asyncio.Event], bool]
) -> None:
    async with RawServer(play) as server, pool_of(library, server.url) as client:
        reading = asyncio.Event()

        async def request() -> None:
            content = b"x" * 20_000_000 if play is deaf else None
            async with client.stream("GET", "/", content=content) as response:
                async for _ in response.aiter_raw(1):
                    reading.set()

        task = asyncio.create_task(request())
        await server.until(lambda: reached(server, reading))
        for _ in range(3):  # one cancellation must not be undone by the next
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert client._transport._lines == set()
        assert await get(client) == "ok"


async def test_cancelling_a_request_that_connects_leaves_no_socket_behind(library: Any) -> None:
    async with RawServer(silent) as server:
        async with pool_of(library, server.url.replace("http:", "https:")) as client:
            task = asyncio.create_task(get(client))
            await server.until(lambda: bool(server.heard) and bool(server.heard[0]))  # a client hello
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await server.until(lambda: server.open == 0)


@pytest.mark.parametrize("seed", range(5))
async def test_no_connection_is_left_behind_by_cancellations_at_any_moment(library: Any, seed: int) -> None:
    chance, size = random.Random(seed), 10
    all_at_once, calm, turn = asyncio.Barrier(size), asyncio.Event(), asyncio.Semaphore(size)

    async def erratic(line: Line) -> None:
        while True:
            await line.request()
            if calm.is_set():
                await all_at_once.wait()
                await line.say(OK)
                continue
            await asyncio.sleep(chance.choice((0, 0.001)))
            await line.say(*chance.choice(((OK,), (OK,), (OK[:20], OK[20:]), (OK[:9],))))
            if chance.random() < 0.1:
                return

    async with RawServer(*[erratic] * 10_000) as server, pool_of(library, server.url) as client:

        async def request() -> str:
            async with turn:  # so that connections are used again
                return await get(client, timeout=library.Timeout(5, read=0.02))

        tasks = []
        for _ in range(300):
            tasks.append(asyncio.create_task(request()))
            for _ in range(chance.randrange(6)):
                await asyncio.sleep(0)
            chance.choice(tasks).cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        kinds = {"ok" if one == "ok" else type(one).__name__ for one in done}
        assert {"ok", "CancelledError"} < kinds, "answers, cancellations and errors"
        pool = client._transport
        assert len(pool._lines) == len(pool._idle) <= size
        await server.until(lambda: server.open == sum(not line.stream.is_closed for line in pool._lines))
        calm.set()  # from now on each is answered when all are there: every connection that was kept is used
        async with asyncio.timeout(10):
            assert await asyncio.gather(*(get(client) for _ in range(size))) == ["ok"] * size
