"""A flow that can work, as plain data, and what may be done to it before it is defined."""

from __future__ import annotations

import copy
import random
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, NoReturn

from pydantic import BaseModel, SecretStr

from onboarding.api import Meaning
from onboarding.machine import ASK, Done, Duration, Failed, Flow, Phone, Polling, Secret, Waiting, Working, later
from onboarding.machine.steps import on_input, once, read, repeatable

__all__ = ["CLASS", "Draft", "define", "mutated"]

CLASS = "Draft"
_KINDS = (Working, Polling, Waiting, Done, Failed)
_DECORATORS: dict[str, Callable[..., Any]] = {"read": read, "repeatable": repeatable, "once": once}
_OPTIONAL = {
    "read": ("then", "otherwise", "refused"),
    "repeatable": ("otherwise", "refused", "exhausted"),
    "once": ("otherwise", "refused", "in_doubt", "evidence"),
}


class _Unknown:
    """A type that pydantic knows nothing of."""


class _Within(BaseModel):
    token: SecretStr = SecretStr("x")


@dataclass
class Draft:
    """What a flow's class is made of."""

    name: Any = "verify-draft"
    version: Any = 1
    states: Any = field(
        default_factory=lambda: [
            (Working, "sending", {}),
            (Waiting, "asking", {"up_to": "patience"}),
            (Working, "checking", {}),
            (Polling, "reviewing", {"every": timedelta(seconds=5), "up_to": timedelta(days=1)}),
            (Done, "proven", {}),
            (Failed, "refused", {}),
        ]
    )
    transitions: Any = field(
        default_factory=lambda: [
            ["sent", "sending", "asking"],
            ["none_left", "sending", "refused"],
            ["entered", "asking", "checking"],
            ["resend", "asking", "sending", "may_resend"],
            ["timed_out", ["asking", "reviewing"], "refused"],
            ["right", "checking", "reviewing"],
            ["wrong", "checking", "asking", "may_resend"],
            ["wrong", "checking", "refused"],
            ["approved", "reviewing", "proven"],
        ]
    )
    steps: dict[str, tuple[str, dict[str, Any]]] = field(
        default_factory=lambda: {
            "sending": (
                "repeatable",
                {"then": "sent", "cooldown": timedelta(seconds=60), "at_most": 3, "exhausted": "none_left"},
            ),
            "checking": ("once", {"then": "right", "refused": {Meaning.CODE_WRONG: "wrong"}, "in_doubt": ASK}),
            "reviewing": ("read", {"otherwise": ["approved"]}),
        }
    )
    fields: dict[str, tuple[Any, Any]] = field(
        default_factory=lambda: {
            "phone": (Phone, ...),
            "patience": (Duration, timedelta(minutes=1)),
            "code": (Secret, later()),
            "number": (int, 0),
        }
    )
    members: dict[str, Any] = field(default_factory=lambda: {"entered": on_input(_entered), "may_resend": _may_resend})


def _entered(self: Any, code: Secret) -> None:
    self.code = code


_entered.__name__ = "entered"


def _may_resend(self: Any) -> bool:
    return bool(self.times("resend") < 2)  # noqa: PLR2004 - twice


def define(draft: Draft, choose: Callable[[str], str | None]) -> type[Flow]:
    """Define the class; whatever that raises is raised.

    Args:
        draft: what it is made of.
        choose: what a step of that name returns when it runs.
    """

    def body(namespace: dict[str, Any]) -> None:
        namespace["__module__"] = __name__
        namespace["__doc__"] = "A draft."
        namespace["__annotations__"] = {"states": ClassVar, "transitions": ClassVar}
        for name, (annotation, default) in draft.fields.items():
            if annotation is not None:
                namespace["__annotations__"][name] = annotation
            if default is not ...:
                namespace[name] = default
        namespace["states"] = (
            [_state(each) for each in draft.states] if isinstance(draft.states, list) else draft.states
        )
        namespace["transitions"] = draft.transitions
        namespace.update(draft.members)
        for name, (kind, given) in draft.steps.items():
            namespace[name] = _DECORATORS[kind](**given)(_step(name, choose))

    return types.new_class(CLASS, (Flow,), {"name": draft.name, "version": draft.version}, body)


def _state(given: Any) -> Any:
    if not isinstance(given, tuple):
        return given
    kind, name, options = given
    return kind(name, **{key: value for key, value in options.items() if key in kind.__dataclass_fields__})


def _step(name: str, choose: Callable[[str], str | None]) -> Any:
    async def body(self: Any, api: Any) -> str | None:
        del self, api
        return choose(name)

    body.__name__ = body.__qualname__ = name
    return body


def mutated(rng: random.Random) -> tuple[str, Draft]:
    """A draft to which one to three things were done, and what they were."""
    draft, done = Draft(), []
    for _ in range(rng.choice((1, 1, 2, 3))):
        change = rng.choice((_name, _states, _states, _transitions, _transitions, _steps, _steps, _fields, _members))
        try:
            done.append(change(rng, draft))
        except _Impossible:
            continue
    return ", ".join(done) or "nothing", draft


class _Impossible(Exception):
    """This cannot be done to what is left of the draft."""


def _impossible() -> NoReturn:
    raise _Impossible


def _junk(rng: random.Random, draft: Draft) -> Any:
    names = [
        "sending",
        "asking",
        "checking",
        "reviewing",
        "proven",
        "refused",
        "sent",
        "wrong",
        "may_resend",
        "patience",
    ]
    made: tuple[Any, ...] = (
        None,
        "",
        "Nope",
        " ",
        "retry",
        "a" * 10_000,
        "\ud800",
        "a\nb",
        0,
        -1,
        True,
        2**70,
        float("nan"),
        b"x",
        [],
        {},
        (),
        ["sending"],
        {"a": []},
        [[]],
        object(),
        int,
        _Unknown,
        _junk,
        timedelta(),
        timedelta(-1),
        timedelta.max,
        Meaning.CODE_WRONG,
        {Meaning.CODE_WRONG: 7},
        {"code_wrong": "sent"},
        {1: 2},
        [None],
        {"sending"},
        range(3),
        ASK,
        "__init__",
        "states",
        "definition",
        "model_config",
        *names,
        *names,
        *draft.fields,
    )
    return copy.copy(rng.choice(made))


def _name(rng: random.Random, draft: Draft) -> str:
    if rng.random() < 0.5:  # noqa: PLR2004
        draft.name = _junk(rng, draft)
        return "the name"
    draft.version = _junk(rng, draft)
    return "the version"


def _states(rng: random.Random, draft: Draft) -> str:
    if not isinstance(draft.states, list) or not draft.states:
        _impossible()
    at = rng.randrange(len(draft.states))
    match rng.randrange(8):
        case 0:
            del draft.states[at]
        case 1:
            draft.states.append(draft.states[at])
        case 2:
            rng.shuffle(draft.states)
        case 3:
            draft.states[at] = _junk(rng, draft)
        case 4:
            draft.states = _junk(rng, draft)
        case number:
            kind, name, options = draft.states[at] if isinstance(draft.states[at], tuple) else _impossible()
            kind = rng.choice(_KINDS) if number == 5 else kind  # noqa: PLR2004
            name = _junk(rng, draft) if number == 6 else name  # noqa: PLR2004
            if number == 7:  # noqa: PLR2004
                options = {**options, rng.choice(("up_to", "every", "then", "text", "forgets")): _junk(rng, draft)}
            draft.states[at] = (kind, name, options)
    return "a state"


def _transitions(rng: random.Random, draft: Draft) -> str:
    if not isinstance(draft.transitions, list) or not draft.transitions:
        _impossible()
    at = rng.randrange(len(draft.transitions))
    match rng.randrange(7):
        case 0:
            del draft.transitions[at]
        case 1:
            draft.transitions.append(draft.transitions[at])
        case 2:
            draft.transitions[at] = _junk(rng, draft)
        case 3:
            draft.transitions = _junk(rng, draft)
        case number:
            row = draft.transitions[at]
            if not isinstance(row, list) or not row:
                _impossible()
            if number == 4:  # noqa: PLR2004
                row.append(_junk(rng, draft))
            else:
                row[rng.randrange(len(row))] = _junk(rng, draft)
    return "a transition"


def _steps(rng: random.Random, draft: Draft) -> str:
    if not draft.steps:
        _impossible()
    name = rng.choice(list(draft.steps))
    kind, given = draft.steps[name]
    match rng.randrange(5):
        case 0:
            del draft.steps[name]
        case 1:
            draft.steps[rng.choice(("elsewhere", "entered", "times", "code", "proven"))] = draft.steps.pop(name)
        case 2:
            kind = rng.choice(list(_DECORATORS))
            then = {"then": "sent"} | ({"cooldown": timedelta(1), "at_most": 1} if kind == "repeatable" else {})
            draft.steps[name] = (
                kind,
                {key: value for key, value in {**then, **given}.items() if key in (*then, *_OPTIONAL[kind])},
            )
        case _:
            words = (*_OPTIONAL[kind], *given)
            draft.steps[name] = (kind, {**given, rng.choice(words): _junk(rng, draft)})
    return "a step"


def _fields(rng: random.Random, draft: Draft) -> str:
    odd: tuple[Any, ...] = (
        "Nowhere",
        "list[",
        _Unknown,
        SecretStr,
        list[SecretStr],
        _Within,
        object(),
        None,
        ClassVar[int],
        Any,
        Callable[..., int],
        int | None,
        dict[str, Secret],
        type,
        "Draft",
        Phone | Secret,
    )
    name = rng.choice(
        (*draft.fields, "extra", "_hidden", "states", "model_config", "definition", "wipe", "sending", "copy")
    )
    annotation, default = draft.fields.get(name, (int, 0))
    match rng.randrange(3):
        case 0:
            draft.fields.pop(name, None)
        case 1:
            draft.fields[name] = (rng.choice(odd), default)
        case _:
            draft.fields[name] = (annotation, _junk(rng, draft))
    return f"the field {name}"


def _members(rng: random.Random, draft: Draft) -> str:
    name = rng.choice((*draft.members, "sent", "withdrawn", "__repr__", "migrate"))

    def untyped(self: Any, code) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001
    def unknown(self: Any, code: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821, UP037
    def masked(self: Any, code: SecretStr) -> None: ...
    def several(self: Any, *codes: str, **more: str) -> None: ...
    def without() -> None: ...

    handler: Any = rng.choice((untyped, unknown, masked, several, without))
    handler.__name__ = name
    draft.members[name] = rng.choice((on_input(handler), on_input(handler), handler, _junk(rng, draft)))
    if rng.random() < 0.2:  # noqa: PLR2004
        draft.members.pop(name)
    return f"the member {name}"
