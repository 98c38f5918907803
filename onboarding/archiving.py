"""Archiving: journeys that ended long ago are moved, as they are, into a journal of their own, or deleted.

An archive is a journal, sealed with the same keys: it is listed, shown, audited, forgotten in and its keys are changed
like any other. A journey is written there durably before it is taken out here, some hundred at a time, so that it is
here, there or in both, wherever this is broken off; the next run goes on. A worker is not held up for longer than one
such handful takes.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from onboarding.engine import Sealer
from onboarding.errors import JournalBusy, NotPossible, UnknownJourney
from onboarding.journal import Journal, Status, Whole
from onboarding.keys import pepper_of, share_pepper

__all__ = ["Archived", "Archiving", "copies_under_way"]

_BATCH = 200
_TRIES = 5
_UNDER_WAY = "archiving"
_IDENTITY = "archive"


@dataclass(frozen=True, slots=True)
class Archived:
    """What came of archiving or deleting journeys.

    Attributes:
        journeys: how many were taken out of the journal.
        left: how many ended long enough ago and stayed, because they cannot be read or were changed meanwhile.
        where: the archive's place; None: they were deleted.
    """

    journeys: int
    left: int
    where: str | None


class Archiving:
    """Takes journeys that have ended out of a journal.

    Args:
        journal: the journal.
        sealer: its keys and its pepper.
    """

    def __init__(self, journal: Journal, sealer: Sealer) -> None:
        self._journal = journal
        self._sealer = sealer

    async def archive(self, before: datetime, to: Journal) -> Archived:
        """Move the journeys that ended before then into ``to``, a journal that is open.

        Raises:
            NotPossible: it cannot be an archive of this journal; or an earlier run into another one was broken off.
            KeyMismatch: it is sealed with other keys.
        """
        await self._check(to)
        await self._take_back_copies(to)
        done = left = 0
        after = ""
        while True:
            page = await self._journal.ended(before, after, _BATCH)
            left += len(page.unreadable)
            if page.journeys:
                await self._note_copies(to.place, page.journeys)
                await to.take_in(page.journeys)
                gone = await self._journal.take_out([(whole.head.id, whole.head.revision) for whole in page.journeys])
                stayed = {whole.head.id for whole in page.journeys}.difference(gone)
                await self._take_back(to, stayed)
                done, left = done + len(gone), left + len(stayed)
            if page.next is None:
                await self._journal.set_meta(_UNDER_WAY, b"")
                return Archived(done, left, to.place)
            after = page.next

    async def delete(self, before: datetime) -> Archived:
        """Delete the journeys that ended before then, and every byte of them.

        Raises:
            JournalBusy: they are deleted, but another program keeps old bytes from being overwritten.
        """
        done = left = 0
        after: str | None = ""
        while after is not None:
            page = await self._journal.ended(before, after, _BATCH)
            gone = await self._journal.take_out([(whole.head.id, whole.head.revision) for whole in page.journeys])
            done += len(gone)
            left += len(page.journeys) - len(gone) + len(page.unreadable)
            after = page.next
        for _ in range(_TRIES):
            if await self._journal.scrub():
                return Archived(done, left, None)
        raise JournalBusy(
            f"{done} journeys are deleted from the journal {self._journal.place}, but a program that reads it keeps "
            "old bytes in its -wal file: let it end, then delete again"
        )

    async def _check(self, to: Journal) -> None:
        """Refuse what is no archive of this journal, and the journal itself under another name."""
        if any(Status(status).is_final is False and number for (_, status, _), number in (await to.count()).items()):
            raise NotPossible(f"{to.place} holds journeys that have not ended: it is a journal, not an archive")
        await share_pepper(self._journal, to)
        keyring = self._sealer.keyring
        if await pepper_of(to, keyring) != await pepper_of(self._journal, keyring):
            raise NotPossible(f"{to.place} belongs to another journal than {self._journal.place}: give another file")
        identity = await to.set_meta(_IDENTITY, secrets.token_bytes(16))
        if await self._journal.meta(_IDENTITY) == identity:
            raise NotPossible(f"{to.place} is the journal itself: give another file")

    async def _note_copies(self, place: str, journeys: Sequence[Whole]) -> None:
        """Write down which copies are about to be made: until they alone are left, nothing may be forgotten."""
        noted = {"to": place, "journeys": [whole.head.id for whole in journeys]}
        await self._journal.set_meta(_UNDER_WAY, json.dumps(noted).encode())

    async def _take_back_copies(self, to: Journal) -> None:
        """Of a run that was broken off: what is in both is taken out of the archive, and archived anew."""
        place, journeys = await _copies(self._journal)
        if not journeys:
            return
        if place != to.place:
            raise NotPossible(
                f"archiving to {place} was broken off: do it again, to there, before anything is archived elsewhere"
            )
        held = [id_ for id_ in journeys if await _revision(self._journal, id_) is not None]
        await self._take_back(to, held)

    async def _take_back(self, to: Journal, journeys: Sequence[str] | set[str]) -> None:
        """Leave no copy in the archive of what stays in the journal."""
        revisions = await asyncio.gather(*(_revision(to, id_) for id_ in journeys))
        copies = [(id_, at) for id_, at in zip(journeys, revisions, strict=True) if at is not None]
        if copies:
            await to.take_out(copies)


async def copies_under_way(journal: Journal) -> frozenset[str]:
    """Ids of journeys of which an archive may hold a copy although they are in the journal."""
    return frozenset((await _copies(journal))[1])


async def _copies(journal: Journal) -> tuple[str, list[str]]:
    noted = await journal.meta(_UNDER_WAY)
    if not noted:
        return "", []
    kept = json.loads(noted)
    return kept["to"], kept["journeys"]


async def _revision(journal: Journal, journey: str) -> int | None:
    try:
        return (await journal.head(journey)).revision
    except UnknownJourney:
        return None
