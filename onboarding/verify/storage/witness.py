"""A journal that remembers what it has promised: to hold it to that afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from onboarding.errors import OnboardingError, UnknownJourney
from onboarding.journal import Change, Head, Journal, Message, Phase, TransitionRecord

__all__ = ["Memory", "Witness", "in_hand"]

in_hand: ContextVar[str | None] = ContextVar("onboarding_verify_in_hand", default=None)
"""The journey that this task has loaded last: whose request it is that leaves."""


class Memory:
    """What all journals on one file have promised, over restarts."""

    def __init__(self) -> None:
        self.heads: dict[str, Head] = {}
        self.handed_in: dict[str, int] = {}
        """The newest revision that a journey was handed in with."""
        self.rows: dict[tuple[str, int], TransitionRecord] = {}
        self.revisions: dict[tuple[str, int], int] = {}
        """Of transitions that were handed in: the revision that came with them."""
        self.posted: set[str] = set()
        self.verdicts: dict[str, str] = {}
        self.meta: dict[str, bytes] = {}

    def acknowledge(self, head: Head, *rows: TransitionRecord) -> None:
        """A write was confirmed."""
        known = self.heads.get(head.id)
        if known is None or known.revision < head.revision:
            self.heads[head.id] = head
        self.rows.update({(row.journey, row.seq): row for row in rows})

    def clear(self) -> None:
        """Forget it all: what follows begins anew."""
        for kept in (self.heads, self.handed_in, self.rows, self.revisions, self.verdicts, self.meta):
            kept.clear()
        self.posted.clear()

    def is_confirmed(self, row: TransitionRecord) -> bool:
        """Whether a transition may be told: the write that it came with, or a later one, is confirmed."""
        revision = self.revisions.get((row.journey, row.seq))
        head = self.heads.get(row.journey)
        return revision is None or (head is not None and head.revision >= revision)

    def may_send(self, journey: str) -> bool:
        """Whether a request of a journey that changes something may leave: all that led to it is confirmed."""
        head = self.heads.get(journey)
        return head is not None and head.revision == self.handed_in.get(journey) and head.phase is not Phase.READY

    async def missing(self, journal: Journal) -> list[str]:
        """What was promised and is not there, a sentence each."""
        faults = []
        for head in self.heads.values():
            try:
                stored = await journal.head(head.id)
            except UnknownJourney:
                faults.append("a journey whose start was confirmed is gone")
                continue
            if stored.revision < head.revision:
                faults.append(
                    f"a confirmed write is gone: revision {stored.revision}, and {head.revision} was confirmed"
                )
            there = {row.seq: row.trigger for row in await journal.history(head.id)}
            rows = [row for (journey, _), row in self.rows.items() if journey == head.id]
            faults += [
                f"the confirmed transition {row.trigger} is gone" for row in rows if there.get(row.seq) != row.trigger
            ]
        unseen = {message.id for head in self.heads.values() for message in await self._unseen(journal, head.id)}
        for message in self.posted - unseen:
            if await journal.verdict(message) is None:
                faults.append("a message that was taken is gone")
        for message, verdict in self.verdicts.items():
            if await journal.verdict(message) != verdict:
                faults.append("a verdict that was told is gone")
        faults += [
            f"the value {name} is gone" for name, value in self.meta.items() if await journal.meta(name) != value
        ]
        return faults

    @staticmethod
    async def _unseen(journal: Journal, journey: str) -> tuple[Message, ...]:
        try:
            return (await journal.load(journey)).messages
        except UnknownJourney:
            return ()


class Witness:
    """A journal like the one inside, whose promises are kept in mind.

    Args:
        journal: the one inside.
        memory: where they are kept.
    """

    def __init__(self, journal: Journal, memory: Memory) -> None:
        self._journal = journal
        self._memory = memory
        self.busy = 0
        """What the journal is at just now."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._journal, name)
        return self._counted(found) if asyncio.iscoroutinefunction(found) else found

    def _counted(self, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def counted(*args: Any, **values: Any) -> Any:
            self.busy += 1
            try:
                return await call(*args, **values)
            finally:
                self.busy -= 1

        return counted

    async def load(self, journey: str, *, last: bool = False) -> Any:
        """Load, and know whose requests this task sends from now on."""
        in_hand.set(journey)
        before = self._memory.handed_in.get(journey)
        stored = await self._counted(self._journal.load)(journey, last=last)
        if self._memory.handed_in.get(journey) == before:  # else somebody wrote meanwhile, who goes by what they wrote
            self._memory.handed_in[journey] = stored.head.revision
        # What can be read was written: at the latest now it counts as confirmed.
        self._memory.acknowledge(stored.head)
        return stored

    async def create(self, head: Head, data: bytes, first: TransitionRecord, key: bytes | None = None) -> Head:
        """A start that returns is durable."""
        stored: Head = await self._counted(self._journal.create)(head, data, first, key)
        # Who stores a journey may go on with it at once, without loading it.
        in_hand.set(stored.id)
        self._memory.handed_in.setdefault(stored.id, stored.revision)
        self._memory.acknowledge(stored, *([first] if stored.id == head.id else []))
        return stored

    async def post(self, message: Message) -> None:
        """A message that was taken is durable."""
        await self._counted(self._journal.post)(message)
        self._memory.posted.add(message.id)

    async def recall(self, message: str) -> bool:
        """Who takes a message back has no promise any more."""
        taken: bool = await self._counted(self._journal.recall)(message)
        if taken:
            self._memory.posted.discard(message)
        return taken

    async def verdict(self, message: str) -> str | None:
        """A verdict that is told is durable."""
        told: str | None = await self._counted(self._journal.verdict)(message)
        if told is not None:
            self._memory.verdicts[message] = told
        return told

    async def set_meta(self, name: str, value: bytes, *, only_if_absent: bool = False) -> bytes:
        """A value that was set is durable."""
        stored: bytes = await self._counted(self._journal.set_meta)(name, value, only_if_absent=only_if_absent)
        self._memory.meta[name] = stored
        return stored

    def write(self, change: Change) -> Awaitable[None]:
        """Hand in a write, and take note of it when it is confirmed."""
        self._memory.handed_in[change.head.id] = change.head.revision
        self._memory.revisions.update({(row.journey, row.seq): change.head.revision for row in change.transitions})
        handed_in = _HandedIn(self._journal.write(change), change, self._memory)
        self.busy += 1
        task = asyncio.ensure_future(handed_in.settled())
        task.add_done_callback(self._settled)
        return handed_in

    def _settled(self, task: asyncio.Future[None]) -> None:
        del task
        self.busy -= 1


class _HandedIn:
    """A write on its way: whoever awaits it, the confirmation is noted first."""

    def __init__(self, receipt: Awaitable[None], change: Change, memory: Memory) -> None:
        self._receipt = receipt
        self._change = change
        self._memory = memory

    def __await__(self) -> Generator[Any, None, None]:
        yield from self._receipt.__await__()
        self._memory.acknowledge(self._change.head, *self._change.transitions)

    async def settled(self) -> None:
        """Wait for the outcome, whether anybody else does or not."""
        with suppress(OnboardingError):
            await self
