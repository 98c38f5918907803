"""Records to store: small, whole, and all at one moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from onboarding.journal import (
    Change,
    Head,
    Journal,
    Message,
    MessageKind,
    Status,
    TransitionRecord,
    Verdict,
)

NOW = datetime(2026, 11, 22, 9, 30, 15, 123456, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_head(
    journey: str,
    *,
    flow: str = "password-reset",
    state: str = "requesting_code",
    status: Status = Status.WORKING,
    due: datetime | None = None,
    created: datetime = NOW,
) -> Head:
    return Head(
        id=journey, flow=flow, version=1, state=state, status=status, due=due, seq=1,
        created=created, updated=created, entered=created,
    )  # fmt: skip


def a_record(journey: str, seq: int = 1) -> TransitionRecord:
    return TransitionRecord(
        journey=journey, seq=seq, at=later(seq), trigger="code_sent", source="requesting_code",
        dest="awaiting_code", attempt=2, duration=0.25, endpoint="send_code", http_status=200,
        mcode="m0000000", worker="w1", detail="sent",
    )  # fmt: skip


def a_message(
    id_: str,
    journey: str,
    *,
    kind: MessageKind = MessageKind.INPUT,
    at: datetime = NOW,
    payload: bytes | None = b"sealed",
) -> Message:
    return Message(id=id_, journey=journey, kind=kind, name="code_entered", payload=payload, at=at)


async def store(journal: Journal, *heads: Head, data: bytes = b"sealed") -> None:
    for head in heads:
        await journal.create(head, data, a_record(head.id))


def next_change(head: Head, *, data: bytes | None = None, verdicts: tuple[Verdict, ...] = ()) -> Change:
    """The next write of ``head``, with one transition."""
    fresh = replace(head, revision=head.revision + 1, seq=head.seq + 1, updated=later(head.revision))
    return Change(head=fresh, data=data, transitions=(a_record(head.id, fresh.seq),), verdicts=verdicts)
