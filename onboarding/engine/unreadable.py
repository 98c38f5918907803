"""A stored journey that cannot be read here is parked untouched: its data stay as they are."""

from __future__ import annotations

from dataclasses import replace

from onboarding.engine.events import Event
from onboarding.engine.messages import APPLIED, refusal
from onboarding.engine.outcome import Parked, ParkKind
from onboarding.engine.rules import Rules
from onboarding.journal import Change, Journal, MessageKind, Status, Stored, TransitionRecord, Verdict

__all__ = ["park_unreadable"]

_NEEDS = "install the flow's package, or give the key back, then retry"


async def park_unreadable(journal: Journal, stored: Stored, failure: Exception, rules: Rules) -> Parked:
    """Park it, or leave it parked; a retry is noted, everything else that was asked is refused."""
    head, now = stored.head, rules.clock.now()
    if head.status is Status.PARKED and not stored.messages:
        return Parked.from_json(head.note or "{}")
    parked = Parked(ParkKind.UNREADABLE, str(failure), _NEEDS, now)
    row = TransitionRecord(
        journey=head.id, seq=head.seq + 1, at=now, trigger="parked", source=head.state, dest=head.state,
        worker=rules.worker, detail=f"{parked.kind.value}: {parked.reason}",
    )  # fmt: skip
    verdicts = tuple(
        Verdict(
            message.id,
            APPLIED if message.kind is MessageKind.RETRY else refusal(f"it cannot be read: {failure}"),
        )
        for message in stored.messages
        if message.kind is not MessageKind.INPUT
    )
    final = head.status.is_final
    new = replace(
        head, status=head.status if final else Status.PARKED, due=None, seq=row.seq, revision=head.revision + 1,
        updated=now, note=head.note if final else parked.to_json(),
    )  # fmt: skip
    await journal.write(Change(head=new, transitions=(row,), verdicts=verdicts))
    if rules.tell is not None:
        rules.tell(Event(head.flow, new.status, row))
    return parked
