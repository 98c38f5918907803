"""What really happened, and what was asked: the two records that a test compares."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from onboarding.sandbox.clock import SandboxClock, stamp

__all__ = ["Effect", "Ledger", "LedgerEntry", "RequestEntry", "RequestLog"]


class Effect(StrEnum):
    """A kind of thing that happened in the sandbox."""

    CODE_SENT = "code_sent"
    CODE_ISSUED = "code_issued"
    CODE_USED = "code_used"
    TICKET_ISSUED = "ticket_issued"
    PASSWORD_RESET = "password_reset"  # noqa: S105  # the name of an effect
    USER_REGISTERED = "user_registered"
    LOGGED_IN = "logged_in"
    LOGIN_FAILED = "login_failed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # the name of an effect
    AVATAR_SET = "avatar_set"
    ACCOUNT_UPDATED = "account_updated"
    ACCOUNT_UNLOCKED = "account_unlocked"
    TASK_CREATED = "task_created"
    TASK_MOVED = "task_moved"


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One effect.

    Attributes:
        n: its number, from 1, without gaps.
        at: when it happened, by the sandbox's clock.
        effect: what happened.
        endpoint: the contract's section that did it, or ``desk``, or ``course``.
        subject: whom it happened to: the number or address where the request named one, else the user id.
        detail: more about it; never a password, a code or a ticket. ``userId`` where a user is known.
    """

    n: int
    at: str
    effect: str
    endpoint: str
    subject: str = field(repr=False)
    detail: dict[str, Any] = field(repr=False, default_factory=dict)


class Ledger:
    """Every effect in the order in which it happened."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._entries: list[LedgerEntry] = []

    def record(self, effect: Effect, endpoint: str, subject: str, **detail: Any) -> None:
        """Append one effect, as of now."""
        at = stamp(self._clock.now())
        self._entries.append(LedgerEntry(len(self._entries) + 1, at, effect.value, endpoint, subject, detail))

    def entries(self, *, since: int = 0, subject: str | None = None, effect: str | None = None) -> list[LedgerEntry]:
        """The entries numbered above ``since``; ``subject`` also finds a user by id."""
        return [
            entry
            for entry in self._entries[since:]
            if (effect is None or entry.effect == effect)
            and (subject is None or subject in (entry.subject, entry.detail.get("userId")))
        ]


@dataclass(slots=True)
class RequestEntry:
    """One request that reached the sandbox.

    Attributes:
        n: its number, from 1.
        at: when it arrived, by the sandbox's clock.
        endpoint: the contract's section; ``None`` for an unknown address.
        status: the HTTP status answered; ``None`` where there was no answer.
        mcode: the result code answered, where there was one.
        fault: the kind of the fault that befell it, where one did.
    """

    n: int
    at: str
    endpoint: str | None
    status: int | None = None
    mcode: str | None = None
    fault: str | None = None


class RequestLog:
    """The last ``kept`` requests, in the order they arrived. It holds no parameter of any of them."""

    def __init__(self, clock: SandboxClock, kept: int) -> None:
        self._clock = clock
        self._entries: deque[RequestEntry] = deque(maxlen=kept)
        self._arrived = 0

    def open(self, endpoint: str | None) -> RequestEntry:
        """Record an arrival; whoever answers fills in the rest."""
        self._arrived += 1
        entry = RequestEntry(self._arrived, stamp(self._clock.now()), endpoint)
        self._entries.append(entry)
        return entry

    def entries(self, *, since: int = 0, endpoint: str | None = None) -> list[RequestEntry]:
        """The remembered entries numbered above ``since``."""
        return [e for e in self._entries if e.n > since and (endpoint is None or e.endpoint == endpoint)]
