"""How a flow declares its steps and inputs: four decorators.

A step is an async method ``(self, api)`` named like its state. It makes at most one call that changes something
outside, keeps what it learns in the flow's fields, and returns the trigger to fire (``None``: ``then``).
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeVar, get_type_hints, overload

from pydantic import BaseModel, ConfigDict, create_model

from onboarding.api.codes import Meaning
from onboarding.api.effects import Effect
from onboarding.errors import DefinitionError
from onboarding.machine.fields import REVEAL

__all__ = ["ASK", "Ask", "Input", "Step", "Trigger", "on_input", "once", "read", "repeatable"]

Trigger = str | None
"""What a step returns: the name of what happened, or None for its ``then`` (polling: not yet)."""

P = ParamSpec("P")
S = TypeVar("S")

Refusals = Mapping[Meaning, str] | Mapping[str, str]
"""Which trigger a refusal fires, by its meaning."""
Body = Callable[[Any, Any], Awaitable[Trigger]]
Check = Callable[[Any, Any], Awaitable[bool | None]]
CheckT = TypeVar("CheckT", bound=Check)
HandlerT = TypeVar("HandlerT", bound=Callable[..., None])


class Ask:
    """The type of ``ASK``."""

    def __repr__(self) -> str:
        return "ASK"


ASK: Final = Ask()
"""``in_doubt=ASK``: when it is not known whether this step took effect, a person decides."""


@dataclass(slots=True, eq=False)
class Step:
    """A step of a flow, as its decorator declared it."""

    body: Body
    effect: Effect
    then: str | None
    otherwise: tuple[str, ...] = ()
    refused: Refusals | None = None
    in_doubt: str | Ask | None = None
    evidence: tuple[str, ...] = ()
    cooldown: timedelta | None = None
    at_most: int | None = None
    exhausted: str | None = None
    check: Check | None = None
    probes: str | None = None

    @property
    def name(self) -> str:
        """The step's name, and its state's."""
        return self.body.__name__

    @property
    def refusals(self) -> dict[str, str]:
        """Which trigger a refusal fires, by its meaning."""
        return {str(meaning): trigger for meaning, trigger in (self.refused or {}).items()}

    @property
    def triggers(self) -> tuple[str, ...]:
        """Every trigger that this step can fire, each once."""
        named = [self.then, *self.otherwise, *self.refusals.values(), self.exhausted]
        if isinstance(self.in_doubt, str):
            named.append(self.in_doubt)
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @overload
    def landed(self, check: CheckT) -> CheckT: ...
    @overload
    def landed(self, *, probes: str) -> Callable[[CheckT], CheckT]: ...
    def landed(self, check: Any = None, *, probes: str | None = None) -> Any:
        """Declare how to find out whether this step took effect, when that is in doubt.

        The check is an async method ``(self, api)`` that changes nothing: True, it happened; False, it did
        not (and is sent again); None, it cannot tell, and a person decides.

        Args:
            check: the method, where this is used as ``@step.landed``.
            probes: for a check that tries a login, the field that holds the login name. A failed login counts
                toward the account's lock: such a check is made once a doubt (one that gives no answer is another
                doubt), and twice an hour for one account.
        """
        if check is None:
            self.probes = probes
            return self.landed
        if self.check is not None:
            raise DefinitionError(f"the step {self.name!r} has a check already: {self.check.__name__!r}")
        self.check = check
        return check

    @overload
    def __get__(self, instance: None, owner: type) -> Step: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Callable[[Any], Awaitable[Trigger]]: ...
    def __get__(self, instance: object | None, owner: type) -> Any:
        """On a journey: its bound method, so that a test can call a step by itself."""
        return self if instance is None else self.body.__get__(instance, owner)


@dataclass(eq=False)
class Input(Generic[P]):
    """An input that a journey accepts: its handler keeps what was handed in."""

    handler: Callable[Concatenate[Any, P], None]

    @property
    def name(self) -> str:
        """The input's name, and its trigger's."""
        return self.handler.__name__

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """What it takes, without ``self``."""
        return dict(list(inspect.signature(self.handler).parameters.items())[1:])

    def parse(self, values: Mapping[str, Any], context: dict[str, Any] | None = None) -> BaseModel:
        """What was handed in, checked against the handler's types. Raises pydantic's ``ValidationError``."""
        return self.model.model_validate(dict(values), context=context)

    @staticmethod
    def keep(parsed: BaseModel) -> dict[str, Any]:
        """What was handed in as JSON values, secrets revealed: only for sealing."""
        return parsed.model_dump(mode="json", context=REVEAL)

    @cached_property
    def model(self) -> type[BaseModel]:
        """What it takes, as a model: a field for each parameter."""
        types = get_type_hints(self.handler, include_extras=True)
        fields: dict[str, Any] = {
            name: (types[name], ... if parameter.default is parameter.empty else parameter.default)
            for name, parameter in self.parameters.items()
        }
        config = ConfigDict(extra="forbid", hide_input_in_errors=True, ser_json_inf_nan="constants")
        return create_model(self.name, __config__=config, **fields)

    def __get__(self, instance: object | None, owner: type) -> Any:
        """On a journey: its bound handler, so that a test can call it by itself."""
        return self if instance is None else self.handler.__get__(instance, owner)


def read(
    *, then: str | None = None, otherwise: Iterable[str] = (), refused: Refusals | None = None
) -> Callable[[Body], Step]:
    """A step that changes nothing outside: it is simply repeated when its outcome is unknown.

    Args:
        then: the trigger fired when the step returns None (a polling step leaves it out: None is "not yet").
        otherwise: the other triggers that the step may return.
        refused: which trigger a refusal fires, by its ``Meaning``; a refusal not named here parks the journey.
    """
    return lambda body: Step(body, Effect.READ, then, _listed(otherwise), refused)


def repeatable(
    *,
    then: str,
    cooldown: timedelta,
    at_most: int,
    otherwise: Iterable[str] = (),
    refused: Refusals | None = None,
    exhausted: str | None = None,
) -> Callable[[Body], Step]:
    """A step whose repetition is a nuisance, not a harm: another message, another login.

    Args:
        then: the trigger fired when the step returns None.
        cooldown: the least time between two of them in one journey, whatever crashes.
        at_most: how many of them in one journey, whatever crashes.
        otherwise: the other triggers that the step may return.
        refused: which trigger a refusal fires, by its ``Meaning``; a refusal not named here parks the journey.
        exhausted: the trigger fired instead of one too many; without it the journey is parked.
    """
    return lambda body: Step(
        body, Effect.REPEATABLE, then, _listed(otherwise), refused,
        cooldown=cooldown, at_most=at_most, exhausted=exhausted,
    )  # fmt: skip


def once(
    *,
    then: str,
    otherwise: Iterable[str] = (),
    refused: Refusals | None = None,
    in_doubt: str | Ask | None = None,
    evidence: Iterable[str] = (),
) -> Callable[[Body], Step]:
    """A step that must never be done twice.

    Args:
        then: the trigger fired when the step returns None, or when its check says that it had landed.
        otherwise: the other triggers that the step may return.
        refused: which trigger a refusal fires, by its ``Meaning``; a refusal not named here parks the journey.
        in_doubt: without a ``landed`` check: the trigger that leads on when the outcome is unknown, or ``ASK``.
        evidence: refusals that, after a doubt, prove that it had landed ("already registered"): they fire ``then``.
    """
    return lambda body: Step(
        body, Effect.ONCE, then, _listed(otherwise), refused, in_doubt=in_doubt, evidence=_listed(evidence)
    )


def _listed(given: Any) -> tuple[Any, ...]:
    """What was given, as the check of the definition will look at it; a lone word is one word."""
    return (given,) if isinstance(given, str) or not isinstance(given, Iterable) else tuple(given)


def on_input(handler: Callable[Concatenate[S, P], None]) -> Input[P]:
    """Declare an input: a method named like its trigger, whose typed parameters are what is handed in."""
    return Input(handler)
