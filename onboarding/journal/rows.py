"""Between the records and their rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from onboarding.errors import JournalDamaged
from onboarding.journal.records import Head, Message, MessageKind, Phase, Status, TransitionRecord

__all__ = [
    "archived_head_of",
    "damaged",
    "head_of",
    "head_row",
    "message_of",
    "message_row",
    "micros",
    "moment",
    "transition_of",
    "transition_row",
    "what_is_left",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNFIT = (ValueError, TypeError, OverflowError)
"""What reading a damaged value ends with: SQLite keeps anything in any column."""


def micros(at: datetime) -> int:
    """Microseconds since the epoch of an aware time; exact. A naive one is a ``TypeError``."""
    return (at - _EPOCH) // _MICROSECOND


def moment(at: int) -> datetime:
    """The aware time, in UTC, of microseconds since the epoch; exact."""
    return _EPOCH + timedelta(microseconds=at)


def _micros_or_none(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def head_row(head: Head) -> dict[str, Any]:
    """The row of a head, without its key."""
    return {
        "id": head.id,
        "flow": head.flow,
        "version": head.version,
        "state": head.state,
        "status": head.status.value,
        "phase": head.phase.value,
        "due": _micros_or_none(head.due),
        "attempt": head.attempt,
        "seq": head.seq,
        "revision": head.revision,
        "created": micros(head.created),
        "updated": micros(head.updated),
        "entered": micros(head.entered),
        "note": head.note,
        "restored": head.restored,
    }


def head_of(row: Mapping[Any, Any]) -> Head:
    """The head of a row. Raises ``JournalDamaged``, which names the journey."""
    with suppress(*_UNFIT):
        return Head(
            id=row["id"],
            flow=_text(row["flow"]),
            version=_whole(row["version"]),
            state=_text(row["state"]),
            status=Status(row["status"]),
            phase=Phase(row["phase"]),
            due=None if row["due"] is None else moment(row["due"]),
            attempt=_whole(row["attempt"]),
            seq=_whole(row["seq"]),
            revision=_whole(row["revision"]),
            created=moment(row["created"]),
            updated=moment(row["updated"]),
            entered=moment(row["entered"]),
            note=None if row["note"] is None else _text(row["note"]),
            restored=_whole(row["restored"]),
        )
    raise damaged(row["id"], "its row cannot be read")


def archived_head_of(row: Mapping[Any, Any]) -> Head:
    """The head of a journey of which a key alone was kept. Raises ``JournalDamaged``, which names the journey."""
    missing = {"id": row["journey"], "phase": Phase.READY, "due": None, "attempt": 0, "note": None, "restored": 0}
    return head_of({**row, **missing})


def what_is_left(row: Mapping[Any, Any]) -> Head:
    """The head of a row as far as it can be read, parked: a request of it may have left, where that is not known."""
    head = Head(
        id=row["id"], flow=str(row["flow"]), version=0, state=str(row["state"]), status=Status.PARKED,
        phase=Phase.SENDING, seq=0, created=_EPOCH, updated=_EPOCH, entered=_EPOCH,
    )  # fmt: skip
    for name, read in _READERS.items():
        with suppress(*_UNFIT):
            head = replace(head, **{name: read(row[name])})
    return head


def damaged(journey: str, what: str) -> JournalDamaged:
    """The error of a journey that cannot be read; the others can."""
    return JournalDamaged(f"the journey {journey} is damaged in the journal: {what}", journey=journey)


def _whole(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "version": _whole, "phase": Phase, "attempt": _whole, "seq": _whole, "revision": _whole, "created": moment,
    "updated": moment, "entered": moment, "restored": _whole,
}  # fmt: skip


def transition_row(record: TransitionRecord) -> dict[str, Any]:
    """The row of a transition."""
    return {
        "journey": record.journey,
        "seq": record.seq,
        "at": micros(record.at),
        "trigger": record.trigger,
        "source": record.source,
        "dest": record.dest,
        "attempt": record.attempt,
        "duration": record.duration,
        "endpoint": record.endpoint,
        "http_status": record.http_status,
        "mcode": record.mcode,
        "worker": record.worker,
        "detail": record.detail,
        "mac": record.mac,
    }


def transition_of(row: Mapping[Any, Any]) -> TransitionRecord:
    """The transition of a row. Raises ``JournalDamaged``, which names the journey."""
    with suppress(*_UNFIT):
        return TransitionRecord(**{**row, "at": moment(row["at"])})
    raise damaged(row["journey"], f"the row {row['seq']} of its history cannot be read")


def message_row(message: Message) -> dict[str, Any]:
    """The row of a message that nobody has looked at."""
    return {
        "id": message.id,
        "journey": message.journey,
        "kind": message.kind.value,
        "name": message.name,
        "payload": message.payload,
        "at": micros(message.at),
        "verdict": None,
    }


def message_of(row: Mapping[Any, Any]) -> Message:
    """The message of a row. Raises ``JournalDamaged``, which names the journey."""
    with suppress(*_UNFIT):
        return Message(
            id=row["id"],
            journey=row["journey"],
            kind=MessageKind(row["kind"]),
            name=row["name"],
            payload=row["payload"],
            at=moment(row["at"]),
            verdict=row["verdict"],
        )
    raise damaged(row["journey"], "a message to it cannot be read")
