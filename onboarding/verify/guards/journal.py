"""The guards of the journal: one owner, the fence, power cuts, permissions, signatures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from onboarding.journal import batch, connection, files, memory
from onboarding.journal.chain import Chain, Link
from onboarding.journal.connection import SqliteSession
from onboarding.journal.schema import NEWEST
from onboarding.journal.sqlite import SqliteJournal
from onboarding.journal.watermark import Watermark
from onboarding.journal.writer import Writer
from onboarding.verify.guards.patching import in_place_of
from onboarding.verify.mutants import mutant

__all__: list[str] = []


@mutant("owner", "one process advances the journeys", part="owners")
def _owner() -> Iterator[None]:
    async def everybody(self: SqliteJournal) -> bool:
        del self
        return True

    with in_place_of(SqliteJournal, "own", everybody):
        yield


@mutant("fence", "a second writer of a journey loses", part="simulation")
def _fence() -> Iterator[None]:
    conflict = memory.MemoryJournal._refusal

    def blind(self: memory.MemoryJournal, change: Any) -> Any:
        stored = self._heads[change.head.id]
        return conflict(self, replace(change, replaces=stored.revision))

    revisions = batch._revisions

    def agreeable(link: Any, changes: Any) -> dict[str, int]:
        found = revisions(link, changes)
        return {**found, **{change.head.id: change.follows for change in changes}}

    with in_place_of(memory.MemoryJournal, "_refusal", blind), in_place_of(batch, "_revisions", agreeable):
        yield


@mutant("synchronous-full", "a reported commit survives a power cut", part="storage")
def _synchronous_full() -> Iterator[None]:
    lax = tuple(setting.replace("synchronous = FULL", "synchronous = OFF") for setting in connection._SETTINGS)
    with in_place_of(connection, "_SETTINGS", lax):
        yield


@mutant("rollback", "a transaction that failed leaves nothing behind", part="storage")
def _rollback() -> Iterator[None]:
    def believed(self: Writer, jobs: Any) -> None:
        try:
            self._session.write(lambda link: self._apply(link, jobs))
        except Exception:  # noqa: BLE001 - that is the mutant: a failure that nobody hears of
            for job in jobs:
                job.error = None

    with in_place_of(Writer, "_settle", believed):
        yield


@mutant("permissions", "a journal or key file that others can reach is refused", part="storage")
def _permissions() -> Iterator[None]:
    with (
        in_place_of(files, "_check", lambda *_: None),
        in_place_of(files, "_check_folder", lambda *_: None),
    ):
        yield


@mutant("watermark", "an old copy of a journal is told from the journal", part="storage")
def _watermark() -> Iterator[None]:
    with in_place_of(Watermark, "why_old", lambda *_: None):
        yield


@mutant("newer-schema", "a journal of a newer version is refused", part="storage")
def _newer_schema() -> Iterator[None]:
    with in_place_of(SqliteSession, "_version", lambda *_: NEWEST):
        yield


@mutant("signatures", "a history that was changed is told from one that was not", part="storage")
def _signatures() -> Iterator[None]:
    with in_place_of(Chain, "link", lambda *_: Link.ORDINARY):
        yield


@mutant("write-lock", "one process writes at a time", part="owners")
def _write_lock() -> Iterator[None]:
    with in_place_of(SqliteSession, "_locked", lambda _, work: work()):
        yield
