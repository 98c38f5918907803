"""The start of a journey: its fields checked, its first row written out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError
from uuid_utils import uuid7

from onboarding.engine.sealer import invalid
from onboarding.errors import InvalidData
from onboarding.journal import Head, Status, TransitionRecord
from onboarding.machine import Definition, Flow, Polling, Waiting, Working
from onboarding.machine.fields import is_later

__all__ = ["fresh", "opening"]


def fresh(kind: type[Flow], given: Flow | None, fields: dict[str, Any]) -> Flow:
    """The flow to start with. Raises ``InvalidData``."""
    what = f"{kind.definition.name} cannot start"
    if given is not None:
        if fields:
            raise InvalidData(f"{what}: give either an instance or fields, not both")
        filled = {name for name, value in given.__dict__.items() if value is not None}
    else:
        filled = set(fields)
    early = sorted(name for name in filled & kind.model_fields.keys() if is_later(kind.model_fields[name]))
    if early:
        raise InvalidData(f"{what}: {', '.join(early)} is filled in on the way, not at the start")
    if given is not None:
        return given.model_copy(deep=True)
    error: InvalidData | None = None
    try:
        return kind.model_validate(fields)
    except ValidationError as bad:
        error = invalid(bad, what)
    raise error


def opening(definition: Definition, data: Flow, now: datetime, worker: str) -> tuple[Head, TransitionRecord]:
    """A new journey's head and the first row of its history."""
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
    return head, TransitionRecord(
        journey=journey, seq=1, at=now, trigger="started", source="", dest=state.name, worker=worker
    )
