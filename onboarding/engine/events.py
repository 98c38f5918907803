"""What is told of a journey while it runs, once it is durable."""

from __future__ import annotations

from dataclasses import dataclass

from onboarding.journal import Status, TransitionRecord

__all__ = ["Event"]


@dataclass(frozen=True, slots=True)
class Event:
    """A transition that is in the journal: nothing in it is secret or personal."""

    flow: str
    status: Status
    transition: TransitionRecord
