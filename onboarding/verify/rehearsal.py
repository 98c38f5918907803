"""How a flow is played: a person for whom it can run, the values of its fields, the answers to its questions.

Fields are filled by their names and types: a ``Phone`` gets a number of its own, ``user_id`` and ``login_name``
those of a user who is there, a ``Secret`` that user's password, or a new one where its name begins with ``new``. A flow
that has none of ``user_id``, ``login_name`` and ``new_password`` is played for somebody who is not registered yet. What
no convention fits, the module of the flow says itself, in a function ``rehearse(desk, rng)`` that gives the fields as a
mapping.
"""

from __future__ import annotations

import random
import sys
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from typing import Annotated, Any, Protocol, Union, get_args, get_origin

from onboarding.errors import DefinitionError
from onboarding.machine import Definition, Flow, Registry
from onboarding.machine.fields import filled_in_later, is_secret

__all__ = ["Desk", "Role", "answer_of", "cast", "flows_of"]

_EXISTING = frozenset({"user_id", "login_name", "new_password"})
"""Fields that only make sense for somebody who is registered."""
_REVIEW = ((0.0, "Submited"), (0.2, "Handling"), (0.4, "Dealed"), (0.6, "Finished"))
_PICTURE = "https://static.lwork.com/verify/{}.png"


class Desk(Protocol):
    """What a rehearsal asks of the sandbox: ``SandboxDesk`` is one, over HTTP."""

    def create_user(self, name: str, *, password: str, phone: str | None = None, email: str | None = None) -> str:
        """A new user's id."""
        ...

    def create_task(self, user_id: str, task_type: str, state: str = "Submited") -> str:
        """A new review task's id."""
        ...

    def set_course(self, task_type: str, steps: Iterable[tuple[float, str]], *, user_id: str | None = None) -> None:
        """Let a user's tasks of a type move by themselves."""
        ...

    def latest_code(self, to: str) -> str:
        """The newest code for a number or an address."""
        ...


@dataclass(frozen=True, slots=True)
class Role:
    """A person, and a journey for that person.

    Attributes:
        flow: the flow's name.
        fields: what the journey is started with.
        to: where codes for it are sent: number or address.
        subjects: by which the ledger knows the person: number, address, user id.
        secrets: every secret and personal value of it, by what it is: none may ever be found outside.
    """

    flow: str
    fields: dict[str, Any] = field(repr=False)
    to: str | None = field(default=None, repr=False)
    subjects: tuple[str, ...] = field(default=(), repr=False)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)


def flows_of(names: Sequence[str]) -> list[type[Flow]]:
    """The flows to verify: those named, or all that are installed.

    Raises:
        UnknownFlow: one is not known.
    """
    registry = Registry([name for name in names if ":" in name])
    return [registry.resolve(name) for name in names] if names else [registry[name] for name in registry]


def cast(flow: type[Flow], desk: Desk, rng: random.Random, *, review: Sequence[tuple[float, str]] = _REVIEW) -> Role:
    """Somebody for whom the flow can run, made known to the sandbox as far as the flow needs it.

    Args:
        flow: the flow.
        desk: the sandbox.
        rng: makes the person.
        review: how the person's review tasks move: ``(seconds after the task's creation, state)``.

    Raises:
        DefinitionError: a field of the flow fits no convention.
    """
    person = _Person(rng)
    own = getattr(sys.modules[flow.__module__], "rehearse", None)
    names = flow.model_fields.keys() - filled_in_later(flow)
    user = ""
    if own is None and names & _EXISTING:
        user = desk.create_user(person.name, phone=person.phone, email=person.email, password=person.password)
        for task in ("JOB_TYPE_TA_OPEN", "JOB_TYPE_TA_UPDATE_OWNER"):
            desk.set_course(task, review, user_id=user)
        if "task_type" in names:
            desk.create_task(user, "JOB_TYPE_TA_OPEN")
    if own is not None:
        fields = dict(own(desk, rng))
    else:
        known = {**person.values(), "user_id": user, "login_name": person.phone, "task_type": "JOB_TYPE_TA_OPEN"}
        fields = {
            name: _value(flow, name, known)
            for name in sorted(names)
            if name in ("name", "phone", "email") or flow.model_fields[name].is_required()
        }
    to = fields.get("phone") or fields.get("email")
    subjects = dict.fromkeys(value for value in (to, fields.get("login_name"), fields.get("user_id"), user) if value)
    return Role(flow.definition.name, fields, to, tuple(subjects), _texts(fields))


def answer_of(definition: Definition, state: str, code: str) -> tuple[str, dict[str, Any]] | None:
    """What somebody patient hands in to a waiting journey: the first input that takes something, a code for a code."""
    inputs = definition.inputs.get(state, {})
    for name, handler in inputs.items():
        if handler is not None and handler.parameters:
            return name, dict.fromkeys(handler.parameters, code)
    return None


class _Person:
    """Values that nobody else has, each told from every other at a glance."""

    def __init__(self, rng: random.Random) -> None:
        mark = f"{rng.getrandbits(40):010x}"
        self.name = f"Vera {mark.title()}"
        self.phone = f"159{rng.randrange(10**8):08d}"
        self.email = f"vera.{mark}@example.com"
        self.password = f"Old&{rng.getrandbits(48):012x}A"
        self.new_password = f"New+{rng.getrandbits(48):012x}B"
        self.address = f"{rng.randrange(1, 999)} Verity Lane {mark}"
        self.id_number = f"ID-{rng.getrandbits(40):010X}"
        self.bank = f"{rng.randrange(10**16):016d}"
        self.picture = _PICTURE.format(mark)

    def values(self) -> dict[str, Any]:
        """By the names of fields."""
        return {
            "name": self.name, "phone": self.phone, "email": self.email, "password": self.password,
            "new_password": self.new_password, "avatar": self.picture,
            "changes": {
                "base": {"address": self.address}, "cert": {"idNum": self.id_number},
                "finance": {"bankAccount": self.bank},
            },
        }  # fmt: skip


def _value(flow: type[Flow], name: str, known: Mapping[str, Any]) -> Any:
    if name in known:
        return known[name]
    info = flow.model_fields[name]
    if info.examples:
        return info.examples[0]
    kind = _plain(info.annotation)
    if is_secret(info.annotation):
        return known["new_password" if name.startswith("new") else "password"]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    simple: dict[Any, Any] = {str: "verified", bool: True, int: 1, float: 1.0, timedelta: timedelta(minutes=5)}
    if kind in simple:
        return simple[kind]
    raise DefinitionError(
        f"{flow.__name__}.{name} fits no convention of the verifier: give the field an example "
        f"(Field(examples=[...])), or write a function rehearse(desk, rng) in {flow.__module__} that gives the fields"
    )


def _plain(annotation: Any) -> Any:
    """The type itself, out of ``Annotated`` and ``X | None``."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return _plain(next(part for part in get_args(annotation) if part is not type(None)))
    return annotation


_SHORTEST = 4


def _texts(value: Any, name: str = "") -> dict[str, str]:
    if isinstance(value, Mapping):
        return {key: text for part, inner in value.items() for key, text in _texts(inner, str(part)).items()}
    return {name: value} if isinstance(value, str) and len(value) >= _SHORTEST and name != "task_type" else {}
