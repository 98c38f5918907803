"""What the engine remembers of a journey beside its fields, sealed with them: counts that no crash may reset."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

__all__ = ["Book"]


@dataclass(slots=True)
class Book:
    """A journey's durable counts."""

    fired: dict[str, int] = field(default_factory=dict)
    """How often each trigger was fired: what ``Flow.times`` answers."""
    sends: dict[str, int] = field(default_factory=dict)
    """How often each repeatable step may have been sent."""
    sent_at: dict[str, float] = field(default_factory=dict)
    """When each step's last request may have been sent, in seconds since the epoch."""
    doubts: int = 0
    """How often the present step was in doubt."""
    failures: int = 0
    """How often in a row the present step could not be done."""

    def last_sent(self, step: str) -> datetime | None:
        """When a step's last request may have been sent."""
        at = self.sent_at.get(step)
        return None if at is None else datetime.fromtimestamp(at, UTC)

    def enter(self) -> None:
        """Begin a new state: its step was never in doubt and never failed."""
        self.doubts = self.failures = 0

    def to_dict(self) -> dict[str, Any]:
        """As it is sealed: what is empty is left out."""
        return {name: value for name, value in asdict(self).items() if value}
