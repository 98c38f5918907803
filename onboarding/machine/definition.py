"""What a flow's class declares, checked and compiled: states, steps, inputs, and the machine that decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from transitions import Machine

from onboarding.machine import checks, storable
from onboarding.machine.states import Done, Failed, Polling, State, Waiting, Working
from onboarding.machine.steps import Input, Step

if TYPE_CHECKING:
    from onboarding.machine.flow import Flow

__all__ = ["Arrow", "Definition"]


@dataclass(frozen=True, slots=True)
class Arrow:
    """One transition: a trigger leads from a state to another, if its conditions hold."""

    trigger: str
    source: str
    dest: str
    conditions: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


class _Position:
    """What the shared machine sees as its model: a state, and the flow whose conditions are asked.

    The machine looks conditions up by name: its own names are such as no condition has.
    """

    __slots__ = ("__flow__", "__state__")

    def __init__(self, flow: Flow, state: str) -> None:
        self.__flow__ = flow
        self.__state__ = state

    def __getattr__(self, name: str) -> Callable[[], bool]:
        """The condition of that name, as yes or no: the machine takes nothing but True for a yes."""
        condition = getattr(self.__flow__, name)
        return lambda: bool(condition())


@dataclass(frozen=True, slots=True, repr=False)
class Definition:
    """A flow class in a form that the engine and the diagrams can ask."""

    name: str
    version: int
    title: str
    states: Mapping[str, State]
    arrows: tuple[Arrow, ...]
    steps: Mapping[str, Step]
    inputs: Mapping[str, Mapping[str, Input[Any] | None]]
    """By state: the inputs it accepts; None for one that carries nothing."""
    machine: Machine

    @classmethod
    def of(cls, flow: type[Flow], name: str, version: int, base: type[Flow]) -> Definition:
        """Check a flow class and compile it. Raises ``DefinitionError``.

        Args:
            flow: the class.
            name: the flow's name.
            version: the flow's version.
            base: the base of all flows, whose names are taken.
        """
        states = checks.states(flow, name, version)
        arrows = tuple(checks.arrows(flow, states, Arrow))
        steps = dict(_members(flow, Step))
        handlers = dict(_members(flow, Input))
        taken = frozenset(dir(base))
        checks.exits(flow, states, arrows)
        checks.names(flow, {**steps, **handlers}, taken)
        checks.steps(flow, states, arrows, steps)
        inputs = checks.inputs(flow, states, arrows, steps, handlers, taken)
        checks.reachable(flow, states, arrows)
        storable.fields(flow, base)
        storable.inputs(flow, handlers)
        machine = Machine(
            model=None,
            states=list(states),
            initial=next(iter(states)),
            auto_transitions=False,
            send_event=False,
            model_attribute="__state__",
        )
        for arrow in arrows:
            machine.add_transition(
                arrow.trigger, arrow.source, arrow.dest,
                conditions=list(arrow.conditions), unless=list(arrow.unless),
            )  # fmt: skip
        title = (flow.__doc__ or "").strip().partition("\n")[0]
        return cls(name, version, title, states, arrows, steps, inputs, machine)

    def __repr__(self) -> str:
        return f"<flow {self.name} version {self.version}>"

    @property
    def initial(self) -> str:
        """The state in which a journey starts."""
        return next(iter(self.states))

    def decide(self, flow: Flow, state: str, trigger: str) -> str | None:
        """Where a trigger leads from a state; None where no transition fits.

        Pure: the flow's conditions are asked, nothing is changed.
        """
        event = self.machine.events.get(trigger)
        if event is None or state not in event.transitions:
            return None
        position = _Position(flow, state)
        return position.__state__ if event.trigger(position) else None

    def leads(self, state: str, trigger: str) -> tuple[Arrow, ...]:
        """The transitions of a trigger out of a state, in the order in which they are tried."""
        return tuple(arrow for arrow in self.arrows if arrow.source == state and arrow.trigger == trigger)

    def every(self, flow: Flow, state: str) -> timedelta | None:
        """How often a polling state polls."""
        kind = self.states[state]
        return _length(flow, kind.every) if isinstance(kind, Polling) else None

    def up_to(self, flow: Flow, state: str) -> timedelta | None:
        """How long a waiting or polling state lasts at most."""
        kind = self.states[state]
        return _length(flow, kind.up_to) if isinstance(kind, Waiting | Polling) else None

    def is_final(self, state: str) -> bool:
        """Whether a journey ends in this state."""
        return isinstance(self.states[state], Done | Failed)

    def main_path(self) -> tuple[str, ...]:
        """The shortest way from the start to the good end, by each step's ``then``: for progress and documents."""
        ways: list[tuple[str, ...]] = [(self.initial,)]
        seen = {self.initial}
        for way in ways:
            if isinstance(self.states[way[-1]], Done):
                return way
            for arrow in sorted(self.arrows, key=self._is_detour):
                if arrow.source == way[-1] and arrow.dest not in seen:
                    seen.add(arrow.dest)
                    ways.append((*way, arrow.dest))
        return (self.initial,)

    def _is_detour(self, arrow: Arrow) -> bool:
        step = self.steps.get(arrow.source)
        return step is not None and isinstance(self.states[arrow.source], Working) and step.then != arrow.trigger


def _length(flow: Flow, value: timedelta | str | None) -> timedelta:
    length = getattr(flow, value) if isinstance(value, str) else value
    assert isinstance(length, timedelta)
    return length


def _members(flow: type[Flow], kind: type[Any]) -> Iterator[tuple[str, Any]]:
    """The members of a kind, inherited ones too, each as the most derived class has it."""
    found: dict[str, Any] = {}
    for base in reversed(flow.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, kind):
                found[name] = value
            elif name in found:
                del found[name]
    yield from found.items()
