"""A worker does not end because something failed: that would leave every journey stuck in silence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from onboarding.errors import JournalError
from onboarding.log import log

__all__ = ["PENALTY", "persist"]

PENALTY = 5.0
"""Seconds before what failed is tried again."""


async def persist(turn: Callable[[], Awaitable[None]], pause: Callable[[float], Awaitable[None]]) -> None:
    """Do one turn of a worker's; if it fails, say so in the log and pause."""
    try:
        await turn()
    except JournalError as error:
        log.error("the worker cannot use the journal, and tries again: {}", error)
        await pause(PENALTY)
    except Exception as error:  # noqa: BLE001 - whatever it is, the next turn may succeed
        log.error("the worker failed with {}, and tries again", type(error).__name__)
        await pause(PENALTY)
