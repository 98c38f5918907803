"""A clock that is set back makes everything that is due wait for so much longer: nothing fails, and nobody is told."""

from __future__ import annotations

from datetime import timedelta

from onboarding.clock import Clock
from onboarding.log import log

__all__ = ["SetBack"]

_WORTH_A_WORD = timedelta(minutes=1)


class SetBack:
    """Notices it, by the clock that only ever grows.

    Args:
        clock: the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._origin = clock.now() - timedelta(seconds=clock.monotonic())
        """What the time of day was when the other clock stood at nothing."""

    def look(self) -> None:
        """Say by how much the clock was set back since the last look, if it was."""
        origin = self._clock.now() - timedelta(seconds=self._clock.monotonic())
        back, self._origin = self._origin - origin, origin
        if back > _WORTH_A_WORD:
            log.warning(
                "this machine's clock was set back by {}: what is due by it waits for so much longer, unless it is set "
                "right again",
                timedelta(seconds=round(back.total_seconds())),
            )
