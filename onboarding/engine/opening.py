"""A journey that is new: made, stored, and begun where it is started."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from uuid_utils import uuid7

from onboarding.engine.book import Book
from onboarding.engine.journey import JourneyInHand
from onboarding.engine.rules import Rules
from onboarding.engine.sealer import Sealer
from onboarding.errors import JournalConflict
from onboarding.journal import Head, Journal, Status, TransitionRecord
from onboarding.machine import Flow, Polling, Waiting, Working

__all__ = ["NewJourney", "Opening"]


@dataclass(frozen=True, slots=True)
class NewJourney:
    """A journey that is to be stored.

    Attributes:
        head: how it begins.
        flow: its fields; nobody else holds them.
        book: the engine's, which knows of the first row.
        first: the first row of its history, signed.
        key: the digest of its key of idempotency, where it has one.
    """

    head: Head
    flow: Flow
    book: Book
    first: TransitionRecord
    key: bytes | None = None


class Opening:
    """Makes and stores new journeys.

    Args:
        journal: the durable record.
        sealer: seals their data, and signs their histories.
        rules: the clock, who is written into the history, and who is told.
    """

    def __init__(self, journal: Journal, sealer: Sealer, rules: Rules) -> None:
        self._journal = journal
        self._sealer = sealer
        self._rules = rules

    def new(self, flow: Flow, key: bytes | None = None) -> NewJourney:
        """A new journey, which is nowhere yet: for ``store`` or ``begin``, once.

        Args:
            flow: its fields, which are the engine's own from now on.
            key: the digest of its key of idempotency.
        """
        definition, now = type(flow).definition, self._rules.clock.now()
        state = definition.states[definition.initial]
        waits = isinstance(state, Waiting)
        head = Head(
            id=str(uuid7()),
            flow=definition.name,
            version=definition.version,
            state=state.name,
            status={Working: Status.WORKING, Polling: Status.POLLING}.get(type(state), Status.WAITING),
            due=now + (definition.up_to(flow, state.name) or timedelta()) if waits else now,
            attempt=0 if waits else 1,
            seq=1,
            created=now,
            updated=now,
            entered=now,
        )
        first = TransitionRecord(
            journey=head.id, seq=1, at=now, trigger="started", source="", dest=state.name, worker=self._rules.worker
        )
        book = Book()
        book.counts_for(flow)
        return NewJourney(head, flow, book, book.sign(first, self._sealer.chain), key)

    async def store(self, new: NewJourney) -> Head:
        """Store a new journey; its head, or that of the one that was stored under its key before.

        Raises:
            JournalError: it could not be stored.
        """
        return await self._in_hand(new).open(new.first, new.key, intent=False)

    async def begin(self, new: NewJourney, stored: asyncio.Future[Head]) -> JourneyInHand | None:
        """Store a new journey as this worker's own: the commit is its first step's intent too.

        Args:
            new: the journey; the journal was asked to reserve it.
            stored: is told what ``store`` gives or raises. Whoever waits for that may be broken off.

        Returns:
            It, to be advanced; None: it is not this worker's, or it may be stored and nobody knows.
        """
        try:
            head, hand = await self._begun(new)
        except Exception as error:
            if stored.done():
                raise
            stored.set_exception(error)
            return None
        except BaseException:
            stored.cancel()
            raise
        if not stored.done():
            stored.set_result(head)
        return hand

    async def _begun(self, new: NewJourney) -> tuple[Head, JourneyInHand | None]:
        hand = self._in_hand(new)
        try:
            head = await hand.open(new.first, new.key, intent=True)
        except JournalConflict:  # this is no worker any more: it is for whoever is one
            hand.withdraw()
            return await self.store(new), None
        return head, hand if head.id == new.head.id else None

    def _in_hand(self, new: NewJourney) -> JourneyInHand:
        return JourneyInHand(new.head, new.flow, new.book, self._journal, self._sealer, self._rules)
