"""The start of a journey: its fields checked, its first row written out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from uuid_utils import uuid7

from onboarding.engine.asked import check_json, invalid, unusable
from onboarding.engine.book import Book
from onboarding.errors import InvalidData
from onboarding.journal import Chain, Head, Status, TransitionRecord
from onboarding.machine import Definition, Flow, Polling, Waiting, Working
from onboarding.machine.fields import REVEAL, filled_in_later, own_values

__all__ = ["fresh", "opening"]


def fresh(kind: type[Flow], given: Flow | None, fields: dict[str, Any], context: dict[str, Any] | None = None) -> Flow:
    """The flow to start with.

    Args:
        kind: which flow.
        given: an instance with its fields, or None.
        fields: its fields otherwise.
        context: what their check may go by, such as the hosts that are allowed.

    Raises:
        InvalidData: they do not fit.
    """
    what = f"{kind.definition.name} cannot start"
    if given is not None:
        if fields:
            raise InvalidData(f"{what}: give either an instance or fields, not both")
        filled = {name for name, value in given.__dict__.items() if value is not None}
    else:
        filled = set(fields)
    early = sorted(filled & filled_in_later(kind))
    if early:
        raise InvalidData(f"{what}: {', '.join(early)} is filled in on the way, not at the start")
    error: InvalidData
    try:
        if given is None:
            return _storable(kind.model_validate(fields, context=context))
        # Whoever built it knew nothing of the context, and may have changed it since without a check.
        asked = kind.model_fields.keys() - filled_in_later(kind)
        kind.model_validate({name: given.__dict__[name] for name in asked & given.__dict__.keys()}, context=context)
        own = given.model_copy()
        object.__setattr__(own, "__dict__", own_values(given.__dict__))
        return _storable(own)
    except ValidationError as bad:
        error = invalid(bad, what, kind)
    except Exception as bad:  # noqa: BLE001 - a check of the flow's own, a value that no JSON can hold
        error = unusable(bad, what)
    raise error


def _storable(flow: Flow) -> Flow:
    """The flow, if its fields can be written down as they will be; fails in some way otherwise."""
    later = filled_in_later(type(flow))
    check_json(flow.model_dump(mode="json", context=REVEAL, exclude=set(later) or None, warnings=False))
    return flow


def opening(
    definition: Definition, data: Flow, now: datetime, worker: str, chain: Chain
) -> tuple[Head, TransitionRecord, Book]:
    """A new journey's head, the first row of its history, signed, and the engine's book that knows of it."""
    journey, state = str(uuid7()), definition.states[definition.initial]
    waits = isinstance(state, Waiting)
    head = Head(
        id=journey,
        flow=definition.name,
        version=definition.version,
        state=state.name,
        status={Working: Status.WORKING, Polling: Status.POLLING}.get(type(state), Status.WAITING),
        due=now + (definition.up_to(data, state.name) or timedelta()) if waits else now,
        attempt=0 if waits else 1,
        seq=1,
        created=now,
        updated=now,
        entered=now,
    )
    first = TransitionRecord(
        journey=journey, seq=1, at=now, trigger="started", source="", dest=state.name, worker=worker
    )
    book = Book()
    return head, book.sign(first, chain), book
