"""What was measured, as plain data that goes into JSON and comes back."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Entry", "Figures", "Measured", "Results"]

Figures = dict[str, float]
"""What one run of one contender measured, by name; ``report.figures`` knows their units."""


@dataclass(slots=True)
class Entry:
    """One contender in one row.

    Attributes:
        about: what it is.
        rounds: the figures of every round that it finished.
        skipped: why it has none, or no more.
    """

    about: str
    rounds: list[Figures] = field(default_factory=list)
    skipped: str = ""

    def median(self, figure: str) -> float | None:
        """The median over the rounds; None: it was not measured."""
        found = [figures[figure] for figures in self.rounds if figure in figures]
        return statistics.median(found) if found else None

    def medians(self) -> Figures:
        """The median of every figure."""
        names = dict.fromkeys(name for figures in self.rounds for name in figures)
        return {name: median for name in names if (median := self.median(name)) is not None}


@dataclass(slots=True)
class Measured:
    """One row, measured.

    Attributes:
        about: what was measured, in a sentence.
        entries: by contender.
        at: when, in UTC.
        seconds: how long it took.
        quick: whether it was a trial with few journeys: its figures say that it runs, and not much more.
        machine: where.
    """

    about: str
    entries: dict[str, Entry]
    at: str = ""
    seconds: float = 0.0
    quick: bool = False
    machine: dict[str, Any] = field(default_factory=dict)

    def ratio(self, figure: str, contender: str, against: str) -> float | None:
        """How many times ``against``'s figure a contender's is: the median of the rounds' ratios.

        Rounds run side by side, so that what disturbs a round disturbs both.
        """
        ours, theirs = self.entries.get(contender), self.entries.get(against)
        if ours is None or theirs is None:
            return None
        pairs = zip(ours.rounds, theirs.rounds, strict=False)
        found = [one[figure] / other[figure] for one, other in pairs if one.get(figure) and other.get(figure)]
        return statistics.median(found) if found else None


@dataclass(slots=True)
class Results:
    """Every row that was measured, by its name."""

    rows: dict[str, Measured] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> Results:
        """What an earlier run has left; nothing where there is no such file."""
        if not file.exists():
            return cls()
        kept = json.loads(file.read_text("utf-8"))
        rows = {}
        for name, row in kept["rows"].items():
            entries = {
                who: Entry(entry["about"], entry["rounds"], entry["skipped"])
                for who, entry in row.pop("entries").items()
            }
            rows[name] = Measured(entries=entries, **row)
        return cls(rows, kept["versions"])

    def write(self, file: Path, targets: list[dict[str, Any]]) -> None:
        """Keep everything, with the targets as they were judged."""
        document = asdict(self)
        for name, row in self.rows.items():
            for who, entry in row.entries.items():
                document["rows"][name]["entries"][who]["medians"] = entry.medians()
        document["targets"] = targets
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
