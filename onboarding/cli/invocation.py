"""What one call of the program goes by: the options in front of the command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onboarding.engine import Event
    from onboarding.journal import Head
    from onboarding.machine import Flow
    from onboarding.service import Onboarding
    from onboarding.settings import Settings

__all__ = ["Invocation", "has_terminal"]


@dataclass(frozen=True, slots=True)
class Invocation:
    """The options in front of the command.

    Attributes:
        verbose: how many ``-v``.
        log_json: the file given with ``--log-json``.
        journal: the URL given with ``--journal``.
    """

    verbose: int = 0
    log_json: str | None = None
    journal: str | None = None

    def settings(self, **given: Any) -> Settings:
        """The settings, with what the command line says first. Raises ``SettingsError``."""
        from onboarding.settings import Settings

        if self.journal is not None:
            given["journal"] = self.journal
        return Settings.load(**{name: value for name, value in given.items() if value is not None})

    def onboarding(self, *, worker: bool, tell: Callable[[Event], Any] | None = None, **given: Any) -> Onboarding:
        """The object that a command works with; ``given`` are settings."""
        from onboarding.service import Onboarding

        return Onboarding(self.settings(**given), worker=worker, tell=tell)

    async def flow_of(self, journey: str) -> tuple[Head, type[Flow]]:
        """A stored journey's head and flow. Raises ``UnknownJourney`` and ``UnknownFlow``."""
        async with self.onboarding(worker=False) as onboarding:
            head = await onboarding.journal.head(journey)
            return head, onboarding.flows[head.flow]


def has_terminal() -> bool:
    """Whether a person can be asked: what is typed comes from a terminal, and so is what is shown."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
