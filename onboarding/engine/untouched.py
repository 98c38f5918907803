"""A stored journey that cannot go on here is parked untouched: its data, and a doubt, stay as they are."""

from __future__ import annotations

from dataclasses import replace

from onboarding.engine.events import Event, tell
from onboarding.engine.messages import APPLIED, refusal
from onboarding.engine.outcome import Parked, ParkKind
from onboarding.engine.rules import Rules
from onboarding.journal import Chain, Change, Journal, Link, MessageKind, Status, Stored, TransitionRecord, Verdict

__all__ = ["park_untouched", "set_aside"]

_NEEDS = {
    ParkKind.UNREADABLE: "install the flow's package, or give the key back, then retry",
    ParkKind.ERROR: "mend the flow, then retry",
}


async def set_aside(journal: Journal, journey: str, reason: str, rules: Rules) -> Parked:
    """Park a journey of which the journal itself cannot tell everything; whatever was asked of it is refused."""
    now = rules.clock.now()
    needs = "find out how far it had come; restore the journal from a backup, or retry where the damage was mended"
    parked = Parked(ParkKind.UNREADABLE, reason, needs, now)
    row = TransitionRecord(
        journey=journey, seq=0, at=now, trigger="parked", source="", dest="", worker=rules.worker,
        detail=f"{ParkKind.UNREADABLE.value}: {reason}",
    )  # fmt: skip
    head, row = await journal.set_aside(row, parked.to_json(), refusal(reason))
    tell(rules.tell, Event(head.flow, head.status, row))
    return parked


async def park_untouched(
    journal: Journal, stored: Stored, kind: ParkKind, reason: str, rules: Rules, chain: Chain
) -> Parked:
    """Park it, or leave it parked; a retry is noted, everything else that was asked is refused.

    An input waits for the journey's recovery, unless the journey has ended. The row is signed apart: the sealed data,
    which know of every other row, cannot be told of it.
    """
    head, now = stored.head, rules.clock.now()
    final = head.status.is_final
    verdicts = tuple(
        Verdict(message.id, refusal(reason) if final or message.kind is not MessageKind.RETRY else APPLIED)
        for message in stored.messages
        if final or message.kind is not MessageKind.INPUT
    )
    if head.status is Status.PARKED and not verdicts:
        return Parked.from_json(head.note or "{}")
    parked = Parked(kind, reason, _NEEDS[kind], now)
    row = TransitionRecord(
        journey=head.id, seq=head.seq + 1, at=now, trigger="input_refused" if final else "parked", source=head.state,
        dest=head.state, worker=rules.worker, detail=f"{kind.value}: {reason}",
    )  # fmt: skip
    before = await journal.history(head.id, after=head.seq - 1)
    row = chain.sign(row, (before[-1].mac if before else None) or b"", Link.APART)
    new = replace(head, due=None, seq=row.seq, revision=head.revision + 1, updated=now)
    if not final:
        new = replace(new, status=Status.PARKED, note=parked.to_json())
    await journal.write(Change(head=new, transitions=(row,), verdicts=verdicts))
    tell(rules.tell, Event(head.flow, new.status, row))
    return parked
