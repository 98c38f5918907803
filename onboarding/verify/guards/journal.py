"""The guards of the journal: one owner, the fence, power cuts, permissions, signatures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, delete

from onboarding import keys
from onboarding.errors import JournalDamaged, KeyMismatch
from onboarding.journal import (
    Keyring,
    batch,
    connection,
    create_key_file,
    files,
    load_key_file,
    memory,
    sealing,
    sqlite,
    statements,
    writer,
)
from onboarding.journal.chain import Chain, Link
from onboarding.journal.connection import SqliteSession
from onboarding.journal.schema import NEWEST, VERSIONS, inbox
from onboarding.journal.sqlite import SqliteJournal
from onboarding.journal.watermark import Watermark
from onboarding.journal.writer import Writer
from onboarding.service import opened
from onboarding.verify.guards.patching import in_place_of
from onboarding.verify.mutants import mutant

__all__: list[str] = []


@mutant("owner", "one process advances the journeys", part="owners", case="2-processes")
def _owner() -> Iterator[None]:
    async def everybody(self: SqliteJournal) -> bool:
        del self
        return True

    with in_place_of(SqliteJournal, "own", everybody):
        yield


@mutant("lease", "what was stopped for longer than its lease sends nothing when it goes on", part="owners",
        case="outlived-lease", quick=True, server=True)  # fmt: skip
def _lease() -> Iterator[None]:
    from onboarding.journal.postgres.journal import PostgresJournal  # it needs the extra ``postgres``

    with in_place_of(PostgresJournal, "may_send", lambda *_: True):
        yield


@mutant("lease-margin", "shortly before its lease ends a worker sends nothing any more", part="owners", case="fences",
        server=True)  # fmt: skip
def _lease_margin() -> Iterator[None]:
    from onboarding.journal.postgres import leases

    with in_place_of(leases, "_MARGIN", 0.0):
        yield


@mutant("struck-off", "who is not on the list of workers any more writes nothing", part="owners", case="fences",
        server=True)  # fmt: skip
def _struck_off() -> Iterator[None]:
    from onboarding.journal.postgres.leases import Leases

    with in_place_of(Leases, "_lost", property(lambda _: False)):
        yield


@mutant("reserved-owned", "who is no worker any more stores no journey as one of its own", part="owners", case="fences",
        server=True)  # fmt: skip
def _reserved_owned() -> Iterator[None]:
    from onboarding.journal.postgres.leases import Leases

    with in_place_of(Leases, "_is_off", property(lambda _: False)):
        yield


@mutant("locked-rows", "what is written is locked before it is looked at", part="owners", case="fences", server=True)
def _locked_rows() -> Iterator[None]:
    from onboarding.journal.postgres import batch as postgres_batch

    unlocked = postgres_batch._STORED.replace("FOR NO KEY UPDATE", "")
    with in_place_of(postgres_batch, "_STORED", unlocked):
        yield


@mutant("fence", "a second writer of a journey loses", part="storage", case="word/fenced")
def _fence() -> Iterator[None]:
    revisions = batch._revisions

    def agreeable(link: Any, changes: Any) -> dict[str, int]:
        found = revisions(link, changes)
        return {**found, **{change.head.id: change.follows for change in changes}}

    with in_place_of(batch, "_revisions", agreeable):
        yield


@mutant("fence-in-memory", "a second writer of a journey in memory loses", part="simulation", case="world-1")
def _fence_in_memory() -> Iterator[None]:
    refusal = memory.MemoryJournal._refusal

    def blind(self: memory.MemoryJournal, change: Any) -> Any:
        stored = self._heads[change.head.id]
        return refusal(self, replace(change, replaces=stored.revision))

    with in_place_of(memory.MemoryJournal, "_refusal", blind):
        yield


@mutant("synchronous-full", "a reported commit survives a power cut", part="storage", case="cut/worn/300", quick=True)
def _synchronous_full() -> Iterator[None]:
    lax = tuple(setting.replace("synchronous = FULL", "synchronous = OFF") for setting in connection._SETTINGS)
    with in_place_of(connection, "_SETTINGS", lax):
        yield


@mutant("rollback", "a transaction that failed leaves nothing behind", part="storage", case="word/all-or-nothing")
def _rollback() -> Iterator[None]:
    def believed(self: Writer, jobs: Any) -> None:
        try:
            self._session.write(lambda link: self._apply(link, jobs))
        except Exception:  # noqa: BLE001 - that is the mutant: a failure that nobody hears of
            for job in jobs:
                job.error = None

    with in_place_of(Writer, "_settle", believed):
        yield


@mutant("permissions", "a journal or key file that others can reach is refused", part="storage",
        case="file/open-to-all/0")  # fmt: skip
def _permissions() -> Iterator[None]:
    with (
        in_place_of(files, "_check", lambda *_: None),
        in_place_of(files, "_check_folder", lambda *_: None),
    ):
        yield


@mutant("private-beside", "what lies beside a journal is its owner's alone, too", part="storage",
        case="private/beside")  # fmt: skip
def _private_beside() -> Iterator[None]:
    with in_place_of(connection, "check_beside", lambda _: None), in_place_of(sqlite, "check_beside", lambda _: None):
        yield


@mutant("private-folder", "a journal lies where nobody else can exchange it", part="storage", case="private/folder")
def _private_folder() -> Iterator[None]:
    with in_place_of(files, "_check_folder", lambda *_: None):
        yield


@mutant("private-made", "what is made is made for its owner alone", part="storage", case="private/made")
def _private_made() -> Iterator[None]:
    with in_place_of(files, "_PRIVATE_FILE", 0o644), in_place_of(files, "_check", lambda *_: None):
        yield


@mutant("watermark", "an old copy of a journal is told from the journal", part="storage", case="copy/restored/450")
def _watermark() -> Iterator[None]:
    with in_place_of(Watermark, "why_old", lambda *_: None):
        yield


@mutant("newer-schema", "a journal of a newer version is refused", part="storage", case="file/newer/0")
def _newer_schema() -> Iterator[None]:
    version = SqliteSession._version

    def young(self: SqliteSession, link: Any) -> str | None:
        found = version(self, link)
        return found if found in (None, *VERSIONS) else NEWEST

    with in_place_of(SqliteSession, "_version", young):
        yield


@mutant("signatures", "a history that was changed is told from one that was not", part="storage",
        case="row/history-edited")  # fmt: skip
def _signatures() -> Iterator[None]:
    with in_place_of(Chain, "link", lambda *_: Link.ORDINARY):
        yield


@mutant("write-lock", "one process writes at a time", part="storage", case="word/locked")
def _write_lock() -> Iterator[None]:
    with in_place_of(SqliteSession, "_locked", lambda _, work: work()):
        yield


@mutant("start-key", "a start with a key that was used before starts nothing", part="storage", case="word/started-once")
def _start_key() -> Iterator[None]:
    add = batch.add_journey

    def forgetful(link: Any, head: Any, data: bytes, first: Any, key: bytes | None) -> Any:
        del key
        return add(link, head, data, first, None)

    with in_place_of(sqlite, "add_journey", forgetful):
        yield


@mutant("verdict-once", "a message is decided on once", part="storage", case="word/decided-once")
def _verdict_once() -> Iterator[None]:
    def agreeable(_: Any, changes: Any) -> dict[str, str]:
        return {verdict.message: change.head.id for change in changes for verdict in change.verdicts}

    with in_place_of(batch, "_unseen", agreeable):
        yield


@mutant("reseal-revision", "a change of keys puts no old data in the place of newer ones", part="storage",
        case="word/resealed")  # fmt: skip
def _reseal_revision() -> Iterator[None]:
    reseal = SqliteJournal.reseal

    async def blind(self: SqliteJournal, rows: Any) -> int:
        now = {journey: revision for journey, revision, _ in await self.sealed(limit=10_000)}
        return await reseal(self, [(journey, now[journey], data) for journey, _, data in rows])

    with in_place_of(SqliteJournal, "reseal", blind):
        yield


@mutant("apart", "a write that does not fit fails by itself", part="storage", case="word/all-or-nothing")
def _apart() -> Iterator[None]:
    with in_place_of(writer, "is_of_one_write", lambda _: False):
        yield


@mutant("scrubbed", "of what was erased no byte stays in the file", part="storage", case="word/erased")
def _scrubbed() -> Iterator[None]:
    lax = tuple(setting.replace("secure_delete = ON", "secure_delete = OFF") for setting in connection._SETTINGS)
    with in_place_of(SqliteSession, "scrub", lambda _: True), in_place_of(connection, "_SETTINGS", lax):
        yield


@mutant("forked", "a journal that was open at a fork is not used by the child", part="storage", case="word/forked")
def _forked() -> Iterator[None]:
    with in_place_of(Writer, "abandon", lambda _: None):
        yield


@mutant("foreign-database", "a database that is no journal is not written to", part="storage", case="word/foreign")
def _foreign() -> Iterator[None]:
    version = SqliteSession._version

    def hospitable(self: SqliteSession, link: Any) -> str | None:
        try:
            return version(self, link)
        except JournalDamaged:
            return None

    with in_place_of(SqliteSession, "_version", hospitable):
        yield


@mutant("lost-journal", "an empty file is not taken for a new journal where an old one was", part="storage",
        case="file/emptied/0")  # fmt: skip
def _lost_journal() -> Iterator[None]:
    with in_place_of(Watermark, "lost", None):
        yield


@mutant("other-keys", "a journal is not opened with the keys of another", part="storage", case="file/keys-other/0")
def _other_keys() -> Iterator[None]:
    pepper_of = keys.pepper_of

    async def lenient(journal: Any, keyring: Any) -> bytes:
        try:
            return await pepper_of(journal, keyring)
        except KeyMismatch:
            return bytes(32)

    with in_place_of(opened, "pepper_of", lenient):
        yield


@mutant("new-keys", "a journal whose keys are gone is given no new ones", part="storage", case="file/keys-removed/0")
def _new_keys() -> Iterator[None]:
    async def generous(journal: Any, settings: Any) -> Any:
        path = keys.key_file_of(settings)
        del journal
        return load_key_file(path) if path.exists() else create_key_file(path)

    async def lenient(journal: Any, keyring: Any) -> bytes:
        try:
            return await pepper_of(journal, keyring)
        except KeyMismatch:
            return bytes(32)

    pepper_of = keys.pepper_of
    with in_place_of(opened, "keyring_for", generous), in_place_of(opened, "pepper_of", lenient):
        yield


@mutant("swapped-data", "one journey's data are not taken for another's", part="storage", case="word/swapped")
def _swapped_data() -> Iterator[None]:
    seal, unseal = Keyring.seal, Keyring.unseal

    def anywhere(self: Keyring, blob: bytes, *, journey: str, field: str) -> bytes:
        del journey, field
        return seal(self, blob, journey="", field="")

    def from_anywhere(self: Keyring, blob: bytes, *, journey: str, field: str) -> bytes:
        del journey, field
        return unseal(self, blob, journey="", field="")

    with in_place_of(Keyring, "seal", anywhere), in_place_of(Keyring, "unseal", from_anywhere):
        yield


@mutant("readers-free", "who only reads waits for nobody", part="owners", case="stopped-in-commit", quick=True)
def _readers_free() -> Iterator[None]:
    read = SqliteSession.read

    def queue(self: SqliteSession, work: Any, **how: Any) -> Any:
        return self._locked(lambda: read(self, work, **how))

    with in_place_of(SqliteSession, "read", queue):
        yield


@mutant("signed-apart", "what was written while the data could not be read keeps its place in the history",
        part="storage", case="leave/unread")  # fmt: skip
def _signed_apart() -> Iterator[None]:
    with in_place_of(Chain, "follow", lambda _, __, previous: previous):
        yield


@mutant("budget-kept", "a budget that is used up is one", part="storage", case="word/budgeted")
def _budget_kept() -> Iterator[None]:
    with in_place_of(sqlite, "spend", lambda *_: None):
        yield


@mutant("recall-once", "what was decided on is not taken back", part="storage", case="word/decided-once")
def _recall_once() -> Iterator[None]:
    careless = delete(inbox).where(inbox.c.id == bindparam("message"))
    with in_place_of(statements, "DROP_MESSAGE", careless):
        yield


@mutant("signed-whole", "a row is signed with all that is in it", part="storage", case="word/signed")
def _signed_whole() -> Iterator[None]:
    mac = Chain._mac

    def partly(self: Chain, row: Any, previous: bytes, link: Link) -> bytes:
        return mac(self, replace(row, worker=None), previous, link)

    with in_place_of(Chain, "_mac", partly):
        yield


@mutant("sealed-field", "what was handed in is not taken for a journey's data", part="storage", case="word/swapped")
def _sealed_field() -> Iterator[None]:
    place = sealing._place
    with in_place_of(sealing, "_place", lambda header, journey, _: place(header, journey, "")):
        yield


@mutant("copy-identity", "a copy that was made together with its mark is told from the journal", part="storage",
        case="copy/cloned/450")  # fmt: skip
def _copy_identity() -> Iterator[None]:
    with in_place_of(Watermark, "_identity", lambda _: (0, bytes(16))):
        yield
