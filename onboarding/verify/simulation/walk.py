"""A coroutine that can be left at any of its awaits: for good, as a crash leaves it, or for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any

__all__ = ["Walk"]


class Walk:
    """Runs a coroutine until it ends, or until its process does.

    What runs in a process that is killed is neither cancelled nor closed: not one more line of it is run, no
    ``except`` and no ``finally``. What runs in a process that is stopped goes on when that goes on.

    Args:
        coroutine: what is run.
        gate: entered after each await; its future, if there is one, is waited for first. What it raises ends the walk.
        at_await: called at each await, with its number, before it is waited for.
    """

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, Any],
        gate: Callable[[], asyncio.Future[None] | None],
        at_await: Callable[[int], None],
    ) -> None:
        self._coroutine = coroutine
        self._gate = gate
        self._at_await = at_await
        self.dead = False
        """Whether the process has ended under it."""
        self.awaits = 0

    def __await__(self) -> Generator[Any, None, Any]:
        """What the coroutine returns; None where it was left."""
        cancelled: asyncio.CancelledError | None = None
        while not self.dead:
            try:
                waits_for = self._coroutine.throw(cancelled) if cancelled else self._coroutine.send(None)
            except StopIteration as end:
                return end.value
            cancelled = None
            self.awaits += 1
            self._at_await(self.awaits)
            if not self.dead:
                cancelled = yield from self._pause(waits_for)
        return None

    def _pause(self, waits_for: Any) -> Generator[Any, None, asyncio.CancelledError | None]:
        """Wait, then until the process runs; what cancelled the wait."""
        cancelled: asyncio.CancelledError | None = None
        closed: asyncio.Future[None] | None = None
        while True:
            try:
                if closed is None:
                    yield waits_for
                else:
                    yield from closed
            except asyncio.CancelledError as told:  # by a time limit of the coroutine's own, or by whoever killed it
                cancelled = told
            if self.dead:
                return None
            if (closed := self._gate()) is None:
                return cancelled

    def close(self) -> None:
        """Let go of what was left; only when nothing of the world is looked at any more."""
        self._coroutine.close()
