"""A flow's fields as they are kept: written down, secrets and all, and read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onboarding.machine.fields import REVEAL, STORED, filled_in_later
from onboarding.machine.flow import Flow

__all__ = ["read_again", "written"]


def written(flow: Flow, *, strictly: bool = False) -> dict[str, Any]:
    """The fields as JSON data, without those that are not filled in yet: their own serializers may not know None.

    Args:
        flow: the fields.
        strictly: fails with pydantic's ``PydanticSerializationError`` where a value is not of its field's type.
    """
    unset = {name for name in filled_in_later(type(flow)) if flow.__dict__.get(name) is None}
    return flow.model_dump(mode="json", context=REVEAL, exclude=unset, warnings="error" if strictly else False)


def read_again(kind: type[Flow], fields: Mapping[str, Any]) -> Flow:
    """The flow of fields that were checked before they were kept. Raises pydantic's ``ValidationError``."""
    return kind.model_validate(fields, context=STORED)
