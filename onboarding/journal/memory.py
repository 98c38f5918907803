"""The journal in memory: for tests and trials. It keeps its promises to one process, and ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from onboarding.errors import JournalConflict, JournalError, UnknownJourney
from onboarding.journal.receipt import Receipt
from onboarding.journal.records import (
    APPLIED,
    Change,
    Ended,
    Head,
    Message,
    MessageKind,
    Page,
    Phase,
    Query,
    Status,
    Stored,
    TransitionRecord,
    Whole,
)
from onboarding.journal.single_owner import SingleOwner

__all__ = ["MemoryJournal"]


class MemoryJournal(SingleOwner):
    """The protocol of ``onboarding.journal.protocol`` on dictionaries.

    What it holds outlives ``close()``, so that a test can open it again like a process that starts over.
    """

    def __init__(self) -> None:
        self._heads: dict[str, Head] = {}
        self._data: dict[str, bytes] = {}
        self._history: dict[str, dict[int, TransitionRecord]] = {}
        self._keys: dict[tuple[str, bytes], str] = {}
        self._archived: dict[tuple[str, bytes], Head] = {}
        self._messages: dict[str, Message] = {}
        self._meta: dict[str, bytes] = {}
        self._uses: dict[bytes, list[datetime]] = {}
        self._is_open = False

    @property
    def place(self) -> str:
        """``memory://``."""
        return "memory://"

    async def open(self) -> None:
        """Be ready."""
        self._is_open = True

    async def close(self) -> None:
        """Refuse everything until it is opened again."""
        self._is_open = False

    async def own(self) -> bool:
        """Nobody else can see it: always."""
        self._check()
        return True

    async def disown(self) -> None:
        """Nothing to do: nobody else can see it."""

    async def is_attended(self) -> bool:
        """Nobody else can see it: if at all, it is this process."""
        return False

    async def create(self, head: Head, data: bytes, first: TransitionRecord, key: bytes | None = None) -> Head:
        """Store a new journey, or find the first one of that flow and key."""
        self._check()
        if key is not None and (head.flow, key) in self._keys:
            return self._heads[self._keys[head.flow, key]]
        if key is not None and (head.flow, key) in self._archived:
            return self._archived[head.flow, key]
        if head.id in self._heads:
            raise JournalError("the journal refused what was handed in: there is a journey of that id")
        self._heads[head.id], self._data[head.id] = head, data
        self._history[head.id] = {first.seq: first}
        if key is not None:
            self._keys[head.flow, key] = head.id
        return head

    def write(self, change: Change) -> Receipt[None]:
        """Apply a change at once; the receipt is already settled."""
        receipt: Receipt[None] = Receipt(asyncio.get_running_loop())
        receipt.settle(None, self._refusal(change))
        return receipt

    async def load(self, journey: str, *, last: bool = False) -> Stored:
        """One journey with its unseen messages."""
        head = await self.head(journey)
        unseen = (message for message in self._messages.values() if message.journey == journey)
        row = self._history[journey].get(head.seq) if last else None
        return Stored(head, self._data[journey], tuple(m for m in unseen if m.verdict is None), row)

    async def set_aside(self, record: TransitionRecord, note: str, verdict: str) -> tuple[Head, TransitionRecord]:
        """Park it: memory is never damaged, but the protocol has it."""
        left = await self.head(record.journey)
        head = replace(left, due=None, seq=left.seq + 1, revision=left.revision + 1, updated=record.at)
        if not left.status.is_final:
            head = replace(head, status=Status.PARKED, note=note)
        record = replace(record, seq=head.seq, source=head.state, dest=head.state)
        self._heads[head.id] = head
        self._history[head.id][record.seq] = record
        for message in [*self._messages.values()]:
            if message.journey == head.id and message.verdict is None and message.kind is not MessageKind.INPUT:
                self._messages[message.id] = replace(message, verdict=verdict, payload=None)
        return head, record

    async def head(self, journey: str) -> Head:
        """The head alone."""
        self._check()
        if journey not in self._heads:
            raise UnknownJourney(f"the journal holds no journey {journey}")
        return self._heads[journey]

    async def claim(self, now: datetime, limit: int, busy: Collection[str] = ()) -> list[str]:
        """What to advance now: longest waiting first, past its time or with a message to be looked at."""
        self._check()
        since = self._called(busy)
        for head in self._heads.values():
            if head.due is not None and head.due <= now and head.id not in busy:
                since[head.id] = min(head.due, since.get(head.id, head.due))
        return sorted(since, key=lambda journey: (since[journey], journey))[:limit]

    async def take(self, journey: str) -> bool:  # noqa: ARG002 - the protocol asks for each
        """Nobody else can see it: always."""
        self._check()
        return True

    async def next_due(self, now: datetime, busy: Collection[str] = ()) -> datetime | None:
        """When ``claim`` will next find something: ``now`` at the latest where a message waits."""
        self._check()
        times = [head.due for head in self._heads.values() if head.due is not None and head.id not in busy]
        return min([*times, now] if self._called(busy) else times, default=None)

    async def find(self, query: Query) -> Page:
        """A page of heads, newest first."""
        self._check()
        heads = [head for _, head in sorted(self._heads.items(), reverse=True) if _fits(head, query)]
        page = tuple(heads[: query.limit])
        return Page(page, page[-1].id if len(heads) > query.limit else None)

    async def count(self) -> dict[tuple[str, str, str], int]:
        """How many journeys there are, by (flow, status, state)."""
        self._check()
        counts: dict[tuple[str, str, str], int] = {}
        for head in self._heads.values():
            kind = (head.flow, head.status.value, head.state)
            counts[kind] = counts.get(kind, 0) + 1
        return counts

    async def history(self, journey: str, after: int = 0) -> list[TransitionRecord]:
        """The transitions of a journey after the number ``after``."""
        self._check()
        return [record for seq, record in sorted(self._history.get(journey, {}).items()) if seq > after]

    async def post(self, message: Message) -> None:
        """Keep a message; the same id a second time changes nothing."""
        await self.head(message.journey)
        self._messages.setdefault(message.id, replace(message, verdict=None))

    async def verdict(self, message: str) -> str | None:
        """What became of a message."""
        self._check()
        found = self._messages.get(message)
        return None if found is None else found.verdict

    async def recall(self, message: str) -> bool:
        """Take back a message that nobody has looked at."""
        self._check()
        if not self._is_unseen(message):
            return False
        del self._messages[message]
        return True

    async def spend(self, budget: bytes, now: datetime, *, most: int, within: timedelta) -> datetime | None:
        """Use a budget once more, or say when that may be."""
        self._check()
        used = self._uses[budget] = [at for at in self._uses.get(budget, []) if at > now - within]
        if len(used) >= most:
            return sorted(used)[-most] + within
        used.append(now)
        return None

    async def give_back(self, budget: bytes, now: datetime) -> None:
        """Undo the use of a budget at that time."""
        self._check()
        with suppress(ValueError):
            self._uses.get(budget, []).remove(now)

    async def meta(self, name: str) -> bytes | None:
        """A value of the journal as a whole."""
        self._check()
        return self._meta.get(name)

    async def set_meta(self, name: str, value: bytes, *, only_if_absent: bool = False) -> bytes:
        """Store such a value; the one stored afterwards."""
        self._check()
        if not only_if_absent:
            self._meta[name] = value
        return self._meta.setdefault(name, value)

    async def sealed(self, after: str = "", limit: int = 500) -> list[tuple[str, int, bytes]]:
        """Sealed data in order of id."""
        self._check()
        ids = sorted(journey for journey in self._data if journey > after)
        return [(journey, self._heads[journey].revision, self._data[journey]) for journey in ids[:limit]]

    async def reseal(self, rows: Sequence[tuple[str, int, bytes]]) -> int:
        """Replace sealed data where the revision still holds."""
        self._check()
        held = [row for row in rows if row[0] in self._heads and self._heads[row[0]].revision == row[1]]
        self._data.update({journey: data for journey, _, data in held})
        return len(held)

    async def sealed_messages(self, after: str = "", limit: int = 500) -> list[tuple[str, str, bytes]]:
        """Sealed payloads that nobody has looked at, in order of id."""
        self._check()
        found = [
            (message.id, message.journey, message.payload)
            for _, message in sorted(self._messages.items())
            if message.id > after and message.verdict is None and message.payload is not None
        ]
        return found[:limit]

    async def reseal_messages(self, rows: Sequence[tuple[str, bytes, bytes]]) -> int:
        """Replace such payloads where the old one still stands."""
        self._check()
        held = [row for row in rows if self._is_unseen(row[0]) and self._messages[row[0]].payload == row[1]]
        for message, _, payload in held:
            self._messages[message] = replace(self._messages[message], payload=payload)
        return len(held)

    async def erase(self, head: Head, data: bytes, history: Sequence[TransitionRecord], verdict: str) -> None:
        """Put these in the place of all that is kept of a journey."""
        self._check()
        stored = self._heads.get(head.id)
        if stored is None or stored.revision != head.revision - 1:
            raise JournalConflict(f"journey {head.id} was changed by another writer first: load it again")
        self._heads[head.id] = replace(head, flow=stored.flow, created=stored.created)
        self._data[head.id] = data
        self._history[head.id] = {record.seq: record for record in history}
        self._keys = {key: journey for key, journey in self._keys.items() if journey != head.id}
        for message in [message for message in self._messages.values() if message.journey == head.id]:
            said = APPLIED if message.verdict == APPLIED else verdict
            self._messages[message.id] = replace(message, payload=None, verdict=said)

    async def scrub(self) -> bool:
        """Nothing to do: there are no files."""
        self._check()
        return True

    async def orphans(self, limit: int = 1000) -> list[str]:
        """None: what is kept here is kept with its head."""
        self._check()
        return [journey for journey in self._history if journey not in self._heads][:limit]

    async def ended(self, before: datetime, after: str = "", limit: int = 200) -> Ended:
        """Journeys that ended before then, whole."""
        self._check()
        keys = {journey: key for (_, key), journey in self._keys.items()}
        ids = [id_ for id_ in sorted(self._heads) if id_ > after and self._is_removable(id_)]
        ids = [id_ for id_ in ids if self._heads[id_].updated < before][:limit]
        journeys = [
            Whole(self._heads[id_], self._data[id_], tuple(await self.history(id_)), keys.get(id_)) for id_ in ids
        ]
        return Ended(tuple(journeys), (), ids[-1] if len(ids) == limit else None)

    async def take_in(self, journeys: Sequence[Whole]) -> None:
        """Store journeys of another journal."""
        self._check()
        for whole in journeys:
            head = whole.head
            if head.id in self._heads and self._heads[head.id].revision >= head.revision:
                continue
            self._heads[head.id], self._data[head.id] = head, whole.data
            self._history[head.id] = {row.seq: row for row in whole.history}
            self._keys = {key: journey for key, journey in self._keys.items() if journey != head.id}
            if whole.key is not None:
                self._keys[head.flow, whole.key] = head.id

    async def take_out(self, journeys: Sequence[tuple[str, int]]) -> list[str]:
        """Remove those that are as they were."""
        self._check()
        ids = [id_ for id_, revision in journeys if id_ in self._heads and self._heads[id_].revision == revision]
        ids = [id_ for id_ in ids if self._is_removable(id_)]
        for key, journey in [*self._keys.items()]:
            if journey in ids:
                del self._keys[key]
                self._archived[key] = replace(
                    self._heads[journey], due=None, note=None, attempt=0, restored=0, phase=Phase.READY
                )
        for id_ in ids:
            del self._heads[id_], self._data[id_], self._history[id_]
        self._messages = {id_: message for id_, message in self._messages.items() if message.journey not in ids}
        return ids

    def _is_removable(self, journey: str) -> bool:
        unseen = (message.journey for message in self._messages.values() if message.verdict is None)
        return self._heads[journey].status.is_final and journey not in unseen

    def _check(self) -> None:
        if not self._is_open:
            raise JournalError("the journal in memory is closed: open it first")

    def _is_unseen(self, message: str) -> bool:
        return message in self._messages and self._messages[message].verdict is None

    def _called(self, busy: Collection[str]) -> dict[str, datetime]:
        since: dict[str, datetime] = {}
        for message in self._messages.values():
            status = self._heads[message.journey].status
            deaf = message.kind is MessageKind.INPUT and status in (Status.WORKING, Status.PARKED)
            if message.verdict is None and not deaf and message.journey not in busy:
                since[message.journey] = min(message.at, since.get(message.journey, message.at))
        return since

    def _refusal(self, change: Change) -> JournalError | None:
        """Apply a change, all of it or nothing; why it was not."""
        if not self._is_open:
            return JournalError("the journal in memory is closed: open it first")
        journey = change.head.id
        stored = self._heads.get(journey)
        if stored is None or stored.revision != change.follows:
            return JournalConflict(f"journey {journey} was changed by another writer first: load it again")
        decided = [verdict.message for verdict in change.verdicts]
        if len(set(decided)) < len(decided) or any(
            not self._is_unseen(message) or self._messages[message].journey != journey for message in decided
        ):
            return JournalConflict(
                f"a message to journey {journey} was taken back or decided on meanwhile: load it again"
            )
        history = self._history[journey]
        numbers = [record.seq for record in change.transitions]
        if len(set(numbers)) < len(numbers) or not history.keys().isdisjoint(numbers):
            return JournalError("the journal refused what was handed in: there is a transition of that number")
        self._heads[journey] = replace(change.head, flow=stored.flow, created=stored.created)
        if change.data is not None:
            self._data[journey] = change.data
        history.update({record.seq: record for record in change.transitions})
        for verdict in change.verdicts:
            message = self._messages[verdict.message]
            self._messages[verdict.message] = replace(message, verdict=verdict.verdict, payload=None)
        return None


def _fits(head: Head, query: Query) -> bool:
    return (
        (query.flow is None or head.flow == query.flow)
        and (query.state is None or head.state == query.state)
        and (not query.status or head.status in query.status)
        and (query.created_before is None or head.created < query.created_before)
        and (query.created_after is None or head.created >= query.created_after)
        and (query.updated_before is None or head.updated < query.updated_before)
        and (not query.restored or (head.restored > 0 and not head.status.is_final))
        and (not query.failures or (head.status in _TRYING and head.attempt > query.failures))
        and (query.after is None or head.id < query.after)
    )


_TRYING = (Status.WORKING, Status.POLLING)
