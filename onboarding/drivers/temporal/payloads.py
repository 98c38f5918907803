"""All that travels through Temporal, and is kept in its histories: ids, names and lengths of time; nothing personal."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ADVANCE", "LOOKS", "WAKE", "WORKFLOW", "Errand", "Rest"]

# Kept in histories: never to be changed.
WORKFLOW = "onboarding-journey"
ADVANCE = "onboarding-advance"
WAKE = "wake"

LOOKS = 250
"""How often a journey is advanced in one history: some 3,000 events, of the 50,000 that a server allows."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What a workflow is started with.

    Attributes:
        journey: the id of the journey, which is the workflow's id too.
        looks: how often it is advanced before the workflow continues as a new one, with an empty history.
    """

    journey: str
    looks: int = LOOKS


@dataclass(frozen=True, slots=True)
class Rest:
    """How a journey stands when it has been advanced.

    Attributes:
        ended: whether it is over, and its workflow with it.
        flow: the name of its flow; empty where the journal holds no such journey.
        state: the name of its state.
        status: how it stands: ``waiting``, ``parked``, …
        after: seconds until it wants to be advanced again, by the clock of whoever advanced it; None: only when it is
            handed something.
        listed: whether the server has the attributes that journeys are searched by.
    """

    ended: bool
    flow: str = ""
    state: str = ""
    status: str = ""
    after: float | None = None
    listed: bool = False
