"""How a simulated process reaches the journal: its writes are committed a little later, together, and may be lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Generator
from typing import Any

from onboarding.errors import JournalBusy, JournalError
from onboarding.journal import Change, Head, MemoryJournal, Message, Stored

__all__ = ["Commits", "SharedJournal"]

_LONGEST = 0.08
"""Seconds until what was handed in is committed."""
_BUSY = 0.004
"""The share of commits that fail, and leave nothing behind."""


class _Handed:
    """A change that was handed in: what the engine waits for."""

    __slots__ = ("change", "error", "settled", "waiters")

    def __init__(self, change: Change) -> None:
        self.change = change
        self.settled = False
        self.error: JournalError | None = None
        self.waiters: list[asyncio.Future[None]] = []

    def settle(self, error: JournalError | None) -> None:
        self.settled, self.error = True, error
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)

    def __await__(self) -> Generator[Any, None, None]:
        if not self.settled:
            waiter = asyncio.get_running_loop().create_future()
            self.waiters.append(waiter)
            yield from waiter
        if self.error is not None:
            raise self.error


class SharedJournal(MemoryJournal):
    """The journal that all processes use.

    Args:
        posted: called when a message was posted.
    """

    def __init__(self, posted: Callable[[], None]) -> None:
        super().__init__()
        self._posted = posted

    async def post(self, message: Message) -> None:
        """Keep a message, and let its owner know."""
        await super().post(message)
        self._posted()


class Commits:
    """One process's way into a journal that other processes use too.

    Args:
        shared: the journal.
        rng: chance.
        changed: called with the id of a journey whose change was committed.
        disturbed: whether commits may fail.
    """

    def __init__(
        self, shared: MemoryJournal, rng: random.Random, changed: Callable[[str], None], *, disturbed: bool
    ) -> None:
        self._shared = shared
        self._rng = rng
        self._changed = changed
        self._disturbed = disturbed
        self._queue: list[_Handed] = []
        self._timer: asyncio.TimerHandle | None = None
        self.stopped = False

    def __getattr__(self, name: str) -> Any:
        """Everything else is the shared journal's."""
        return getattr(self._shared, name)

    def write(self, change: Change) -> _Handed:
        """Hand in a change."""
        handed = _Handed(change)
        self._queue.append(handed)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._rng.random() * _LONGEST, self._on_time)
        return handed

    async def load(self, journey: str, *, last: bool = False) -> Stored:
        """One journey with its unseen messages; this process sees what it has written."""
        self.commit()
        return await self._shared.load(journey, last=last)

    async def head(self, journey: str) -> Head:
        """The head alone."""
        self.commit()
        return await self._shared.head(journey)

    def commit(self, most: int | None = None) -> None:
        """Commit what was handed in, or the first so many of it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        queue, self._queue = self._queue[:most], []
        busy = bool(queue) and self._disturbed and self._rng.random() < _BUSY
        for handed in queue:
            handed.settle(JournalBusy("somebody else held the journal") if busy else self._apply(handed.change))

    def die(self) -> None:
        """The process ends: of what it had handed in, a part may have been committed."""
        self.commit(self._rng.randint(0, len(self._queue)))

    def _on_time(self) -> None:
        self._timer = None
        if not self.stopped:
            self.commit()

    def _apply(self, change: Change) -> JournalError | None:
        try:
            next(self._shared.write(change).__await__())
        except StopIteration:
            self._changed(change.head.id)
            return None
        except JournalError as error:
            return error
        raise AssertionError("the journal in memory settles at once")
