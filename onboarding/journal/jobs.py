"""What the journal's thread is handed: a database, ways to work on it, and jobs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from onboarding.errors import JournalError, OnboardingError
from onboarding.journal.receipt import Receipt
from onboarding.journal.records import Change

__all__ = ["Apply", "Job", "Session", "Together"]

T = TypeVar("T")


class Session(Protocol):
    """A connection to the database, used by one thread alone."""

    @property
    def place(self) -> str:
        """Where it is, for people."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether it waits for nothing but this machine's disk."""
        ...

    @property
    def synced_in(self) -> float:
        """Seconds that the last commit took."""
        ...

    def be_patient(self, patient: bool) -> None:
        """Whether to wait for other processes from now on; else ``JournalBusy`` at once, with nothing done."""
        ...

    def open(self) -> None:
        """Connect, and create or migrate the schema where needed."""
        ...

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in a transaction that is durable on return, and undone when it raises."""
        ...

    def read(self, work: Callable[[Connection], T], *, at_once: bool = False) -> T:
        """Do ``work`` on one consistent view; ``at_once``: it waits for the database once."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class Together(Protocol):
    """Does the same for several at once; the outcome of each, in the same order."""

    def __call__(
        self, connection: Connection, asked: Sequence[Any], /
    ) -> Sequence[Any | OnboardingError]: ...  # fmt: skip


class Apply(Protocol):
    """Applies changes in order, within a transaction; the outcome of each, in the same order."""

    def __call__(
        self, connection: Connection, changes: Sequence[Change], /
    ) -> Sequence[JournalError | None]: ...  # fmt: skip


@dataclass(slots=True, eq=False)
class Job:
    """One thing to do, and who waits for it."""

    receipt: Receipt[Any]
    work: Callable[[Connection], Any] | None = None
    """What to do; with nothing to do, let the thread end. An ``OnboardingError`` of it must have written nothing."""
    change: Change | None = None
    writes: bool = False
    short: bool = False
    """Whether it is about one journey, and so done in a moment."""
    begins: str | None = None
    """The journey that it stores for the first time."""
    together: Together | None = None
    """What does it, in the place of ``work``, for all in a batch that ask for the same."""
    asked: Any = None
    """What is asked of that."""
    result: Any = None
    error: OnboardingError | None = None

    @property
    def closes(self) -> bool:
        """Whether it is the last one."""
        return self.work is None and self.change is None and self.together is None
