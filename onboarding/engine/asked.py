"""What is asked for from outside, checked before anything looks at it: ids, reasons, lengths of time."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, overload

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, from_json, to_json

from onboarding.errors import InvalidData, UnknownJourney
from onboarding.machine.wording import said

__all__ = [
    "check_finite",
    "check_given",
    "explain",
    "id_of",
    "invalid",
    "moment_after",
    "moment_before",
    "read_back",
    "text_of",
    "unusable",
]

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST_TEXT = 4000
_LONGEST_NAME = 60
_LONGEST_WAIT = 10 * 365 * 86_400


def id_of(journey: object) -> str:
    """A journey's id. Raises ``UnknownJourney``, which does not repeat what may have been mixed up with an id."""
    if isinstance(journey, str) and _ID.fullmatch(journey):
        return str.__str__(journey)
    raise UnknownJourney("that is no journey's id: one is written in full, as 01a204bf-21a5-7e3b-a0bd-7c0f3f6f1f1f")


def text_of(value: object, what: str) -> str:
    """A text that can be stored. Raises ``InvalidData``."""
    lone = ("\ud800", "\udfff")  # surrogates, which cannot be written out
    if isinstance(value, str) and len(value) <= _LONGEST_TEXT and not any(lone[0] <= c <= lone[1] for c in value):
        return str.__str__(value)
    raise InvalidData(f"{what} must be a text of at most {_LONGEST_TEXT} characters")


@overload
def moment_before(now: datetime, ago: timedelta, what: str) -> datetime: ...
@overload
def moment_before(now: datetime, ago: timedelta | None, what: str) -> datetime | None: ...
def moment_before(now: datetime, ago: timedelta | None, what: str) -> datetime | None:
    """The moment so long before now; None for None. Raises ``InvalidData``."""
    if ago is None:
        return None
    if isinstance(ago, timedelta) and timedelta() <= ago <= now - datetime.min.replace(tzinfo=UTC):
        return now - ago
    raise InvalidData(f"{what} must be a length of time, and not reach back before the year 1")


def moment_after(now: datetime, seconds: float | None, what: str) -> datetime | None:
    """The moment so many seconds after now; None for None. Raises ``InvalidData``."""
    if seconds is None:
        return None
    if isinstance(seconds, int | float) and abs(seconds) <= _LONGEST_WAIT:
        return now + timedelta(seconds=seconds)
    raise InvalidData(f"{what} must be a number of seconds, and not longer than ten years")


def explain(
    error: ValidationError, kind: type[BaseModel] | None = None, only: Container[int | str] | None = None
) -> str:
    """What is wrong with the data, field by field, without a value of them.

    Args:
        error: what pydantic says.
        kind: the model whose fields may be named; a key of a mapping is a value as much as what stands under it.
        only: the fields of which it is said; None: all.
    """
    known = frozenset() if kind is None else frozenset(_names(kind, set()))
    return "; ".join(
        f"{_place(part['loc'], known) or 'the data'}: {said(part)}"
        for part in error.errors(include_input=False, include_url=False)
        if only is None or (part["loc"] and part["loc"][0] in only)
    )


def invalid(error: ValidationError, what: str, kind: type[BaseModel] | None = None) -> InvalidData:
    """The error to raise for data that do not fit, which holds no value of them."""
    return InvalidData(f"{what}: {explain(error, kind)}")


def unusable(error: Exception, what: str) -> InvalidData:
    """The error to raise for data whose check, or whose way into the journal, fails in a way of its own."""
    return InvalidData(f"{what}: a value of it can be neither checked nor stored ({type(error).__name__})")


def check_finite(values: Mapping[str, Any], kind: type[BaseModel]) -> None:
    """Refuse what a list may be made of and nobody knows how long that takes. Raises pydantic's ``ValidationError``."""
    for name in kind.model_fields:
        if isinstance(values.get(name), range | Iterator):
            problem = PydanticCustomError("endless", "must be data, not something that makes them one by one")
            raise ValidationError.from_exception_data(
                kind.__name__, [InitErrorDetails(type=problem, loc=(name,), input=None)]
            )


def check_given(
    kind: type[BaseModel], given: Mapping[str, Any], what: str, context: dict[str, Any] | None = None
) -> None:
    """Refuse a field that does not fit while others are still to be asked for. Raises ``InvalidData``.

    What a check says of the whole is not looked at: that is checked once all is there.
    """
    why = ""
    try:
        kind.model_validate(dict(given), context=context)
    except ValidationError as error:
        why = explain(error, kind, only=given.keys())
    except Exception:  # noqa: BLE001 - a check of the flow's own, which may count on what is still missing
        return
    if why:
        raise InvalidData(f"{what}: {why}")


def read_back(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they will be read where they are written down; fails in some way where JSON cannot hold them."""
    kept: dict[str, Any] = from_json(to_json(fields), allow_inf_nan=False)
    return kept


def _place(where: tuple[int | str, ...], known: frozenset[str]) -> str:
    shown = []
    for number, part in enumerate(where):
        if isinstance(part, int) or part in known:
            shown.append(str(part))
        elif number == 0:
            # A name that the flow does not have; its caller wrote it, or mixed names and values up.
            shown.append(part if part.isidentifier() and len(part) <= _LONGEST_NAME else "a name that is none")
    return ".".join(shown)


def _names(annotation: Any, seen: set[Any]) -> set[str]:
    """The names of a type's fields, and of the fields of the models within them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation in seen:
            return set()
        seen.add(annotation)
        parts: list[Any] = [field.annotation for field in annotation.model_fields.values()]
        return set(annotation.model_fields).union(*(_names(part, seen) for part in parts))
    return set().union(*(_names(part, seen) for part in get_args(annotation)))
