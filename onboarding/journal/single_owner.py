"""What a journal need not do where one process advances all journeys."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

__all__ = ["SingleOwner"]


class SingleOwner:
    """A part of the protocol of ``onboarding.journal.protocol``; see there for what each method promises."""

    def may_send(self, journey: str) -> bool:  # noqa: ARG002 - the protocol asks for each
        """Always: nobody can have taken it over."""
        return True

    def release(self, journeys: Collection[str]) -> None:
        """Nothing to do."""

    def reserve(self, journey: str) -> None:
        """Nothing to do."""

    @property
    def is_exclusive(self) -> bool:
        """Yes."""
        return True

    @property
    def pace(self) -> float:
        """Nobody tells what other processes have written: it is looked at often."""
        return 0.25

    def on_news(self, tell: Callable[[str], None]) -> None:
        """Nobody tells any."""

    async def claim(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[str]:
        """What to advance now."""
        raise NotImplementedError

    async def due(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[str]:
        """What ``claim`` gives, which takes nothing."""
        return await self.claim(now, limit, busy)
