"""Leaving without breaking anything off."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import anyio

__all__ = ["to_its_end"]


async def to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Await it to its end, however often the caller is cancelled meanwhile: only then is the caller cancelled."""
    task = asyncio.create_task(work)
    hurry: asyncio.CancelledError | None = None
    with anyio.CancelScope(shield=True):
        while not task.done():
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError as error:
                hurry = error
    task.result()
    if hurry is not None:
        raise hurry
