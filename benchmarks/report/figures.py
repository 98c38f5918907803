"""How figures are called and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.results import Measured

__all__ = ["FIGURES", "Figure", "columns", "figure", "machine", "mark", "ratio", "value"]

_SMALL, _MIDDLE = 10, 100


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure's heading, with its unit."""

    heading: str
    percent: bool = False


FIGURES = {
    "journeys_per_s": Figure("journeys/s"),
    "cpu_ms": Figure("CPU ms a journey"),
    "p50_ms": Figure("p50 ms"),
    "p99_ms": Figure("p99 ms"),
    "rows_per_commit": Figure("rows a commit"),
    "rows_per_journey": Figure("rows a journey"),
    "memory_mb": Figure("memory MB"),
    "stub_busy": Figure("stub busy", percent=True),
    "seconds": Figure("seconds"),
}
"""The figures that are shown first, in this order; ``stub_ms`` is kept and not shown."""

_UNSHOWN = {"stub_ms"}


def columns(row: Measured) -> list[str]:
    """The figures of a row that are shown: known ones in order, then any other."""
    found = dict.fromkeys(name for entry in row.entries.values() for figures in entry.rounds for name in figures)
    return [name for name in FIGURES if name in found] + [
        name for name in found if name not in FIGURES and name not in _UNSHOWN
    ]


def figure(name: str) -> Figure:
    """How a figure is called; one that nobody knows has its name."""
    return FIGURES.get(name, Figure(name.replace("_", " ")))


def value(number: float | None, name: str = "") -> str:
    """A figure for people: three digits, no more."""
    if number is None:
        return ""
    if figure(name).percent:
        return f"{number:.0%}"
    if abs(number) < _SMALL:
        return f"{number:.2f}"
    return f"{number:.1f}" if abs(number) < _MIDDLE else f"{number:,.0f}"


def ratio(number: float | None) -> str:
    """A comparison for people."""
    return "" if number is None else f"{number:.2f} ×" if number < _SMALL else f"{number:.0f} ×"


def mark(met: bool | None) -> str:
    """Whether a target is reached, in a word."""
    return {True: "yes", False: "no", None: "not measured"}[met]


def machine(described: dict[str, Any]) -> str:
    """Where a row was measured, in a sentence."""
    return (
        f"{described['cores']} cores ({described['processor']}), {described['memory_gb']} GB, {described['system']}, "
        f"Python {described['python']}, SQLite {described['sqlite']}, a synced write of 4 KiB in "
        f"{described['sync_ms']} ms, load {described['load_before']} before it began"
    )
