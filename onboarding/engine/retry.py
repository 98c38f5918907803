"""How long to wait before a step is tried again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

__all__ = ["Backoff"]


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff with jitter, kept by durable timers.

    Args:
        base: the first wait.
        cap: the longest wait.
        attempts: how often a step is tried before the journey is parked.
    """

    base: timedelta = timedelta(seconds=1)
    cap: timedelta = timedelta(minutes=5)
    attempts: int = 8

    def delay(self, failures: int, rng: random.Random, retry_after: float | None = None) -> timedelta:
        """The wait after so many failures in a row: half of it fixed, half of it by chance.

        What the other side asked for (``Retry-After``) is the least.
        """
        longest = min(self.cap, self.base * float(2 ** min(failures - 1, 30)))
        wait = longest / 2 + longest / 2 * rng.random()
        return max(wait, timedelta(seconds=retry_after)) if retry_after else wait
