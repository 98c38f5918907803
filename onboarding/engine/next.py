"""What ``advance`` answers: plain data that any driver can act on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from onboarding.engine.outcome import Outcome, Parked

__all__ = ["Finished", "Next", "WaitingFor", "WakeAt"]


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Advance it again at this time."""

    at: datetime


@dataclass(frozen=True, slots=True)
class WaitingFor:
    """It goes on with one of these inputs, or at its deadline."""

    inputs: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """It has ended."""

    outcome: Outcome


Next = WakeAt | WaitingFor | Parked | Finished
"""Advance again at a time, wait for an input, leave it to a person, or nothing: it has ended."""
