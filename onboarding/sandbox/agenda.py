"""What will happen later: late requests that land, review tasks that move.

Nothing runs in the background. Whoever looks at the sandbox, or changes it, first settles the agenda:
everything that was due by then happens, in the order and as of the moments it was due. Nobody can tell the
difference, no task is left over at the end of a test, and a clock moved a week ahead plays the week in its
order.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime

from onboarding.sandbox.clock import SandboxClock

__all__ = ["Agenda"]


class Agenda:
    """Actions by the time they are due; of two due together, the one added first happens first."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._entries: list[tuple[datetime, int, Callable[[], object]]] = []
        self._added = 0
        self._settling = False

    def add(self, due: datetime, action: Callable[[], object]) -> None:
        """Let ``action`` happen at ``due``."""
        self._added += 1
        heapq.heappush(self._entries, (due, self._added, action))

    def settle(self) -> None:
        """Let everything happen that is due by now. Called from inside an action it does nothing."""
        if self._settling or not self._entries:
            return
        self._settling = True
        try:
            now = self._clock.now()
            while self._entries and self._entries[0][0] <= now:
                due, _, action = heapq.heappop(self._entries)
                with self._clock.standing_at(due):
                    action()
        finally:
            self._settling = False
