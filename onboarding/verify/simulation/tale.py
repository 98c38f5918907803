"""What happened in a simulated world, as plain data, and as lines that are the same for the same run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from onboarding.verify.reckoning import Judgement
from onboarding.verify.simulation.judgement import Lived

__all__ = ["Tale", "lines_of"]


@dataclass(slots=True, kw_only=True)
class Tale:
    """What happened in a world.

    Attributes:
        lives: the journeys as they were lived.
        judgements: what did not hold in each of them.
        counts: what happened how often.
        digest: the same for the same run.
        trouble: what did not hold for the world as a whole.
    """

    lives: list[Lived] = field(default_factory=list)
    judgements: list[Judgement] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    digest: str = ""
    trouble: list[str] = field(default_factory=list)


def lines_of(life: Lived) -> Iterator[str]:
    """A life, line by line, without the ids that the system makes."""
    for row in life.history:
        yield (
            f"{row.seq} {row.at} {row.trigger} {row.source} {row.dest} {row.attempt} {row.duration} "
            f"{row.worker if row.seq > 1 else ''} {row.endpoint} {row.http_status} {row.mcode} {row.detail}"
        )
    for entry in life.ledger:
        yield f"{entry.at} {entry.effect} {entry.endpoint}"
    yield f"{life.journey.status} {life.journey.state}"
