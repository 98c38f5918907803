"""What the journal holds, as plain data. Nothing here is secret: the sealed data are bytes to the journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any

__all__ = [
    "APPLIED",
    "Change",
    "Ended",
    "Head",
    "Message",
    "MessageKind",
    "Page",
    "Phase",
    "Query",
    "Status",
    "Stored",
    "TransitionRecord",
    "Verdict",
    "Whole",
    "changed",
    "signed",
]


class Status(StrEnum):
    """How a journey stands, for lists and metrics."""

    WORKING = "working"
    POLLING = "polling"
    WAITING = "waiting"
    PARKED = "parked"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether the journey has ended."""
        return self in _FINAL

    @property
    def rests(self) -> bool:
        """Whether nothing is done for the journey by itself: it has ended, waits, or is parked."""
        return self in _RESTING


_FINAL = frozenset({Status.DONE, Status.FAILED, Status.CANCELLED})
_RESTING = _FINAL | {Status.WAITING, Status.PARKED}


class Phase(StrEnum):
    """Where a journey stands within a step that touches the outside."""

    READY = "ready"
    """Nothing is under way: the step may be started."""
    SENDING = "sending"
    """The intent is recorded: a request may have left. Found after a crash, it is a doubt."""
    DOUBT = "doubt"
    """It is not known whether the request took effect; ``due`` says when that is looked into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The narrow row of a journey: all that lists, claims and timers need. All times are aware, in UTC."""

    id: str
    flow: str
    version: int
    state: str
    status: Status
    phase: Phase = Phase.READY
    due: datetime | None = None
    """When the journey wants to be looked at next; None: by itself, never (parked, ended)."""
    attempt: int = 0
    """Which try of the present step this is; 0 before the first."""
    seq: int
    """How many transitions its history has: the last one's number."""
    revision: int = 1
    """Grows with every write: the fence against a second writer."""
    created: datetime
    updated: datetime
    entered: datetime
    """When the present state was entered: deadlines count from here."""
    note: str | None = None
    """JSON: why it is parked, or how it ended."""
    restored: int = 0
    """Not 0: the journal was restored from a backup, or copied, while it lived, and what it says may be old. The
    number tells one such time from another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionRecord:
    """One row of a journey's history. Nothing in it is secret or personal.

    Attributes:
        journey: the journey's id.
        seq: its number, from 1.
        at: when, in UTC.
        trigger: what happened.
        source: the state before; empty in the first row.
        dest: the state after; the same where the journey stayed (a retry, a doubt, a parking).
        attempt: which try of the step this was; 0 where no step was done.
        endpoint: the method of ``AccountApi`` that the step called last.
        http_status: the HTTP status of its answer.
        mcode: the result code of its answer, such as that of a wrong code.
        worker: who wrote it: host, process and run.
    """

    journey: str
    seq: int
    at: datetime
    trigger: str
    source: str
    dest: str
    attempt: int = 0
    duration: float | None = None
    """Seconds that the step took."""
    endpoint: str | None = None
    http_status: int | None = None
    mcode: str | None = None
    worker: str | None = None
    detail: str | None = None
    """Words of ours, redacted."""
    mac: bytes | None = None
    """Its signature in the journey's chain (``onboarding.journal.chain``); None: written before there was one."""


def _copier(kind: type[Any]) -> Callable[..., Any]:
    """``dataclasses.replace`` for one kind, in a fraction of its time: each row of a history is one of these."""
    names = tuple(each.name for each in fields(kind))
    values = attrgetter(*names)
    put = {name: getattr(kind, name).__set__ for name in names}
    puts = tuple(put.values())

    def copy(record: Any, **new: Any) -> Any:
        made = object.__new__(kind)
        # Past what keeps a record from being changed, which asks anew for each field whether it may be.
        for place, value in zip(puts, values(record), strict=True):
            place(made, value)
        for name, value in new.items():
            put[name](made, value)
        return made

    return copy


_copy_of_head, _copy_of_row = _copier(Head), _copier(TransitionRecord)


def changed(head: Head, **new: Any) -> Head:
    """The head with something new in it."""
    copy: Head = _copy_of_head(head, **new)
    return copy


def signed(row: TransitionRecord, mac: bytes) -> TransitionRecord:
    """The row with its signature."""
    copy: TransitionRecord = _copy_of_row(row, mac=mac)
    return copy


APPLIED = "applied"
"""The verdict on a message that was applied; every other one says why it was not."""


class MessageKind(StrEnum):
    """What somebody asks of a journey."""

    INPUT = "input"
    CANCEL = "cancel"
    RETRY = "retry"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something handed in for a journey, kept until its owner has looked at it."""

    id: str
    journey: str
    kind: MessageKind
    name: str
    payload: bytes | None
    at: datetime
    verdict: str | None = None
    """None: not looked at yet. ``applied``, or ``refused: `` and why."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a message; recording it wipes the message's payload."""

    message: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A journey as it is stored: head, sealed data, and the messages not yet looked at, oldest first.

    Attributes:
        last: the last row of its history, where that was asked for too.
    """

    head: Head
    data: bytes
    messages: tuple[Message, ...] = ()
    last: TransitionRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One write of a journey, all of it or nothing.

    ``head.revision`` is the revision that the write leaves behind.
    """

    head: Head
    replaces: int | None = None
    """The revision that must be stored; None: the one before ``head.revision``."""
    data: bytes | None = None
    """The sealed data, where they changed."""
    transitions: tuple[TransitionRecord, ...] = ()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def follows(self) -> int:
        """The revision that must be stored."""
        return self.head.revision - 1 if self.replaces is None else self.replaces


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which journeys a list holds: newest first, ``limit`` a page, after the id ``after``."""

    flow: str | None = None
    status: tuple[Status, ...] = ()
    state: str | None = None
    created_before: datetime | None = None
    created_after: datetime | None = None
    updated_before: datetime | None = None
    restored: bool = False
    """Only those that live, and of which a restored or copied journal may not know all."""
    failures: int = 0
    """Only those that go on trying, and whose last so many tries, or more, have failed."""
    after: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list; ``next`` is the ``after`` of the following one, None on the last."""

    heads: tuple[Head, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """All that is kept of a journey that has ended, as it lies in the journal; what was handed in to it is not."""

    head: Head
    data: bytes
    history: tuple[TransitionRecord, ...]
    key: bytes | None = None
    """The digest of its idempotency key."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Some journeys that ended long ago; ``next`` is where to go on, None at the end."""

    journeys: tuple[Whole, ...]
    unreadable: tuple[str, ...]
    """Ids of those of which something cannot be read."""
    next: str | None = None
