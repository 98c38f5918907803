"""Between the records and their rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from onboarding.journal.records import Head, Message, MessageKind, Phase, Status, TransitionRecord

__all__ = [
    "head_of",
    "head_row",
    "message_of",
    "message_row",
    "micros",
    "moment",
    "transition_of",
    "transition_row",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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
    """The head of a row."""
    return Head(
        id=row["id"],
        flow=row["flow"],
        version=row["version"],
        state=row["state"],
        status=Status(row["status"]),
        phase=Phase(row["phase"]),
        due=None if row["due"] is None else moment(row["due"]),
        attempt=row["attempt"],
        seq=row["seq"],
        revision=row["revision"],
        created=moment(row["created"]),
        updated=moment(row["updated"]),
        entered=moment(row["entered"]),
        note=row["note"],
        restored=bool(row["restored"]),
    )


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
    """The transition of a row."""
    return TransitionRecord(**{**row, "at": moment(row["at"])})


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
    """The message of a row."""
    return Message(
        id=row["id"],
        journey=row["journey"],
        kind=MessageKind(row["kind"]),
        name=row["name"],
        payload=row["payload"],
        at=moment(row["at"]),
        verdict=row["verdict"],
    )
