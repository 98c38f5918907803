"""What is measured. Every module here that has a ``ROWS`` tuple joins the benchmark: nothing else has to be told.

A row is handed a ``Bench`` and gives an ``Entry`` for each contender. Its figures may have any names; those that
``report.figures`` knows get a heading and a unit, and those that ``targets`` names are judged.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.bench import Bench
from benchmarks.results import Entry

__all__ = ["Row", "every"]


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is measured.

    Attributes:
        name: for ``--only``, in the results and in the targets.
        about: what is measured, in a sentence.
        run: measures it.
        ratios: columns that compare: heading, figure, and the contender whose figure is 1.
        place: rows are run and shown in this order.
    """

    name: str
    about: str
    run: Callable[[Bench], dict[str, Entry]]
    ratios: tuple[tuple[str, str, str], ...] = ()
    place: int = 50


def every() -> dict[str, Row]:
    """Every row by its name, in order."""
    found: list[Row] = []
    for module in pkgutil.iter_modules(__path__):
        found += getattr(importlib.import_module(f"{__name__}.{module.name}"), "ROWS", ())
    return {row.name: row for row in sorted(found, key=lambda row: (row.place, row.name))}
