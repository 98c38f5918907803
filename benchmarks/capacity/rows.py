"""What a measurement gives: plain data, for a table or a file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        name: what was measured.
        value: how much it is.
        unit: of what.
        target: what it must not exceed; None: it is only told.
        note: how it was measured, where that is not plain.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        return None if self.target is None else self.value <= self.target

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "met": self.met}

    def __str__(self) -> str:
        """As a line of a table."""
        verdict = {True: "met", False: "NOT MET", None: ""}[self.met]
        target = "" if self.target is None else f"<= {self.target:g}"
        return f"{self.name:<58} {self.value:>12,.2f} {self.unit:<12} {target:>10} {verdict:<8} {self.note}"
