"""The start of a journey: its fields, checked."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from onboarding.engine.asked import check_finite, explain, invalid, read_back, unusable
from onboarding.errors import DefinitionError, InvalidData
from onboarding.machine import Flow
from onboarding.machine.fields import filled_in_later, own_values
from onboarding.machine.kept import read_again, written

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
        DefinitionError: they fit, and the flow could not read them again as they would be stored.
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
        shown = _checked(kind, given, fields, context)
        kept = read_back(written(shown))
    except ValidationError as bad:
        error = invalid(bad, what, kind)
    except Exception as bad:  # noqa: BLE001 - a check of the flow's own, a value that no JSON can hold
        error = unusable(bad, what)
    else:
        return shown, _read_again(shown, kept, what)
    raise error


def _checked(kind: type[Flow], given: Flow | None, fields: dict[str, Any], context: dict[str, Any] | None) -> Flow:
    if given is None:
        check_finite(fields, kind)
        return kind.model_validate(fields, context=context)
    # Whoever built it knew nothing of the context, and may have changed it since without a check.
    asked = kind.model_fields.keys() - filled_in_later(kind)
    kind.model_validate({name: given.__dict__[name] for name in asked & given.__dict__.keys()}, context=context)
    shown = given.model_copy()
    object.__setattr__(shown, "__dict__", own_values(given.__dict__))
    return shown


def _read_again(shown: Flow, kept: dict[str, Any], what: str) -> Flow:
    kind = type(shown)
    try:
        return read_again(kind, kept)
    except ValidationError as bad:
        why = explain(bad, kind)
    except Exception as bad:  # noqa: BLE001 - a check of the flow's own
        why = f"it raised {type(bad).__name__}"
    if _is_of_its_types(shown):
        raise DefinitionError(
            f"{what}: {kind.__name__} cannot read its own fields again as they would be stored: {why}"
        )
    raise InvalidData(f"{what}: {why}")


def _is_of_its_types(flow: Flow) -> bool:
    """Whether no model within it was built, or changed, without a check."""
    try:
        written(flow, strictly=True)
    except PydanticSerializationError:
        return False
    return True
