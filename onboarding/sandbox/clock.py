"""The sandbox's time: real time plus an offset that a test moves forward."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from onboarding.clock import Clock, SystemClock

__all__ = ["SandboxClock", "epoch_milliseconds", "stamp"]


class SandboxClock:
    """What is now in the sandbox.

    Args:
        base: the clock that the offset is added to; also the sleep of ``delay`` and ``hang`` faults, which
            a client feels in its own time and which :meth:`advance` therefore does not shorten.
    """

    def __init__(self, base: Clock | None = None) -> None:
        self._base = base or SystemClock()
        self._offset = timedelta(0)
        self._moment: datetime | None = None

    def now(self) -> datetime:
        """The sandbox's time of day, aware, in UTC."""
        return self._moment or self._base.now() + self._offset

    @property
    def offset(self) -> float:
        """Seconds that the sandbox is ahead of the base clock."""
        return self._offset.total_seconds()

    def advance(self, seconds: float) -> None:
        """Move the sandbox's time ``seconds`` (zero or more) ahead."""
        if seconds < 0:
            raise ValueError("the sandbox's clock only moves forward")
        self._offset += timedelta(seconds=seconds)

    def reset(self) -> None:
        """Back to the base clock."""
        self._offset = timedelta(0)

    @contextmanager
    def standing_at(self, moment: datetime) -> Iterator[None]:
        """Let it be ``moment`` inside the block: what was due earlier happens as of then."""
        before, self._moment = self._moment, moment
        try:
            yield
        finally:
            self._moment = before

    async def sleep(self, delay: float) -> None:
        """Return after ``delay`` seconds of the base clock."""
        await self._base.sleep(delay)


def stamp(moment: datetime) -> str:
    """``moment`` as the desk shows it: ISO 8601 with milliseconds and zone."""
    return moment.isoformat(timespec="milliseconds")


def epoch_milliseconds(moment: datetime) -> int:
    """``moment`` as the contract shows ``lastLoginTime`` and ``registerTime``."""
    return int(moment.timestamp() * 1000)
