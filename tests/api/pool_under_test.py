"""A pool to test, and what servers do to it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from raw_server import OK, Line

from onboarding.api.pool import make_pool


@asynccontextmanager
async def pool_of(library: Any, url: str, **more: Any) -> AsyncIterator[Any]:
    """A client over a pool; when it is closed no connection is left in use."""
    settings = {"keep_alive": 3.0, "context": ssl.create_default_context(), **more}
    pool = make_pool(library, url, **settings)
    async with library.AsyncClient(transport=pool, base_url=url) as client:
        yield client
        assert len(pool._lines) == len(pool._idle)
    assert pool._lines == set()


async def get(client: Any, **more: Any) -> str:
    text: str = (await client.get("/", **more)).text
    return text


async def silent(line: Line) -> None:
    await line.until_gone()


async def deaf(line: Line) -> None:
    """Read nothing, until the client has gone for sure."""
    line.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(3600)


async def half_a_body(line: Line) -> None:
    await line.request()
    await line.say(OK[:-1])
    await line.until_gone()
