"""Reading what the journal holds of journeys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TypeAlias

from onboarding.engine import Journey
from onboarding.engine.asked import id_of, moment_before, text_of
from onboarding.errors import InvalidData
from onboarding.frames import clean_frames
from onboarding.journal import Query, Status, TransitionRecord
from onboarding.machine import Flow
from onboarding.machine.quoting import quoted
from onboarding.service.opened import Opened

__all__ = ["History", "JourneyPage", "Reading"]

History: TypeAlias = list[TransitionRecord]
"""A journey's transitions, oldest first."""


class JourneyPage(tuple[Journey, ...]):  # noqa: SLOT001 - a tuple with one attribute
    """A page of journeys, newest first.

    Attributes:
        next: hand it to ``list(after=…)`` for the following page; None on the last.
    """

    next: str | None = None


class Reading(Opened):
    """The section of ``Onboarding`` that reads."""

    @clean_frames
    async def get(self, journey: str) -> Journey:
        """A journey with its data and last transition. Raises ``UnknownJourney``, or what keeps its data unread."""
        return self._shown(await self.journal.load(id_of(journey), last=True))

    @clean_frames
    async def list(
        self,
        *,
        flow: type[Flow] | str | None = None,
        status: Status | str | Iterable[Status | str] = (),
        state: str | None = None,
        older_than: timedelta | None = None,
        newer_than: timedelta | None = None,
        failures: int = 0,
        after: str | None = None,
        limit: int = 100,
    ) -> JourneyPage:
        """A page of journeys, newest first, without their data.

        Args:
            flow: only this flow's.
            status: only of this status, or of one of these.
            state: only in this state.
            older_than: only those started longer ago.
            newer_than: only those started since.
            failures: only those that go on trying, and whose last so many tries, or more, have failed.
            after: the ``next`` of the page before.
            limit: how many a page, at most 1000.
        """
        now = self._clock.now()
        page = await self.journal.find(
            Query(
                flow=flow if isinstance(flow, str) or flow is None else self.flows.resolve(flow).definition.name,
                status=_statuses(status),
                state=None if state is None else text_of(state, "state"),
                created_before=moment_before(now, older_than, "older_than"),
                created_after=moment_before(now, newer_than, "newer_than"),
                failures=max(0, failures),
                after=None if after is None else id_of(after),
                limit=max(1, min(limit, 1000)),
            )
        )
        found = JourneyPage(self._view(head) for head in page.heads)
        found.next = page.next
        return found

    async def count(self) -> dict[tuple[str, str, str], int]:
        """How many journeys there are, by (flow, status, state)."""
        return await self.journal.count()

    @clean_frames
    async def history(self, journey: str) -> History:
        """A journey's transitions, oldest first. Raises ``UnknownJourney``."""
        await self.journal.head(id_of(journey))
        return await self.journal.history(journey)


def _statuses(given: Status | str | Iterable[Status | str]) -> tuple[Status, ...]:
    return tuple(map(_status, (given,) if isinstance(given, str) or not isinstance(given, Iterable) else given))


def _status(value: object) -> Status:
    if not isinstance(value, str) or value not in set(Status):
        raise InvalidData(f"{quoted(value)} is no status; there are: {', '.join(Status)}")
    return Status(value)
