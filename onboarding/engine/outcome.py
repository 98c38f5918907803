"""How a journey ended, or why it is parked: plain data that the journal keeps beside its head."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum

__all__ = ["Outcome", "ParkKind", "Parked"]


class ParkKind(StrEnum):
    """Why a journey is parked, in one word."""

    IN_DOUBT = "in_doubt"
    """A request may have taken effect, and nothing can tell: a person decides (``resolve``)."""
    UNREACHABLE = "unreachable"
    """The service could not be reached, or did not answer, as often as it may be tried."""
    REFUSED = "refused"
    """The service refused in a way that the flow has no transition for."""
    REJECTED = "rejected"
    """The request was not valid: address, token, tenant, or an error of ours."""
    EXHAUSTED = "exhausted"
    """A step may not be repeated any more."""
    ERROR = "error"
    """A step of the flow failed by itself."""
    RESTORED = "restored"
    """The journal was restored from a backup, or copied: what it does next may have been done already."""
    UNREADABLE = "unreadable"
    """The stored journey cannot be read here: an unknown flow, another version, another key."""


_LOOK = "find out whether its last request took effect, then resolve or cancel it"
_NOBODY_KNOWS = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Parked:
    """Why a journey does not go on, what it needs, and since when.

    Attributes:
        kind: why, in one word.
        reason: why, in a sentence.
        needs: what a person has to find out or do.
        since: since when.
    """

    kind: ParkKind
    reason: str
    needs: str
    since: datetime

    def to_json(self) -> str:
        """As the journal keeps it."""
        return json.dumps({**asdict(self), "since": self.since.isoformat()})

    @classmethod
    def from_json(cls, text: str) -> Parked:
        """From what the journal kept. Where that is damaged, nobody knows whether its last request took effect."""
        with suppress(ValueError, TypeError, KeyError):
            kept = json.loads(text)
            return cls(ParkKind(kept["kind"]), kept["reason"], kept["needs"], datetime.fromisoformat(kept["since"]))
        return cls(ParkKind.IN_DOUBT, "what the journal says of it is damaged", _LOOK, _NOBODY_KNOWS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a journey ended."""

    state: str
    """The final state."""
    ended_well: bool
    """Whether it is a good end (``Done``)."""
    text: str = ""
    """The final state in a sentence, or the reason of a cancellation."""
    mcode: str | None = None
    """The result code that led here, where one did."""
    meaning: str | None = None
    """What that code means: a value of ``Meaning``."""
    vendor_text: str | None = None
    """What that code means, in the vendor's words."""
    remark: str | None = None
    """What the last step noted, such as the task's state."""
    forgotten: bool = False
    """Whether the person was erased since: what is left says that, and how, the journey ended."""

    def to_json(self) -> str:
        """As the journal keeps it."""
        return json.dumps({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def from_json(cls, text: str) -> Outcome:
        """From what the journal kept."""
        with suppress(ValueError, TypeError):
            return cls(**json.loads(text))
        return cls("", ended_well=False, text="how it ended is damaged in the journal")
