"""What a journal must be able to do. One suite, ``tests/journal/contract.py``, holds every backend to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from onboarding.journal.records import (
    Change,
    Ended,
    Head,
    Message,
    Page,
    Query,
    Stored,
    TransitionRecord,
    Whole,
)

__all__ = ["Journal"]


class Journal(Protocol):
    """The durable record of all journeys; the only truth about them.

    Reads see every write that was handed in before them by the same process. Errors are
    ``onboarding.errors.JournalError`` and below.
    """

    @property
    def place(self) -> str:
        """Where it is, for people: a path or a URL without its password."""
        ...

    async def open(self) -> None:
        """Create or migrate the schema where needed, and get ready.

        Raises:
            JournalDamaged: the file is not a journal, is of a newer schema, or is damaged.
            JournalError: it cannot be opened; the message says why (missing folder, loose permissions).
        """
        ...

    async def close(self) -> None:
        """Write what was handed in, then let go of everything. Safe to call twice."""
        ...

    async def own(self) -> bool:
        """Try to become the one that advances journeys; True if it is (already)."""
        ...

    async def disown(self) -> None:
        """Stop being the owner: what was handed in is written first."""
        ...

    async def is_attended(self) -> bool:
        """Whether some process, this one included, advances journeys at present."""
        ...

    def may_send(self, journey: str) -> bool:
        """Whether a request of this journey may leave now: nobody else can have taken it over yet.

        It asks nobody, and is asked right before the request leaves.
        """
        ...

    def release(self, journeys: Collection[str]) -> None:
        """Leave journeys that ``claim`` or ``take`` gave to whoever is next: they have come to rest here."""
        ...

    def reserve(self, journey: str) -> None:
        """Have ``create``, which is called next, store this journey as one that ``claim`` gave to this worker.

        It raises ``JournalConflict`` then, and stores nothing, where this is no worker any more. Where the owner is
        the only one who advances, this does nothing.
        """
        ...

    @property
    def is_exclusive(self) -> bool:
        """Whether the owner is the only one who advances; else it advances what ``claim`` gives to it."""
        ...

    @property
    def pace(self) -> float:
        """Seconds after which to look for what is due though nobody has told of news."""
        ...

    def on_news(self, tell: Callable[[str], None]) -> None:
        """Have ``tell`` called, on this event loop, with what other processes have done, as far as that is told.

        With an empty word where there may be work; with a journey's id where what was asked of it was looked at.
        """
        ...

    async def create(self, head: Head, data: bytes, first: TransitionRecord, key: bytes | None = None) -> Head:
        """Store a new journey durably and return its head.

        Where ``key`` (a digest) was used before with the same flow, nothing is written and the head of that
        first journey is returned; if it was taken out since, what is left of its head: without due time and note.
        """
        ...

    def write(self, change: Change) -> Awaitable[None]:
        """Hand in a write; writes are applied in the order in which they are handed in.

        The change is queued when this returns; the result is awaited only by whom durability matters to, and
        may be dropped. Awaiting it raises ``JournalConflict`` when the stored revision is not
        ``change.follows``, or when a message that it decides on was taken back or decided on
        meanwhile; ``JournalError`` when it could not be written. A failed change leaves
        nothing of itself behind.
        """
        ...

    async def load(self, journey: str, *, last: bool = False) -> Stored:
        """One journey with the messages not yet looked at; with the last row of its history, if that is asked for.

        Raises:
            UnknownJourney: it holds none of that id.
            JournalDamaged: what it holds of it cannot be read; its ``journey`` says of which.
        """
        ...

    async def set_aside(self, record: TransitionRecord, note: str, verdict: str) -> tuple[Head, TransitionRecord]:
        """Park, durably, a journey that cannot be loaded: put into order what is left of its head, touch no data.

        Args:
            record: the row of its history that says so; its number and its states are found here.
            note: why it is parked.
            verdict: on what else is asked of it, and on messages that cannot be read; inputs wait.

        Returns:
            The head as it is now, and the row.
        """
        ...

    async def head(self, journey: str) -> Head:
        """The head alone. Raises ``UnknownJourney``."""
        ...

    async def claim(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[str]:
        """Ids to advance now, without those in ``busy``, the longest waiting first.

        Those that are due, and those with a message not yet looked at: an input waits while the journey is
        working or parked, everything else (cancel, retry, resolve) does not.
        """
        ...

    async def due(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[str]:
        """What ``claim`` would give, for whoever only tells others of it: nothing is taken."""
        ...

    async def take(self, journey: str) -> bool:
        """Be the one who advances this journey, due or not, until ``release``; False: another process is just now.

        Of the owner alone, which ``own`` has made this process; of one that is there.
        """
        ...

    async def next_due(self, now: datetime, busy: Collection[str] = ()) -> datetime | None:
        """When the next journey not in ``busy`` falls due (``now`` or earlier if one is); None: none will.

        One that ``claim`` would give because of a message is due now.
        """
        ...

    async def find(self, query: Query) -> Page:
        """A page of heads, newest first."""
        ...

    async def count(self) -> dict[tuple[str, str, str], int]:
        """How many journeys there are, by (flow, status, state)."""
        ...

    async def history(self, journey: str, after: int = 0) -> list[TransitionRecord]:
        """The transitions of a journey whose ``seq`` is above ``after``, in order."""
        ...

    async def post(self, message: Message) -> None:
        """Keep a message durably for the journey's owner. Raises ``UnknownJourney``."""
        ...

    async def verdict(self, message: str) -> str | None:
        """What became of a message: None while nobody has looked at it."""
        ...

    async def recall(self, message: str) -> bool:
        """Take back a message that nobody has looked at yet; False if it was looked at."""
        ...

    async def meta(self, name: str) -> bytes | None:
        """A named value of the journal as a whole (such as its sealed pepper)."""
        ...

    async def set_meta(self, name: str, value: bytes, *, only_if_absent: bool = False) -> bytes:
        """Store such a value durably and return the one that is stored afterwards."""
        ...

    async def spend(self, budget: bytes, now: datetime, *, most: int, within: timedelta) -> datetime | None:
        """Use a budget once more, durably: None if that is granted, else the time at which it will be.

        Args:
            budget: which one: a digest.
            now: when it is used.
            most: how often it may be used.
            within: the length of time in which it may be used so often.
        """
        ...

    async def give_back(self, budget: bytes, now: datetime) -> None:
        """Undo the use of a budget at that time: it came to nothing."""
        ...

    async def sealed(self, after: str = "", limit: int = 500) -> list[tuple[str, int, bytes]]:
        """(id, revision, sealed data) of up to ``limit`` journeys in order of id, for key rotation."""
        ...

    async def reseal(self, rows: Sequence[tuple[str, int, bytes]]) -> int:
        """Replace sealed data durably where (id, revision) still hold; the number replaced.

        The revision stays: nobody who has the journey loaded loses for it.
        """
        ...

    async def sealed_messages(self, after: str = "", limit: int = 500) -> list[tuple[str, str, bytes]]:
        """(id, journey, sealed payload) of up to ``limit`` unseen messages, in order of id."""
        ...

    async def reseal_messages(self, rows: Sequence[tuple[str, bytes, bytes]]) -> int:
        """Replace payloads, (id, old, new), where the old one still stands unseen; the number replaced."""
        ...

    async def erase(self, head: Head, data: bytes, history: Sequence[TransitionRecord], verdict: str) -> None:
        """Put these in the place of all that is kept of a journey, durably and as one.

        Its idempotency key and the payloads of its messages are gone, and every verdict on them but ``applied`` is
        ``verdict``. What was there may still lie in the files until :meth:`scrub`.

        Raises:
            JournalConflict: the stored revision is not ``head.revision - 1``; nothing was written.
        """
        ...

    async def scrub(self) -> bool:
        """Leave no byte in the files of what was erased; False: who reads just now kept some from being overwritten."""
        ...

    async def orphans(self, limit: int = 1000) -> list[str]:
        """Ids of journeys of which something is kept, but no head."""
        ...

    async def ended(self, before: datetime, after: str = "", limit: int = 200) -> Ended:
        """Journeys that ended before then, and to which nothing was handed in that nobody has looked at.

        In order of id, those above ``after``, up to ``limit`` of them.
        """
        ...

    async def take_in(self, journeys: Sequence[Whole]) -> None:
        """Store journeys of another journal durably, in one transaction.

        Where one of that id is stored, that of the higher revision stays.
        """
        ...

    async def take_out(self, journeys: Sequence[tuple[str, int]]) -> list[str]:
        """Remove journeys, (id, revision), with all that is kept of them, in one transaction; the ids of those removed.

        One stays where the revision does not hold any more, where it has not ended, and where a message to it was not
        looked at. Their idempotency keys stay used.
        """
        ...
