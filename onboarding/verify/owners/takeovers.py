"""Who went on with what a dead process held, and when: where each process holds journeys of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from onboarding.journal import TransitionRecord
from onboarding.verify.owners.actors import process_of

__all__ = ["takeovers_of"]


def takeovers_of(
    histories: Iterable[Sequence[TransitionRecord]], deaths: Iterable[tuple[float, int]],
    stops: Sequence[tuple[float, float]],
) -> list[float]:  # fmt: skip
    """How long it took from a process' death until another one went on with a journey that it had in hand.

    That it was in hand is seen from what the next one finds first: a doubt that nobody but the dead one can have left.

    Args:
        histories: the transitions of each journey, in order.
        deaths: when a process died, in seconds by the time of day, and which.
        stops: from when until when another process was stopped: who was may have held what the others needed.
    """
    gone = list(deaths)
    return [
        after.at.timestamp() - moment
        for history in histories
        for before, after in pairwise(history)
        for moment, process in gone
        if after.trigger == "in_doubt"
        and process_of(after) != process == process_of(before)
        and before.at.timestamp() <= moment < after.at.timestamp()
        and not any(began < after.at.timestamp() and moment < ended for began, ended in stops)
    ]
