"""One SQLite connection: opened with care, brought up to date, its transactions under the kernel lock.

Why a lock of our own beside SQLite's: before SQLite 3.51.3, two connections that write or checkpoint at the
same instant can lose commits when the write-ahead log starts over. Every write transaction (its automatic
checkpoint runs in its commit), every opening and every closing (the last one checkpoints) holds
``<file>.lock``.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout
from sqlalchemy import Connection, Engine, StaticPool, create_engine, event, inspect

from onboarding.errors import JournalBusy, JournalDamaged, JournalError
from onboarding.journal.files import make_file, make_folder
from onboarding.journal.schema import APPLICATION_ID, NEWEST, VERSIONS

__all__ = ["SqliteSession", "kernel_lock"]

T = TypeVar("T")

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

_MIGRATING = threading.Lock()
"""Alembic keeps what it works on in module globals."""


def kernel_lock(path: Path, timeout: float) -> FileLock:
    """A lock that the kernel lets go of when its holder dies; the file stays, empty, for its owner alone."""
    return FileLock(
        path,
        timeout,
        mode=0o600,
        thread_local=False,
        poll_interval=0.002,
        # A file system without locks gets an error, not a marker file that outlives a crash.
        fallback_to_soft=False,
    )


class SqliteSession:
    """A connection to one file; everything but the constructor on one thread."""

    def __init__(self, path: Path, busy_timeout: float) -> None:
        self._path = path
        self._busy_timeout = busy_timeout
        self._lock = kernel_lock(path.with_name(path.name + ".lock"), busy_timeout)
        self._begin = "BEGIN"
        self._connection: Connection | None = None
        # No parameter of a statement in an error or a log line.
        self.engine: Engine = create_engine(
            "sqlite://", creator=self._connect, poolclass=StaticPool, hide_parameters=True
        )
        event.listen(self.engine, "begin", self._begin_transaction)

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self._path)

    def open(self) -> None:
        """Make the file where it is missing, connect, and bring the schema up to date."""
        make_folder(self._path.parent)
        self._locked(self._open)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in a transaction that is durable on return, and undone when it raises."""
        return self._locked(lambda: self._transact("BEGIN IMMEDIATE", work))

    def read(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` on one consistent view. Readers take no lock: they neither write nor checkpoint."""
        return self._transact("BEGIN", work)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is None:
            return
        # Who cannot have the lock is not the last one, whose closing checkpoints: it may go without.
        with suppress(JournalBusy):
            self._locked(self._disconnect)
        self._disconnect()

    def _locked(self, work: Callable[[], T]) -> T:
        try:
            self._lock.acquire()
        except Timeout:
            held = True
        else:
            held = False
        if held:
            raise JournalBusy(
                f"another process kept the journal {self._path} locked for {self._busy_timeout:g} seconds: "
                "stop what is stuck, or try again"
            )
        try:
            return work()
        finally:
            self._lock.release()

    def _transact(self, begin: str, work: Callable[[Connection], T]) -> T:
        connection = self._connection
        if connection is None:
            raise JournalError(f"the journal {self._path} is closed: open it first")
        self._begin = begin
        try:
            with connection.begin():
                return work(connection)
        finally:
            # A commit that failed may have left SQLite's transaction open; the next BEGIN would fail on it.
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            if driver.in_transaction:
                driver.rollback()

    def _connect(self) -> sqlite3.Connection:
        # isolation_level None: this driver begins nothing by itself. A URI with mode=rw never creates a file.
        return sqlite3.connect(
            f"{self._path.as_uri()}?mode=rw", uri=True, timeout=self._busy_timeout, isolation_level=None
        )

    def _begin_transaction(self, connection: Connection) -> None:
        connection.exec_driver_sql(self._begin)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self.engine.dispose()

    def _open(self) -> None:
        make_file(self._path, "journal")
        self._connection = self.engine.connect()
        version = self.read(self._version)
        if version != NEWEST and version not in (None, *VERSIONS):
            raise JournalDamaged(
                f"the journal {self._path} was written by a newer version of this package: update the package"
            )
        driver = self._connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        mode = driver.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise JournalError(f"the journal {self._path} is on a file system without shared memory: use a local disk")
        for setting in _SETTINGS:
            driver.execute(setting)
        if version != NEWEST:
            with _MIGRATING:
                self._transact("BEGIN IMMEDIATE", _migrate)

    def _version(self, connection: Connection) -> str | None:
        tables = inspect(connection).get_table_names()
        if not tables:
            return None
        mark = connection.exec_driver_sql("PRAGMA application_id").scalar()
        if mark != APPLICATION_ID or "alembic_version" not in tables:
            raise JournalDamaged(f"{self._path} is a database, but not a journal: give another path")
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        return None if found is None else str(found)


def _migrate(connection: Connection) -> None:
    # Imported here: it takes longer than all else of an opening, and is needed once in a journal's life.
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    command.upgrade(config, "head")
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
