"""What a patient user does: answers what is asked, looks after what is parked, stays until it has ended."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress

from onboarding.engine import Journey, ParkKind
from onboarding.errors import InputRefused, NotPossible
from onboarding.journal import Status
from onboarding.machine import Flow
from onboarding.sandbox import DeskRefused, SandboxDesk
from onboarding.sandbox.ledger import LedgerEntry
from onboarding.service import Onboarding
from onboarding.verify.rehearsal import Role, answer_of

__all__ = ["attend", "ledger_of"]

_HELP = 4
"""How often a person looks after one parked journey."""
_NOBODYS = ("desk", "course", "2.6")
"""What does not tell that a step has landed: others do it too, and a login is no more than a look."""


async def attend(
    onboarding: Onboarding, desk: SandboxDesk, flow: type[Flow], role: Role, journey: Journey, patience: float
) -> tuple[Journey, tuple[str, ...]]:
    """Stay with a journey until it has ended, or for so many seconds.

    Returns:
        The journey as it then stands, and why a person was asked what became of a request, each time.
    """
    until = time.monotonic() + patience
    asked: list[str] = []
    helped = 0
    while (left := until - time.monotonic()) > 0:
        journey = await onboarding.wait(journey.id, timeout=left)
        if journey.is_final:
            break
        # Refused: a process that died has handed it in already, or no message has come yet.
        with suppress(InputRefused, NotPossible, DeskRefused):
            if journey.status is Status.WAITING:
                await asyncio.sleep(0.005)
                code = await asyncio.to_thread(desk.latest_code, role.to) if role.to else ""
                answer = answer_of(flow.definition, journey.state, code)
                if answer is None:
                    break
                await onboarding.send(journey.id, answer[0], **answer[1])
            elif journey.parked is not None:
                helped += 1
                if helped > _HELP:
                    break
                if journey.parked.kind is ParkKind.IN_DOUBT:
                    asked.append(journey.parked.reason)
                    await _resolve(onboarding, desk, role, journey)
                elif journey.parked.kind in (ParkKind.REJECTED, ParkKind.UNREACHABLE):
                    await onboarding.retry(journey.id)
                else:
                    break
    return journey, tuple(asked)


def ledger_of(desk: SandboxDesk, role: Role) -> list[LedgerEntry]:
    """Everything that happened to a person, in order."""
    entries = {entry.n: entry for subject in role.subjects for entry in desk.ledger(subject=subject)}
    return [entries[number] for number in sorted(entries)]


async def _resolve(onboarding: Onboarding, desk: SandboxDesk, role: Role, journey: Journey) -> None:
    """A person looks at the broker's own books, and says what stands there."""
    rows = await onboarding.history(journey.id)
    entered = max((row.at for row in rows if row.dest == journey.state != row.source), default=journey.created)
    since = entered.isoformat(timespec="milliseconds")
    entries = await asyncio.to_thread(ledger_of, desk, role)
    landed = any(entry.at >= since and entry.endpoint not in _NOBODYS for entry in entries)
    await onboarding.resolve(journey.id, landed=landed, reason="the broker's own books say so", by="verify")
