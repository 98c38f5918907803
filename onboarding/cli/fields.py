"""What is asked for on the command line: a flow's fields, or an input's values, each with how it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from onboarding.machine import Duration, Email, Flow, Phone, VerificationCode, WebAddress
from onboarding.machine.fields import filled_in_later, is_secret
from onboarding.machine.steps import Input

__all__ = ["Asked", "Manner", "fields_of_flow", "fields_of_input"]

_NAMED = (
    (Phone, "PHONE"), (Email, "EMAIL"), (Duration, "DURATION"), (VerificationCode, "CODE"), (WebAddress, "URL"),
)  # fmt: skip
_TAKEN = frozenset({"key", "timeout", "json", "secrets-from", "help"})
_STRUCTURED = (dict, list, tuple, set, frozenset)
_PLAIN = ((timedelta, "DURATION"), (int, "NUMBER"), (float, "NUMBER"))
_LONGEST_METAVAR = 24
_EXAMPLES = {
    "PHONE": "a mobile number, such as +8613812345678",
    "EMAIL": "an e-mail address",
    "URL": "an https address, such as https://example.com/me.png",
    "DURATION": "a length of time: 90s, 15m, 36h, 14d",
    "JSON": "JSON, or @FILE, or @- for standard input",
    "NUMBER": "a number",
}


class Manner(StrEnum):
    """How a value is given."""

    SECRET = "secret"  # noqa: S105 - a word
    SWITCH = "switch"
    JSON = "json"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Asked:
    """One value that is asked for.

    Attributes:
        name: as the flow or the input calls it.
        manner: how it is given.
        metavar: what stands for it in a help text.
        about: what is to be given, for a help text.
        required: whether there is no default.
        default: the default in words; empty where there is none to show.
        twice: whether a person is asked a second time: a new password that is mistyped locks its owner out.
    """

    name: str
    manner: Manner
    metavar: str
    about: str
    required: bool
    default: str = ""
    twice: bool = False

    @property
    def words(self) -> str:
        """The name as words."""
        return self.name.replace("_", " ")

    @property
    def option(self) -> str:
        """The name as an option; another one where the commands have an option of that name themselves."""
        word = self.name.replace("_", "-")
        return f"--field-{word}" if word in _TAKEN else f"--{word}"


def fields_of_flow(flow: type[Flow]) -> list[Asked]:
    """The fields with which a flow is started: all but those that are filled in on the way."""
    hints = get_type_hints(flow, include_extras=True)
    later = filled_in_later(flow)
    started = {name: field for name, field in flow.model_fields.items() if name not in later}
    found = []
    for name, field in started.items():
        default = None if field.is_required() else field.get_default(call_default_factory=False)
        # The present password, asked for beside a new one, need not be confirmed: the service checks it.
        twice = hints[name] != VerificationCode and f"new_{name}" not in started
        found.append(_asked(name, hints[name], required=field.is_required(), default=default, twice=twice))
    return found


def fields_of_input(handed_in: Input[Any] | None) -> list[Asked]:
    """The values of an input; none for one that carries nothing."""
    if handed_in is None:
        return []
    hints: Mapping[str, Any] = get_type_hints(handed_in.handler, include_extras=True)
    found = []
    for name, parameter in handed_in.parameters.items():
        required = parameter.default is parameter.empty
        default = None if required else parameter.default
        found.append(_asked(name, hints[name], required=required, default=default, twice=False))
    return found


def _asked(name: str, hint: Any, *, required: bool, default: Any, twice: bool) -> Asked:
    if is_secret(hint):
        return Asked(name, Manner.SECRET, "(asked)", "a secret", required, twice=twice)
    metavar, manner = _kind(_without_none(hint))
    about = _EXAMPLES.get(metavar, "")
    if len(metavar) > _LONGEST_METAVAR:  # a terminal breaks it within its words
        metavar, about = "ONE", f"one of {metavar.replace('|', ', ')}"
    return Asked(name, manner, metavar, about, required, _shown(default, manner))


def _without_none(hint: Any) -> Any:
    """The type of ``X | None`` without the None."""
    parts = [part for part in get_args(hint) if part is not NoneType]
    return parts[0] if get_origin(hint) in (Union, UnionType) and len(parts) == 1 else hint


def _kind(hint: Any) -> tuple[str, Manner]:
    """What stands for a type in a help text, and how its values are given."""
    for known, metavar in _NAMED:
        if hint == known:
            return metavar, Manner.TEXT
    bare = _without_none(get_args(hint)[0]) if get_origin(hint) is Annotated else hint
    kind = get_origin(bare) or bare
    if not isinstance(kind, type):
        return "TEXT", Manner.TEXT
    if kind is bool:
        return "", Manner.SWITCH
    if issubclass(kind, Enum):
        return "|".join(str(member.value) for member in kind), Manner.TEXT
    if issubclass(kind, (*_STRUCTURED, BaseModel)):
        return "JSON", Manner.JSON
    return next((word for known, word in _PLAIN if issubclass(kind, known)), "TEXT"), Manner.TEXT


def _shown(default: Any, manner: Manner) -> str:
    if default is None or manner is Manner.JSON:
        return ""
    if isinstance(default, timedelta):
        seconds = int(default.total_seconds())
        for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
            if seconds and seconds % size == 0:
                return f"{seconds // size}{unit}"
        return f"{default.total_seconds():g}s"
    return str(default.value if isinstance(default, Enum) else default)
