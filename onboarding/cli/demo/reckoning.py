"""The sandbox's ledger, against what should have happened exactly once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onboarding.cli.demo.cast import Role
    from onboarding.sandbox import SandboxDesk

__all__ = ["Reckoning", "reckon"]

_ONCE = ("password_reset", "user_registered", "account_updated")
_NOT_OURS = ("desk", "course")


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What happened in the sandbox.

    Attributes:
        done: effects that must never be repeated, and happened.
        wanted: how many of them should have happened.
        twice: how many of them happened again.
        messages: codes that were sent: those may be repeated.
    """

    done: int
    wanted: int
    twice: int
    messages: int

    @property
    def right(self) -> bool:
        """Whether everything happened, and nothing twice."""
        return self.twice == 0 and self.done == self.wanted


def reckon(desk: SandboxDesk, roles: Sequence[Role]) -> Reckoning:
    """Read the ledger: what really happened, whatever anybody was told."""
    ledger = [entry for entry in desk.ledger() if entry.endpoint not in _NOT_OURS]
    happened = Counter((entry.effect, entry.subject) for entry in ledger if entry.effect in _ONCE)
    return Reckoning(
        done=len(happened),
        wanted=sum(role.effect is not None for role in roles),
        twice=sum(number - 1 for number in happened.values()),
        messages=sum(entry.effect == "code_sent" for entry in ledger),
    )
