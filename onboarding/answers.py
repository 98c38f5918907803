"""Answers to waiting journeys: from a function, plain or async."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio.to_thread

from onboarding.engine import Journey

__all__ = ["Answer", "ask"]

Answer = Callable[[Journey], "tuple[str, Mapping[str, Any]] | Awaitable[tuple[str, Mapping[str, Any]] | None] | None"]
"""Answers a waiting journey: the input's name and its values, or None to leave it waiting. May be async."""


async def ask(answer: Answer, journey: Journey) -> tuple[str, Mapping[str, Any]] | None:
    """Call a plain function in a thread, an async one here."""
    if inspect.iscoroutinefunction(answer) or inspect.iscoroutinefunction(getattr(answer, "__call__", None)):  # noqa: B004 - an object with an async __call__
        return await answer(journey)  # type: ignore[misc, no-any-return]
    given = await anyio.to_thread.run_sync(answer, journey)
    return await given if inspect.isawaitable(given) else given
