"""The start of a journey: its fields, checked."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from onboarding.engine.asked import explain, invalid, read_back, unusable
from onboarding.errors import InvalidData
from onboarding.machine import Flow
from onboarding.machine.fields import REVEAL, STORED, filled_in_later, own_values

__all__ = ["fresh"]


def fresh(
    kind: type[Flow], given: Flow | None, fields: dict[str, Any], context: dict[str, Any] | None = None
) -> tuple[Flow, Flow]:
    """The flow to start with: as it is shown, and as it will be read from the journal, for the engine.

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
            shown = kind.model_validate(fields, context=context)
            return shown, _stored(shown, what)
        # Whoever built it knew nothing of the context, and may have changed it since without a check.
        asked = kind.model_fields.keys() - filled_in_later(kind)
        kind.model_validate({name: given.__dict__[name] for name in asked & given.__dict__.keys()}, context=context)
        shown = given.model_copy()
        object.__setattr__(shown, "__dict__", own_values(given.__dict__))
        return shown, _stored(shown, what)
    except InvalidData:
        raise
    except ValidationError as bad:
        error = invalid(bad, what, kind)
    except Exception as bad:  # noqa: BLE001 - a check of the flow's own, a value that no JSON can hold
        error = unusable(bad, what)
    raise error


def _stored(flow: Flow, what: str) -> Flow:
    """The flow as it will be read from the journal; fails in some way where its fields cannot be written down."""
    kind = type(flow)
    later = filled_in_later(kind)
    kept = read_back(flow.model_dump(mode="json", context=REVEAL, exclude=set(later) or None, warnings=False))
    try:
        return kind.model_validate(kept, context=STORED)
    except ValidationError as bad:
        why = explain(bad, kind)
    raise InvalidData(f"{what}: it could not be read again as it would be stored: {why}")
