"""The five kinds of state that a flow is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta

__all__ = ["Done", "Failed", "Polling", "State", "Waiting", "Working"]


@dataclass(frozen=True, slots=True)
class State:
    """A state of a flow: named for what is going on (``awaiting_code``), or, at an end, for what is then true.

    Args:
        name: the state's name.
        forgets: fields declared with ``later()`` that are of no use any more when it is entered, such as a spent
            code: wiped in the very commit that enters it, whatever led there.
    """

    name: str
    _: KW_ONLY
    forgets: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Working(State):
    """Does one step: the flow's method of the same name."""


@dataclass(frozen=True, slots=True)
class Polling(State):
    """Repeats one reading step until it fires a trigger. A flow with one that lacks a length is refused, by its name.

    Args:
        name: the state's name, and its step's.
        every: the time between two polls, or the name of the field that holds it.
        up_to: how long at most, or the name of the field that holds it; then ``then`` fires.
        then: the trigger that the deadline fires.
    """

    _: KW_ONLY
    every: timedelta | str | None = None
    up_to: timedelta | str | None = None
    then: str = "timed_out"


@dataclass(frozen=True, slots=True)
class Waiting(State):
    """Needs an input, or its deadline. A flow with one that lacks a deadline is refused, by its name.

    Args:
        name: the state's name.
        up_to: how long at most, or the name of the field that holds it; then ``then`` fires.
        then: the trigger that the deadline fires.
    """

    _: KW_ONLY
    up_to: timedelta | str | None = None
    then: str = "timed_out"


@dataclass(frozen=True, slots=True)
class Done(State):
    """An end that is good: named for what is then true (``password_reset``)."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Failed(State):
    """An end that is bad, and foreseen: ``refused``, ``expired``. ``text`` says it in a sentence."""

    text: str = ""
