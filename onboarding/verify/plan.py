"""What is to be verified, and how thoroughly: the same plan gives the same cases."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

__all__ = ["Plan", "Progress"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a part has come.

    Attributes:
        part: its name.
        done: cases done.
        total: cases in all, as far as that is known.
    """

    part: str
    done: int
    total: int


def _silent(progress: Progress) -> None:
    del progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a part is handed.

    Attributes:
        seed: all chance comes from it.
        full: everything, instead of a sample that is small enough for every change.
        flows: the flows to verify: names of installed ones, or ``package.module:Class``; empty: the installed ones.
        folder: a folder of its own, there already, for journals and the like; thrown away afterwards.
        jobs: processes that may work at once.
        case: the one case to do again, by its name; None: all.
        mutant: the guard to leave out (``onboarding.verify.mutants``): the part is to find out.
        journal: the address of a PostgreSQL server, on which the parts that stand on a durable journal shall run;
            None: their journals are files.
        tell: called when a part has come further.
    """

    folder: Path
    seed: int = 1
    full: bool = False
    flows: tuple[str, ...] = ()
    jobs: int = 2
    case: str | None = None
    mutant: str | None = None
    journal: str | None = field(default=None, repr=False)
    tell: Callable[[Progress], None] = field(default=_silent, repr=False)

    def rng(self, *names: object) -> random.Random:
        """Chance of its own for everything that has a name, whatever else is drawn before it."""
        text = "\0".join(map(str, (self.seed, *names)))
        return random.Random(hashlib.sha256(text.encode()).digest())

    def wants(self, case: str) -> bool:
        """Whether a case is to be done."""
        return self.case is None or self.case == case

    def sample(self, name: str, cases: Sequence[T], most: int) -> list[T]:
        """Where not everything is wanted: so many of the cases, in their order, spread by the seed."""
        if self.full or self.case is not None or len(cases) <= most:
            return list(cases)
        chosen = set(self.rng(name, "sample").sample(range(len(cases)), most))
        return [case for number, case in enumerate(cases) if number in chosen]
