"""What one call of the program goes by: the options in front of the command."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

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

    @asynccontextmanager
    async def onboarding(
        self,
        *,
        worker: bool | Literal["temporal"],
        makes: bool = False,
        quiet: bool = False,
        looks: bool = False,
        waits: bool = False,
        tell: Callable[[Event], Any] | None = None,
        **given: Any,
    ) -> AsyncIterator[Onboarding]:
        """The object that a command works with.

        Args:
            worker: whether to advance journeys; ``"temporal"``: through Temporal.
            makes: whether to make a journal where there is none, and say so.
            quiet: not to say so.
            looks: whether the command only looks: then it goes on, with a warning, without a flow that does not load.
            waits: whether to wait for a journal's server that is not there yet; a person is told so at once.
            tell: called with every transition.
            given: settings.

        Raises:
            SettingsError: there is no journal, and none is to be made.
        """
        from onboarding.cli.failure import say
        from onboarding.cli.place import journal_is_there
        from onboarding.journal import open_journal
        from onboarding.service import Onboarding

        settings = self.settings(**given)
        if looks:
            settings = _with_flows_that_load(settings)
        was_there = journal_is_there(settings, makes=makes)
        journal = open_journal(settings.journal_url, waits=waits)
        async with Onboarding(settings, worker=worker, journal=journal, tell=tell) as onboarding:
            if not was_there and not quiet:
                say(f"made a new journal at {onboarding.journal.place}")
            yield onboarding

    async def check(self, *, calls: bool, makes: bool = False) -> None:
        """Refuse what the settings or the journal do not allow, before somebody types what would be lost.

        Args:
            calls: whether the API is needed.
            makes: as for :meth:`onboarding`; nothing is made yet.

        Raises:
            SettingsError: they do not fit.
            JournalError: the journal that is there cannot be opened.
        """
        from onboarding.cli.place import journal_is_there
        from onboarding.clock import SystemClock
        from onboarding.connect import account_api

        settings = self.settings()
        if calls:
            await account_api(settings, SystemClock()).aclose()
        if journal_is_there(settings, makes=makes):
            async with self.onboarding(worker=False):
                pass

    async def flow_of(self, journey: str) -> tuple[Head, type[Flow]]:
        """A stored journey's head and flow. Raises ``UnknownJourney`` and ``UnknownFlow``."""
        from onboarding.engine.asked import id_of

        async with self.onboarding(worker=False) as onboarding:
            head = await onboarding.journal.head(id_of(journey))
            return head, onboarding.flows[head.flow]


def _with_flows_that_load(settings: Settings) -> Settings:
    """The settings without the flows of ``ONBOARDING_FLOWS`` that do not load; says at the end which, and why."""
    from onboarding.cli.failure import say_at_end
    from onboarding.errors import OnboardingError
    from onboarding.machine import Registry

    known, loaded = Registry(), []
    for flow in settings.flows:
        try:
            known.add(flow)
        except OnboardingError as error:
            say_at_end(f"{error} (of ONBOARDING_FLOWS; it is left out)")
        else:
            loaded.append(flow)
    return settings.model_copy(update={"flows": loaded})


def has_terminal() -> bool:
    """Whether a person can be asked: what is typed comes from a terminal, and so is what is shown."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
