"""A new journey, before the journal has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from uuid_utils import uuid7

from onboarding.engine.book import Book
from onboarding.journal import Chain, Head, Status, TransitionRecord
from onboarding.machine import Flow, Polling, Waiting, Working

__all__ = ["NewJourney", "opening"]


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


def opening(flow: Flow, now: datetime, worker: str, chain: Chain, key: bytes | None = None) -> NewJourney:
    """A new journey of a flow.

    Args:
        flow: its fields, which are its own from now on.
        now: the time.
        worker: who is written into its history.
        chain: signs that.
        key: the digest of its key of idempotency.
    """
    definition = type(flow).definition
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
        journey=head.id, seq=1, at=now, trigger="started", source="", dest=state.name, worker=worker
    )
    book = Book()
    flow._fired = book.fired  # noqa: SLF001 - the engine keeps a flow's counts
    return NewJourney(head, flow, book, book.sign(first, chain), key)
