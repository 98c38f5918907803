"""The journal as a whole: erasing persons, moving journeys away, checking that all is as it was written."""

from __future__ import annotations

import os
from datetime import timedelta

from onboarding.archiving import Archived, Archiving
from onboarding.audit import Audit, audit
from onboarding.engine import Journey
from onboarding.engine.asked import id_of, moment_before
from onboarding.errors import NotPossible
from onboarding.forgetting import Forgetting, Forgotten
from onboarding.frames import clean_frames
from onboarding.journal import open_journal
from onboarding.service.opened import Opened

__all__ = ["Keeping"]


class Keeping(Opened):
    """The section of ``Onboarding`` that looks after what the journal holds."""

    @clean_frames
    async def forget(self, journey: str, *, damaged: bool = False) -> Journey:
        """Erase the person from a journey that has ended: its data, and every word of a person about it.

        That it was, and how it went, stays: it is listed and shown without its data. A second time changes nothing.

        Args:
            journey: its id.
            damaged: also where its history was changed by somebody else, which the history then says.

        Raises:
            NotPossible: it has not ended.
            JournalDamaged: its history was changed by somebody else.
            JournalBusy: it is erased, but another program keeps old bytes from being overwritten: forget it again.
        """
        await self._forgetting.forget(id_of(journey), damaged=damaged)
        await self._forgetting.scrub()
        return self._view(await self.journal.head(journey))

    @clean_frames
    async def forget_ended(self, older_than: timedelta) -> Forgotten:
        """Erase the person from every journey that ended longer ago; how many, and which could not be.

        Raises:
            JournalBusy: as for ``forget``.
        """
        done = await self._forgetting.forget_ended(moment_before(self._clock.now(), older_than, "older_than"))
        await self._forgetting.scrub()
        return done

    @clean_frames
    async def archive(self, older_than: timedelta, to: str | os.PathLike[str]) -> Archived:
        """Move every journey that ended longer ago into an archive, which is made where there is none.

        An archive is a journal with the same keys, and is read like one. The keys of idempotency stay used here.

        Args:
            older_than: how long ago they ended.
            to: a path, or the URL of a journal.

        Raises:
            NotPossible: ``to`` is no archive of this journal; or archiving to another place was broken off.
            JournalError: it cannot be written; what is moved is moved.
        """
        before = moment_before(self._clock.now(), older_than, "older_than")
        archive = open_journal(to if isinstance(to, str) and "://" in to else f"sqlite:///{os.fspath(to)}")
        if archive.place == self.journal.place:
            raise NotPossible(f"{archive.place} is the journal itself: give another file")
        await archive.open()
        try:
            return await Archiving(self.journal, self._sealer).archive(before, archive)
        finally:
            await archive.close()

    @clean_frames
    async def delete_ended(self, older_than: timedelta) -> Archived:
        """Delete every journey that ended longer ago, with its history. The keys of idempotency stay used.

        Raises:
            JournalBusy: as for ``forget``.
        """
        before = moment_before(self._clock.now(), older_than, "older_than")
        return await Archiving(self.journal, self._sealer).delete(before)

    @clean_frames
    async def audit(self, journey: str | None = None) -> Audit:
        """Whether the histories and sealed data of all journeys, or of one, are as they were written.

        Raises ``UnknownJourney`` where the journal holds nothing of that id.
        """
        return await audit(self.journal, self._sealer, None if journey is None else id_of(journey))

    @property
    def _forgetting(self) -> Forgetting:
        return Forgetting(self.journal, self._sealer, self.engine.rules)
