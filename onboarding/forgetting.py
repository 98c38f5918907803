"""Forgetting a person: what is erased of a journey that has ended, and what is left of it.

Erased are the sealed data, what was handed in, every word of a person or a step in the history and in how it ended, and
the idempotency key. What stays says that there was a journey, and how it went: states, triggers, times, endpoints,
result codes. The rows that stay are signed anew in the same commit.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from onboarding.archiving import copies_under_way
from onboarding.audit import examine
from onboarding.engine import Event, Outcome, Rules, Sealer
from onboarding.engine.book import Book
from onboarding.engine.events import tell
from onboarding.engine.messages import refusal
from onboarding.errors import JournalBusy, JournalConflict, JournalDamaged, NotPossible, OnboardingError
from onboarding.journal import Head, Journal, Phase, Query, Status, TransitionRecord

__all__ = ["Forgetting", "Forgotten"]

_FINAL = tuple(status for status in Status if status.is_final)
_BATCH = 100
_TRIES = 5
_MOST = 1000
"""Sentences about journeys that could not be forgotten that are kept."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What came of forgetting many journeys.

    Attributes:
        journeys: how many were forgotten.
        refused: how many could not be.
        reasons: why, a sentence each; the first thousand.
    """

    journeys: int
    refused: int
    reasons: tuple[str, ...]


class Forgetting:
    """Erases persons from a journal.

    Args:
        journal: the durable record.
        sealer: seals what is left, and signs it.
        rules: the time, and who is written into the history.
    """

    def __init__(self, journal: Journal, sealer: Sealer, rules: Rules) -> None:
        self._journal = journal
        self._sealer = sealer
        self._rules = rules

    async def forget(self, journey: str, *, damaged: bool = False) -> bool:
        """Erase the person from a journey; False if that was done before.

        Raises:
            NotPossible: it has not ended.
            JournalDamaged: its history was changed by somebody else, and ``damaged`` does not say: all the same.
            JournalBusy: others kept writing to it.
        """
        for _ in range(_TRIES):
            stored, history = await asyncio.gather(self._journal.load(journey), self._journal.history(journey))
            head = stored.head
            if not head.status.is_final:
                stands = f"{head.status.value} in {head.state!r}"
                raise NotPossible(f"the journey {journey} has not ended (it is {stands}): cancel it first")
            if _is_forgotten(head):
                return False
            if journey in await copies_under_way(self._journal):
                raise NotPossible(
                    f"the journey {journey} is just being archived, or that was broken off: let it come to its end "
                    "(onboarding archive), then forget it where it is"
                )
            wrong = examine(stored, history, self._sealer)
            if (await self._journal.head(journey)).revision != head.revision:
                continue
            if wrong and not damaged:
                raise JournalDamaged(
                    f"{wrong[0].what}; forgetting would cover that up: look into it (onboarding audit), then forget it "
                    "with --damaged"
                )
            detail = f"although its history was not as it was written: {wrong[0].what}" if wrong else None
            try:
                await self._erase(head, history, detail)
            except JournalConflict:
                continue
            return True
        raise JournalBusy(f"the journey {journey} kept being written meanwhile: try again")

    async def forget_ended(self, before: datetime) -> Forgotten:
        """The same with every journey that ended before then, in batches; those that cannot be are passed over."""
        done = refused = 0
        reasons: list[str] = []
        after = None
        while True:
            page = await self._journal.find(Query(status=_FINAL, updated_before=before, after=after, limit=_BATCH))
            ids = [head.id for head in page.heads if not _is_forgotten(head)]
            for outcome in await asyncio.gather(*(self.forget(id_) for id_ in ids), return_exceptions=True):
                if isinstance(outcome, OnboardingError):
                    refused += 1
                    reasons += [str(outcome)][: _MOST - len(reasons)]
                elif isinstance(outcome, BaseException):
                    raise outcome
                else:
                    done += outcome
            if page.next is None:
                return Forgotten(done, refused, tuple(reasons))
            after = page.next

    async def scrub(self) -> None:
        """Leave nothing in the files of what was erased.

        Raises:
            JournalBusy: another program reads the journal, and did not let go in time.
        """
        for _ in range(_TRIES):
            if await self._journal.scrub():
                return
        raise JournalBusy(
            f"what was forgotten is erased from the journal {self._journal.place}, but a program that reads it keeps "
            "old bytes in its -wal file: let it end, then forget the same again"
        )

    async def _erase(self, head: Head, history: list[TransitionRecord], detail: str | None) -> None:
        now = self._rules.clock.now()
        last = TransitionRecord(
            journey=head.id, seq=max([head.seq, *(row.seq for row in history)]) + 1, at=now, trigger="forgotten",
            source=head.state, dest=head.state, worker=self._rules.worker, detail=detail,
        )  # fmt: skip
        book, chain = Book(), self._sealer.chain
        rows = [book.sign(row, chain) for row in (*(replace(row, detail=None) for row in history), last)]
        head = replace(
            head, seq=last.seq, revision=head.revision + 1, updated=now, due=None, phase=Phase.READY,
            note=_without_words(head).to_json(),
        )  # fmt: skip
        data = self._sealer.seal_forgotten(head.id, book)
        await self._journal.erase(head, data, rows, refusal("the journey was forgotten"))
        tell(self._rules.tell, Event(head.flow, head.status, rows[-1]))


def _outcome(head: Head) -> Outcome:
    outcome = Outcome.from_json(head.note or "")
    # A damaged note says nothing; the head beside it does.
    return outcome if outcome.state else Outcome(head.state, ended_well=head.status is Status.DONE)


def _is_forgotten(head: Head) -> bool:
    return head.status.is_final and _outcome(head).forgotten


def _without_words(head: Head) -> Outcome:
    """How it ended, without what a person or a step said. What a final state means is the flow's own sentence."""
    outcome = _outcome(head)
    text = "" if head.status is Status.CANCELLED else outcome.text
    return replace(outcome, text=text, remark=None, forgotten=True)
