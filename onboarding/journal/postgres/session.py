"""One connection to PostgreSQL: its transactions, and what happens when it is lost.

A transaction that the server broke off, or that was lost with its connection before it was committed, is done again,
for a while. One that was lost while it was committed may have been committed: its number is asked for on the next
connection, so that nobody is told that something failed which is there; ``identity`` knows when that proves nothing.

Nothing outlives a transaction but the connection itself, so that a pooler may give each to another server process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from onboarding.errors import JournalDamaged, JournalError
from onboarding.journal.connection import MIGRATING
from onboarding.journal.postgres.address import Address
from onboarding.journal.postgres.arrival import Arrival
from onboarding.journal.postgres.faults import explained, is_lost, may_be_done_again
from onboarding.journal.postgres.guard import Guard
from onboarding.journal.postgres.identity import Identity
from onboarding.journal.postgres.migrations import NEWEST, VERSION_TABLE, VERSIONS
from onboarding.journal.postgres.outbox import Outbox, flush, outbox_of
from onboarding.log import log

__all__ = ["CHANNEL", "PostgresSession", "connect"]

T = TypeVar("T")

CHANNEL = "onboarding"
"""Where the server tells of news: an empty word where there may be work, else a journey's id."""
_PATIENCE = 10.0
"""Seconds for which a lost server is waited for before those who wait for it are told."""
_UNSEEN = 1.0
"""Seconds after which it is asked again what server is behind a pooler: it changes without a word."""
_CONNECT = "5"
_STATEMENT, _LOCK, _IDLE = 30_000, 10_000, 10_000
"""Milliseconds for a statement, for a lock, and for a process that says nothing while it holds some."""
_LIMITS = (
    f"SET {{}}statement_timeout = {_STATEMENT}; SET {{}}lock_timeout = {_LOCK}; "
    f"SET {{}}idle_in_transaction_session_timeout = {_IDLE}"
)
_MIGRATION_LOCK = 0x6F6E6264
_COMMIT = "COMMIT"
_READ, _WRITE = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "BEGIN"


def connect(address: Address, name: str = "onboarding") -> psycopg.Connection[Any]:
    """A new connection, on which every statement is a transaction of its own unless one is begun.

    Args:
        address: of the server.
        name: whose it is, as the server shows it.
    """
    given: dict[str, Any] = {
        "application_name": name, "connect_timeout": _CONNECT, "client_encoding": "utf8",
        "keepalives_idle": "5", "keepalives_interval": "2", "keepalives_count": "3", "tcp_user_timeout": "10000",
        **address.parameters,
    }  # fmt: skip
    return psycopg.connect(**given, autocommit=True, prepare_threshold=None)


class PostgresSession:
    """A connection to one database; everything but the constructor on one thread."""

    def __init__(self, address: Address, guard: Guard) -> None:
        self._address = address
        self._guard = guard
        self._connection: Connection | None = None
        self.arrival = Arrival(address)
        self._begin = _READ
        self._outbox: Outbox | None = None
        """Of the last transaction."""
        self._prelude: list[str] = []
        self.identity = Identity(address.lossless)
        self._is_open = False
        self._recognised = 0.0
        """When it was last looked whether this is the journal as it was left."""
        self.pooled = False
        """Whether a pooler stands between us and the server."""
        # No parameter of a statement in an error or a log line; nothing is begun but by ourselves.
        self._engine = create_engine(
            "postgresql+psycopg://", creator=self._connect, poolclass=NullPool, hide_parameters=True,
            isolation_level="AUTOCOMMIT", use_native_hstore=False,
        )  # fmt: skip
        event.listen(self._engine, "begin", self._begin_transaction)
        event.listen(self._engine, "before_cursor_execute", flush)

    @property
    def place(self) -> str:
        """The address without its password."""
        return self._address.place

    @property
    def is_local(self) -> bool:
        """No: it waits for a server."""
        return False

    @property
    def synced_in(self) -> float:
        """Unknown: nobody waits for it on an event loop."""
        return 0.0

    def be_patient(self, patient: bool) -> None:
        """It waits for a server whatever is said."""

    def open(self) -> None:
        """Connect, and bring the tables up to date."""
        self.arrival.wait_for(self._connected)
        self._recognise()
        self._is_open = True

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do ``work`` in a transaction that is durable on return, and undone when it raises."""
        numbers: list[int] = []

        def guarded(connection: Connection) -> T:
            number = self._guard.begun(connection)
            done = work(connection)
            # Known before the commit is on its way: it is what to ask for where that is lost.
            numbers[:] = [number()]
            self._guard.ending(connection)
            return done

        done = self._until_done(_WRITE, guarded, numbers)
        if self._outbox is not None and self._outbox.has_written:
            self.identity.saw(numbers[0])
        self._guard.committed()
        return done

    def read(self, work: Callable[[Connection], T], *, at_once: bool = False) -> T:
        """Do ``work`` on one consistent view; ``at_once``: it waits for the server once."""

        def ending(connection: Connection) -> T:
            outbox_of(connection).last = _COMMIT
            return work(connection)

        return self._until_done(_READ, ending if at_once else work, [])

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()
        self._engine.dispose()

    # Doing it again

    def _until_done(self, begin: str, work: Callable[[Connection], T], numbers: list[int]) -> T:
        until, pause = time.monotonic() + _PATIENCE, 0.05
        while True:
            numbers.clear()
            try:
                self._connected()
                done, fault = self._attempt(begin, work)
            except Exception as error:
                origin = error.orig if isinstance(error, DBAPIError) else error
                again = origin is not None and (is_lost(origin) or may_be_done_again(origin))
                if not again or time.monotonic() > until:
                    raise
            else:
                if fault is None or self._was_committed(numbers, fault, until):
                    return done
            time.sleep(pause)
            pause = min(pause * 2, 1.0)

    def _attempt(self, begin: str, work: Callable[[Connection], T]) -> tuple[T, BaseException | None]:
        """Do a transaction: what it gave, and why it is not known whether it was committed."""
        connection = self._connection
        assert connection is not None, "connected before"
        self._begin = begin
        fault: BaseException | None = None
        try:
            transaction = connection.begin()
            try:
                with _loss_told_as_one():
                    done = work(connection)
                    outbox_of(connection).check()
            except BaseException:
                with suppress(Exception):
                    transaction.rollback()
                raise
            try:
                with _loss_told_as_one():
                    self._commit(connection)
                    transaction.commit()
            except Exception as error:
                origin = error.orig if isinstance(error, DBAPIError) else error
                if begin == _READ or origin is None or not is_lost(origin):
                    with suppress(Exception):
                        transaction.rollback()
                    raise
                fault = origin
            return done, fault
        finally:
            driver = _driver(connection)
            if fault is not None or driver is None or driver.closed or driver.broken:
                self._drop()

    def _was_committed(self, numbers: list[int], fault: BaseException, until: float) -> bool:
        """Whether a transaction whose connection was lost while it was committed is there."""
        before, known = self.identity.facts, None
        while known is None and numbers:
            try:
                self._connected()
                can_be_told, known = self.identity.is_kept(before, numbers[0], lambda: self._status(numbers[0]))
                if not can_be_told:
                    break
            except (DBAPIError, psycopg.Error) as error:
                origin = error.orig if isinstance(error, DBAPIError) else error
                if origin is None or not is_lost(origin):
                    break
            if known is None:
                if time.monotonic() > until:
                    break
                time.sleep(0.1)
        if known is None:
            raise JournalError(
                f"{explained(fault, self.place)}; whether what was just handed in is written is not known"
            )
        return known

    def _status(self, number: int) -> bool | None:
        """Whether the transaction of a number was committed; None: it is still under way."""
        asked = f"SELECT pg_xact_status('{number:d}'::xid8)"
        said = self._attempt(_READ, lambda connection: connection.exec_driver_sql(asked).scalar())[0]
        return {"committed": True, "aborted": False}.get(str(said))

    # The connection

    def _connected(self) -> None:
        behind = self.pooled and time.monotonic() - self._recognised > _UNSEEN
        if self._connection is None:
            self._connection = self._engine.connect()
        elif behind and self._is_open:
            driver = _driver(self._connection)
            assert driver is not None, "connected before"
            self.identity.look_at(driver)
        else:
            return
        if self._is_open:
            try:
                self._recognise()
            except BaseException:
                self._drop()
                raise

    def _recognise(self) -> None:
        """Bring the tables up to date, and look whether this is the journal as it was left."""
        if not self._attempt(_READ, self._is_ready)[0]:
            old, fault = self._attempt(_WRITE, self._make_ready)
            if fault is not None:
                raise fault
            if old is not None and old[1]:
                log.warning(
                    "the journal {}: {}; its live journeys ({}) send nothing until it is known what has happened since",
                    self.place, *old,
                )  # fmt: skip
        self._recognised = time.monotonic()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.invalidate()
                connection.close()

    def _connect(self) -> psycopg.Connection[Any]:
        connection = connect(self._address, self._guard.session)
        try:
            self._look_at(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _look_at(self, connection: psycopg.Connection[Any]) -> None:
        """What server this is, and what stands before it."""
        found = connection.execute(
            "SELECT pg_backend_pid(), current_setting('server_encoding'), current_setting('synchronous_commit'), "
            "current_setting('fsync')"
        ).fetchone()
        assert found is not None, "it is asked for one row"
        pid, encoding, synchronous, fsync = found
        if encoding != "UTF8":
            raise JournalError(
                f"the database of the journal {self.place} is not in UTF-8: make one with createdb -E UTF8"
            )
        # A pooler invents the number that it tells: each transaction may be another process of the server's.
        self.pooled = pid != connection.info.backend_pid
        prelude = [] if synchronous != "off" else ["SET LOCAL synchronous_commit = on"]
        if self.pooled:
            prelude.append(_LIMITS.replace("{}", "LOCAL "))
        else:
            connection.execute(_LIMITS.replace("{}", ""))
            connection.prepare_threshold = 5
        self._prelude = prelude
        if fsync != "on":
            log.warning(
                "the server of the journal {} runs without fsync: a power cut loses what it confirmed", self.place
            )
        self.identity.look_at(connection)

    def _begin_transaction(self, connection: Connection) -> None:
        driver = _driver(connection)
        assert driver is not None, "connected before"
        self._outbox = outbox = Outbox(driver, not self.pooled)
        outbox.put(connection)
        opening = [self._begin, *self._prelude]
        for words in ["; ".join(opening)] if self.pooled else opening:
            outbox.send(words)

    def _commit(self, connection: Connection) -> None:
        outbox = outbox_of(connection)
        if not outbox.is_over:
            outbox.send(_COMMIT)
            outbox.flush()

    # The tables

    def _version(self, connection: Connection) -> str | None:
        # From the table of tables: `to_regclass` may answer as it was before another process, which had the lock.
        names = connection.exec_driver_sql(
            "SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = current_schema()::regnamespace "
            f"AND relname IN ('{VERSION_TABLE}', 'journeys')"
        ).scalars()
        there = set(names)
        if VERSION_TABLE not in there:
            if there:
                raise JournalDamaged(
                    f"the database of the journal {self.place} has other tables of these names: give it one of its own"
                )
            return None
        found = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()
        if found is not None and found not in VERSIONS:
            raise JournalDamaged(
                f"the journal {self.place} was written by a newer version of this package: update the package"
            )
        return None if found is None else str(found)

    def _is_ready(self, connection: Connection) -> bool:
        return self._version(connection) == NEWEST and self.identity.is_known(connection)

    def _make_ready(self, connection: Connection) -> tuple[str, int] | None:
        """Make what is missing; where the journal is old, why, and how many live in it."""
        self.identity.be_patient(connection)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        if self._version(connection) != NEWEST:  # else another process was first
            self._migrate(connection)
        return self.identity.note(connection)

    def _migrate(self, connection: Connection) -> None:
        # Imported here: it takes longer than all else of an opening, and is needed once in a journal's life.
        from alembic import command
        from alembic.config import Config

        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        with MIGRATING:
            command.upgrade(config, NEWEST)


@contextmanager
def _loss_told_as_one() -> Iterator[None]:
    """SQLAlchemy has a word of its own for all that is asked of a connection after it was found to be gone."""
    try:
        yield
    except PendingRollbackError:
        raise psycopg.OperationalError("the connection was lost before") from None


def _driver(connection: Connection) -> psycopg.Connection[Any] | None:
    if connection.closed or connection.invalidated:
        return None
    driver = connection.connection.driver_connection
    assert driver is None or isinstance(driver, psycopg.Connection)
    return driver
