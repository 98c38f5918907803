"""What the engine remembers of a journey beside its fields, sealed with them: counts that no crash may reset."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from onboarding.journal import Chain, TransitionRecord
from onboarding.machine import Flow

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
    doubted: float | None = None
    """When its last doubt began, by the machine's own clock, which nobody sets."""
    probed: bool = False
    """Whether the present doubt's one login may have been tried."""
    restored: int = 0
    """Which time that the journal was restored the next two are about."""
    vouched: list[str] = field(default_factory=list)
    """The ``once`` states of which it was found out since whether they were done meanwhile."""
    heard: bool = False
    """Whether a check or a person has said anything since."""
    failures: int = 0
    """How often in a row the present step could not be done."""
    signed: int = 0
    """The number of the last row of the history that was signed with these data in hand."""
    mac: str = ""
    """The signature that the next row is signed together with, in hexadecimal digits."""

    def counts_for(self, flow: Flow) -> None:
        """Let the flow's conditions go by what is counted here."""
        flow._fired = self.fired  # noqa: SLF001 - the engine keeps a flow's counts

    def last_sent(self, step: str) -> datetime | None:
        """When a step's last request may have been sent."""
        at = self.sent_at.get(step)
        return None if at is None else datetime.fromtimestamp(at, UTC)

    def enter(self) -> None:
        """Begin a new state: its step was never in doubt and never failed."""
        self.doubts = self.failures = 0

    def sign(self, row: TransitionRecord, chain: Chain) -> TransitionRecord:
        """The history's next row with its signature, which is sealed with the data from now on."""
        row = chain.sign(row, bytes.fromhex(self.mac))
        assert row.mac is not None, "just signed"
        self.signed, self.mac = row.seq, row.mac.hex()
        return row

    def after_restore(self, time: int) -> None:
        """The journal was restored: what was known before is not known any more."""
        if time != self.restored:
            self.restored, self.vouched, self.heard = time, [], False

    def to_dict(self) -> dict[str, Any]:
        """As it is sealed, not a copy: what is empty is left out."""
        return {name: value for name, value in zip(_NAMES, _VALUES(self), strict=True) if value}


_NAMES = tuple(each.name for each in fields(Book))
_VALUES = attrgetter(*_NAMES)
