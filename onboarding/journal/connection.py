"""One SQLite connection: opened with care, brought up to date, its transactions under the kernel lock.

Why a lock of our own beside SQLite's: before SQLite 3.51.3, two connections that write or checkpoint at the
same instant can lose commits when the write-ahead log starts over. Every write transaction (its automatic
checkpoint runs in its commit), every opening and every closing (the last one checkpoints) holds
``<file>.lock``.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, StaticPool, create_engine, inspect

from onboarding.errors import JournalBusy, JournalDamaged, JournalError
from onboarding.journal import statements as sql
from onboarding.journal.files import check_beside, make_file, make_folder
from onboarding.journal.schema import APPLICATION_ID, NEWEST, VERSIONS
from onboarding.journal.turn import Turn
from onboarding.journal.watermark import Watermark
from onboarding.log import log

__all__ = ["MIGRATING", "SqliteSession", "mark_old", "migrate"]

T = TypeVar("T")

_TEXT = partial(str, encoding="utf-8", errors="replace")
"""A damaged text is read as one that fits nowhere: refused, it would keep every other row from being read as well."""
_SETTINGS = (
    # FULL: a reported commit survives a power cut. NORMAL would lose those since the last checkpoint.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # Erased bytes are overwritten, not only forgotten.
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)

_STALE = 'refused: {"why": "the journal was restored or copied since: look first, then ask anew", "retry_at": null}'
"""The verdict on a message of which nobody knows whether it was looked at; in the engine's form."""

MIGRATING = threading.Lock()
"""Alembic keeps what it works on in module globals."""


class SqliteSession:
    """A connection to one file; one thread at a time."""

    def __init__(self, path: Path, busy_timeout: float) -> None:
        self._path = path
        self._busy_timeout = busy_timeout
        self._turn = Turn(path.with_name(path.name + ".lock"))
        self._mark = Watermark(path)
        self._patient = True
        self.synced_in = self._committed_in = 0.0
        """Seconds that the last commit took, the first of a write."""
        self._connection: Connection | None = None
        self._driver: sqlite3.Connection
        # No parameter of a statement in an error or a log line. Transactions are begun and committed here, and not by
        # SQLAlchemy, whose way there and back costs more than most of them.
        self.engine: Engine = create_engine(
            "sqlite://", creator=self._connect, poolclass=StaticPool, hide_parameters=True, isolation_level="AUTOCOMMIT"
        )

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self._path)

    @property
    def is_local(self) -> bool:
        """Yes: a file on this machine."""
        return True

    def be_patient(self, patient: bool) -> None:
        """Whether to wait for other processes, up to ``busy_timeout``."""
        if patient == self._patient or self._connection is None:
            return
        self._patient, timeout = patient, self._busy_timeout if patient else 0
        self._driver.execute(f"PRAGMA busy_timeout = {int(timeout * 1000)}")

    def open(self) -> None:
        """Make the file where it is missing, connect, and bring the schema up to date."""
        make_folder(self._path.parent)
        check_beside(self._path)
        # Where it cannot be made, taking it would look like a lock that another process holds.
        make_file(self._path.with_name(self._path.name + ".lock"), "journal's lock")
        self._locked(self._open)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in a transaction that is durable on return, and undone when it raises."""
        return self._locked(lambda: self._write(work))

    def read(self, work: Callable[[Connection], T], *, at_once: bool = False) -> T:  # noqa: ARG002 - it is anyway
        """Do ``work`` on one consistent view. Readers take no lock: they neither write nor checkpoint."""
        return self._transact("BEGIN", work)

    def scrub(self) -> bool:
        """Leave no byte of what was erased in the file or its log; False: a reader holds on to the log.

        ``secure_delete`` overwrites what is deleted, but not the copies that stay behind in a page whose cells SQLite
        once moved to another (3.40: some in ten thousand): only a file that is written anew holds none of them.
        """
        return self._locked(self._scrub)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is None:
            return
        # Who cannot have the lock is not the last one, whose closing checkpoints: it may go without.
        with suppress(JournalBusy):
            self._locked(self._disconnect)
        self._disconnect()
        self._turn.close()

    def _locked(self, work: Callable[[], T]) -> T:
        if not self._turn.take(self._busy_timeout if self._patient else 0):
            raise JournalBusy(
                f"another process kept the journal {self._path} locked for {self._busy_timeout:g} seconds: "
                "stop what is stuck, or try again"
            )
        try:
            return work()
        finally:
            self._turn.give_back()

    def _write(self, work: Callable[[Connection], T]) -> T:
        commits = 0

        def counted(connection: Connection) -> T:
            nonlocal commits
            done = work(connection)
            self._driver.execute("UPDATE commits SET number = number + 1")
            commits = self._driver.execute("SELECT number FROM commits").fetchone()[0]
            return done

        done = self._transact("BEGIN IMMEDIATE", counted)
        self.synced_in = self._committed_in
        # It is written; a mark that is behind is no harm.
        with suppress(OSError, JournalError):
            self._mark.note(commits)
        return done

    def _transact(self, begin: str, work: Callable[[Connection], T]) -> T:
        connection = self._connection
        if connection is None:
            raise JournalError(f"the journal {self._path} is closed: open it first")
        driver = self._driver
        driver.execute(begin)
        try:
            done = work(connection)
            self._commit(connection)
        finally:
            # Also a commit that failed may have left it open: the next BEGIN would fail on it.
            if driver.in_transaction:
                driver.rollback()
        return done

    def _commit(self, _: Connection) -> None:
        began = time.perf_counter()
        self._driver.execute("COMMIT")
        self._committed_in = time.perf_counter() - began

    def _scrub(self) -> bool:
        driver = self._driver
        # Half of what others wait for the lock that is held meanwhile.
        driver.execute(f"PRAGMA busy_timeout = {int(self._busy_timeout * 500)}")
        driver.execute("VACUUM")
        held, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not held

    def _connect(self) -> sqlite3.Connection:
        # isolation_level None: this driver begins nothing by itself. A URI with mode=rw never creates a file.
        driver = sqlite3.connect(
            f"{self._path.as_uri()}?mode=rw", uri=True, timeout=self._busy_timeout, isolation_level=None,
            check_same_thread=False,  # one at a time: the writer sees to it
        )  # fmt: skip
        driver.text_factory = _TEXT
        return driver

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._mark.close()
            self._patient = True
        self.engine.dispose()

    def _open(self) -> None:
        # Before SQLite sees it: beside an empty file it throws the log away.
        if not self._path.exists() or not self._path.stat().st_size:
            self._begin_anew()
        make_file(self._path, "journal")
        self._connection = self.engine.connect()
        driver = self._connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        self._driver = driver
        # For SQLAlchemy all that follows is one transaction, which it neither begins nor ends in the database: whatever
        # asks it (Alembic does) is told that somebody else commits.
        self._connection.begin()
        version = self.read(self._version)
        if version is None:
            self._begin_anew()
        if version != NEWEST and version not in (None, *VERSIONS):
            raise JournalDamaged(
                f"the journal {self._path} was written by a newer version of this package: update the package"
            )
        mode = driver.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise JournalError(f"the journal {self._path} is on a file system without shared memory: use a local disk")
        for setting in _SETTINGS:
            driver.execute(setting)
        if version != NEWEST:
            with MIGRATING:
                self._transact("BEGIN IMMEDIATE", migrate)
        self._look_at_mark()

    def _begin_anew(self) -> None:
        """Refuse to make a new journal where an old one was."""
        why = self._mark.lost
        if why is not None:
            raise JournalDamaged(f"the journal {self._path} {why}")

    def _look_at_mark(self) -> None:
        """Whether this is the journal as it was left; what lives in an old copy of it is marked, for the engine."""
        commits = self.read(_commits)
        why = self._mark.why_old(commits)
        if why is not None:
            live = self._transact("BEGIN IMMEDIATE", lambda connection: mark_old(connection, commits + 1))
            log.warning(
                "the journal {}: {}; its live journeys ({}) send nothing until it is known what has happened since",
                self._path, why, live,
            )  # fmt: skip
        if why is not None or not self._mark.is_there:
            self._mark.make(commits)

    def _version(self, connection: Connection) -> str | None:
        tables = inspect(connection).get_table_names()
        if not tables:
            return None
        mark = connection.exec_driver_sql("PRAGMA application_id").scalar()
        if mark != APPLICATION_ID or "alembic_version" not in tables:
            raise JournalDamaged(f"{self._path} is a database, but not a journal: give another path")
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return None if found is None else str(found)


def _commits(connection: Connection) -> int:
    return int(connection.exec_driver_sql("SELECT number FROM commits").scalar_one())


def mark_old(connection: Connection, time: int) -> int:
    """Mark what lives in a journal that was restored, and refuse what was handed in before; how many live."""
    connection.execute(sql.STALE, {"the_verdict": _STALE})
    return connection.execute(sql.RESTORED, {"the_time": time}).rowcount


def migrate(connection: Connection, version: str = NEWEST) -> None:
    """Bring the schema up to a version, within a transaction that somebody else begins and commits."""
    # Imported here: it takes longer than all else of an opening, and is needed once in a journal's life.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    command.upgrade(config, version)
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
