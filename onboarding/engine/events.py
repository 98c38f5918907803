"""What is told of a journey while it runs, once it is durable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from onboarding.journal import Status, TransitionRecord
from onboarding.log import log

__all__ = ["Event", "tell"]


@dataclass(frozen=True, slots=True)
class Event:
    """A transition that is in the journal: nothing in it is secret or personal.

    Attributes:
        flow: the name of the journey's flow.
        status: how the journey stands after it.
        transition: the transition; its ``journey`` is the journey's id.
    """

    flow: str
    status: Status
    transition: TransitionRecord


def tell(listener: Callable[[Event], Any] | None, event: Event) -> None:
    """Tell a listener; one that fails must not stop a journey, nor put its next request in doubt."""
    if listener is None:
        return
    try:
        listener(event)
    except Exception as error:  # noqa: BLE001 - it is not ours
        log.error("a listener of transitions failed with {}", type(error).__name__)
