"""The types of a flow's fields: what is secret, what is handed over, and how addresses are written."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    SecretStr,
    SerializationInfo,
    StringConstraints,
    ValidationInfo,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError, core_schema

__all__ = ["REVEAL", "STORED", "Duration", "Email", "HandedOver", "Phone", "Secret", "VerificationCode",
           "filled_in_later", "is_handed_over", "is_later", "is_secret", "later", "own_values", "reveals"]  # fmt: skip

REVEAL = {"reveal": True}
"""The serialization context in which secrets are written out: only for sealing."""

STORED = {"stored": True}
"""The validation context of what was checked before it was sealed: checks that take long are not made again."""

_LATER = {"later": True}

_LONGEST_CODE = 16
_LONGEST_DURATION = timedelta(days=36_525)  # what is added to now must still be a date
_PHONE = re.compile(r"\+?[0-9]{5,15}")
_SEPARATORS = re.compile(r"[\s().\-/]")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|d)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def _reveal(value: SecretStr, info: SerializationInfo) -> str:
    context = info.context
    return value.get_secret_value() if isinstance(context, dict) and context.get("reveal") else "**********"


def _not_empty(value: SecretStr) -> SecretStr:
    if not value.get_secret_value():
        raise PydanticCustomError("secret_empty", "must not be empty")
    return value


def _phone(value: str) -> str:
    phone = _SEPARATORS.sub("", value)
    if _PHONE.fullmatch(phone) is None:
        raise PydanticCustomError("phone", "must be a mobile number: 5 to 15 digits, with or without a leading +")
    return phone


def _email(value: str, info: ValidationInfo) -> str:
    if info.context is STORED:
        return value
    try:
        # Whether an address can be delivered to is the broker's to find out; special names (.test) are QA's.
        checked = validate_email(value.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        checked = None
    if checked is None:
        raise PydanticCustomError("email", "must be an e-mail address")
    return checked.normalized


def _duration(value: object) -> object:
    """``90s``, ``15m``, ``36h``, ``14d`` beside what pydantic reads by itself (seconds, ISO 8601)."""
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        try:
            return timedelta(seconds=float(match[1]) * _UNITS[match[2] or "s"])
        except OverflowError:
            return value  # pydantic says that it is none
    return value


def _bounded(value: timedelta, info: ValidationInfo) -> timedelta:
    if value < timedelta() and info.context is not STORED:
        raise PydanticCustomError("duration_negative", "must not be negative")
    if value > _LONGEST_DURATION:
        raise PydanticCustomError("duration_long", "must not be longer than a hundred years")
    return value


def _code(value: SecretStr) -> SecretStr:
    code = "".join(value.get_secret_value().split())
    if not (code.isascii() and code.isalnum() and len(code) <= _LONGEST_CODE):
        raise PydanticCustomError("code", "must be a verification code: up to 16 digits or letters")
    return SecretStr(code)


class _HandedOverMark:
    """Marks a secret that outlives the journey's end, because handing it over is what the journey is for."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return handler(source)


Secret = Annotated[SecretStr, AfterValidator(_not_empty), PlainSerializer(_reveal, return_type=str)]
"""A password, code or ticket: masked everywhere, sealed at rest, wiped when the journey ends."""

HandedOver = Annotated[Secret, _HandedOverMark()]
"""A secret that is the journey's result (``phone-verification``'s ticket): sealed, and not wiped at the end."""

VerificationCode = Annotated[Secret, AfterValidator(_code)]
"""The code of a message: digits or letters, without the blanks that people copy along."""

Phone = Annotated[str, StringConstraints(max_length=40), AfterValidator(_phone)]
"""A mobile number as the API takes it: digits, with or without ``+`` and country code; separators are dropped."""

Email = Annotated[str, StringConstraints(max_length=320), AfterValidator(_email)]
"""An e-mail address, normalized; whether it can receive mail is not asked."""

Duration = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_bounded)]
"""A length of time: ``90s``, ``15m``, ``36h``, ``14d``, seconds, or ISO 8601."""


def later() -> Any:
    """The default of a field that a step or an input fills in: not asked for at the start, and None until then."""
    return Field(default=None, json_schema_extra=dict(_LATER))


def is_later(field: FieldInfo) -> bool:
    """Whether a field was declared with ``later()``."""
    return field.json_schema_extra == _LATER


@lru_cache(maxsize=1024)
def filled_in_later(kind: type[BaseModel]) -> frozenset[str]:
    """The names of a flow's fields that were declared with ``later()``."""
    return frozenset(name for name, field in kind.model_fields.items() if is_later(field))


def own_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a flow's fields, such that no change of one in place is a change of the other's."""
    return {name: value if type(value) in _VALUES else copy.deepcopy(value) for name, value in fields.items()}


_VALUES = frozenset({str, int, float, bool, bytes, type(None), SecretStr, datetime, date, timedelta, Decimal, UUID})
"""What nobody can change in place: a copy of it would be itself."""


def is_secret(annotation: Any) -> bool:
    """Whether a field's type holds a secret, also inside ``Secret | None``."""
    if isinstance(annotation, type):
        return issubclass(annotation, SecretStr)
    return any(is_secret(part) for part in getattr(annotation, "__args__", ()))


def reveals(mark: Any) -> bool:
    """Whether an annotation makes a secret one that is written out for sealing."""
    return isinstance(mark, PlainSerializer) and mark.func is _reveal


def is_handed_over(annotation: Any, metadata: list[Any]) -> bool:
    """Whether a field is a ``HandedOver``, also inside ``HandedOver | None``."""
    if any(isinstance(mark, _HandedOverMark) for mark in metadata):
        return True
    inner = [*getattr(annotation, "__metadata__", ())]
    return any(isinstance(mark, _HandedOverMark) for mark in inner) or any(
        is_handed_over(part, []) for part in getattr(annotation, "__args__", ())
    )
