"""What the exit code of a command says."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from onboarding.errors import (
    DefinitionError,
    InvalidData,
    OnboardingError,
    SettingsError,
    UnknownFlow,
    UnknownJourney,
)

if TYPE_CHECKING:
    from onboarding.engine import Journey

__all__ = ["EXIT_CODES", "Exit", "exit_of_error", "exit_of_journey"]

EXIT_CODES = (
    "Exit codes: 0 the command succeeded, or the journey ended well; 1 it failed, or the journey ended badly; "
    "2 wrong usage or settings, no journal, an unknown flow or journey; 3 parked: a person is needed; "
    "4 still waiting, or not at its end when the time was up; 130 interrupted. "
    "run, wait, send, retry and resolve say how the journey stands."
)

_USAGE = (SettingsError, DefinitionError, UnknownFlow, UnknownJourney, InvalidData)


class Exit(IntEnum):
    """The exit codes."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PARKED = 3
    WAITING = 4
    INTERRUPTED = 130


def exit_of_journey(journey: Journey) -> Exit:
    """How a command ends that stayed with a journey."""
    if journey.is_final:
        return Exit.OK if journey.ended_well else Exit.FAILED
    return Exit.PARKED if journey.parked is not None else Exit.WAITING


def exit_of_error(error: OnboardingError) -> Exit:
    """How a command ends that could not do what it should: ``USAGE`` where asking differently helps."""
    return Exit.USAGE if isinstance(error, _USAGE) else Exit.FAILED
