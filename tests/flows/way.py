"""A way through a flow: what somebody does, and the path on which that leads the journey."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from stage import Stage

from onboarding import Flow, Meaning, ParkKind

Play = Callable[[Stage], Awaitable[None]]

WAYS: list[Way] = []
"""All of them, in the order in which they are written."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way.

    Attributes:
        flow: whose way it is.
        path: the transitions, each as ``trigger:destination``, in order.
        play: what happens.
        by: the refusal that ended it, where one did.
        parked: how it is parked at the end, where it is.
    """

    flow: type[Flow]
    path: tuple[str, ...]
    play: Play = field(repr=False)
    by: Meaning | None = None
    parked: ParkKind | None = None

    def __str__(self) -> str:
        return f"{self.flow.definition.name}: {self.play.__name__.replace('_', ' ')}"

    @property
    def arrows(self) -> set[tuple[str, str, str]]:
        """The transitions as (trigger, source, destination)."""
        source, arrows = self.flow.definition.initial, set()
        for trigger, dest in (hop.split(":") for hop in self.path):
            arrows.add((trigger, source, dest))
            source = dest
        return arrows

    @property
    def end(self) -> str:
        """The state in which it ends."""
        return self.path[-1].split(":")[1]


def way(
    flow: type[Flow], *path: str, by: Meaning | None = None, parked: ParkKind | None = None
) -> Callable[[Play], Play]:
    """Declare a way; ``path`` is written as ``trigger:destination``, blanks between."""

    def register(play: Play) -> Play:
        WAYS.append(Way(flow, tuple(" ".join(path).split()), play, by, parked))
        return play

    return register
