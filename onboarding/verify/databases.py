"""Databases of a run's own, on the server of a journal: one a case, a copy of an empty journal, dropped at the end.

To make one and to drop it takes the server longer than most cases last (it writes some megabytes, and a checkpoint). So
the one of a case that has ended is emptied for the next case; two that run at once never share one.

The database that the address names is only connected to. All names begin alike, so that what a run that was killed
has left can be dropped without knowing it.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import SecretStr

from onboarding.errors import JournalError, OnboardingError, SettingsError
from onboarding.journal import Keyring
from onboarding.journal.backends import open_journal
from onboarding.verify.plan import Plan

if TYPE_CHECKING:
    from onboarding.journal.postgres.address import Address

__all__ = ["LEASE", "Databases", "databases_of", "place_of", "swept"]

LEASE = 1.0
"""Seconds after which a process that is not heard of is taken for dead: the shortest that there is."""
_PREFIX = "onboarding_verify"
_EMPTY = "empty"
_PATIENCE = 10.0
"""Seconds for the server to end the sessions of processes that were killed."""
_SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_END_SESSIONS = _SESSIONS.replace("count(*)", "pg_terminate_backend(pid)")
_EMPTYING = """
    DELETE FROM inbox; DELETE FROM transitions; DELETE FROM journey_data; DELETE FROM journeys; DELETE FROM archived;
    DELETE FROM uses; DELETE FROM meta; DELETE FROM workers; DELETE FROM tally_changes"""
"""In one transaction; the tallies last, which count what goes."""


@dataclass(frozen=True, slots=True)
class Databases:
    """The databases of one part of one run.

    Attributes:
        server: the journal's address, as it was given.
        prefix: how their names begin.
        folder: where it is kept which are in use, for all processes of the part.
        key: what seals them.
    """

    server: str = field(repr=False)
    prefix: str
    folder: Path
    key: str = field(default_factory=Keyring.generate_key, repr=False)

    def prepare(self) -> None:
        """Make the one of which the others are copies. It forks nothing, and leaves no connection behind."""
        self._ask(f"CREATE DATABASE \"{self._name(_EMPTY)}\" TEMPLATE template0 ENCODING 'UTF8'")
        asyncio.run(_make_tables(self._url(self._name(_EMPTY))))

    def make(self, case: str) -> None:
        """An empty journal for a case."""
        for number in count():
            place = self.folder / f"database-{number}"
            with suppress(FileExistsError):
                place.with_suffix(".taken").touch(exist_ok=False)
                break
        (self.folder / self._name(case)).symlink_to(place)
        if not place.exists():
            self._ask(f'CREATE DATABASE "{self._of(place)}" TEMPLATE "{self._name(_EMPTY)}"')
            place.touch()

    def empty(self, case: str) -> None:
        """Leave a case's database to the next one, with nothing in it and nobody connected."""
        self.ask_in(case, _END_SESSIONS)
        until = time.monotonic() + _PATIENCE
        while self.ask_in(case, _SESSIONS)[0][0]:
            if time.monotonic() > until:
                return  # it stays as it is, and nobody else's
            time.sleep(0.01)
        self.ask_in(case, _EMPTYING)
        place = (self.folder / self._name(case)).readlink()
        (self.folder / self._name(case)).unlink()
        place.with_suffix(".taken").unlink()

    def drop_all(self) -> None:
        """Away with everything that this part has made."""
        for (name,) in self._ask("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", f"{self.prefix}_"):
            self._ask(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def settings(self, case: str) -> dict[str, Any]:
        """The settings that make up a case's journal."""
        return {"journal": self.url(case), "keys": [SecretStr(self.key)]}

    def url(self, case: str) -> str:
        """The address of a case's journal."""
        return self._url(self._of((self.folder / self._name(case)).readlink()))

    def check(self) -> None:
        """Look whether databases can be made there.

        Raises:
            JournalError: the server cannot be reached, or does not let this user in.
            SettingsError: the user may make none.
        """
        rows = self._ask("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
        if not rows or not rows[0][0]:
            raise SettingsError(
                f"the verifier makes a database for each case, which this user of {self._address.place} may not: "
                "ALTER ROLE ... CREATEDB, or give another user"
            )

    @property
    def _address(self) -> Address:
        from onboarding.journal.postgres.address import address_of

        return address_of(self.server)

    def _name(self, case: str) -> str:
        return f"{self.prefix}_{hashlib.sha256(case.encode()).hexdigest()[:16]}"

    def _of(self, place: Path) -> str:
        return f"{self.prefix}_{place.name.replace('-', '_')}"

    def _url(self, name: str) -> str:
        parts = urlsplit(self.server)
        options = urlencode({**dict(parse_qsl(parts.query, keep_blank_values=True)), "lease": f"{LEASE:g}"})
        return f"{parts.scheme}://{parts.netloc}/{name}?{options}"

    def ask_in(self, case: str, statement: str, *terms: Any) -> list[tuple[Any, ...]]:
        """Do a statement in a case's journal: its rows."""
        return self._ask(statement, *terms, url=self.url(case))

    def copied(self, case: str, table: str) -> bytes:
        """What COPY gives of a table: the bytes that a dump holds, blobs in hexadecimal digits."""
        from onboarding.journal.postgres.address import address_of
        from onboarding.journal.postgres.session import connect

        statement = f'COPY "{table}" TO STDOUT'.encode()
        with connect(address_of(self.url(case))) as connection, connection.cursor().copy(statement) as out:
            return b"".join(map(bytes, out))

    def _ask(self, statement: str, *terms: Any, url: str | None = None) -> list[tuple[Any, ...]]:
        from onboarding.journal.postgres.address import address_of
        from onboarding.journal.postgres.faults import explained
        from onboarding.journal.postgres.session import connect

        fault: JournalError
        try:
            with connect(address_of(url or self.server)) as connection:
                found = connection.execute(statement.encode(), terms or None)
                return found.fetchall() if found.description else []
        except OnboardingError:
            raise
        except Exception as error:  # noqa: BLE001 - told without what it may quote
            fault = explained(error, self._address.place)
        raise fault


async def _make_tables(url: str) -> None:
    journal = open_journal(url)
    await journal.open()
    await journal.close()


def databases_of(plan: Plan) -> Databases | None:
    """Those of a plan whose journal is on a server; None: its journals are files."""
    if plan.journal is None:
        return None
    # A plan's folder is its own; of two machines that share a server, the names tell them apart.
    whose = f"{socket.gethostname()}\0{plan.folder.absolute()}"
    return Databases(plan.journal, f"{_PREFIX}_{hashlib.sha256(whose.encode()).hexdigest()[:12]}", plan.folder)


@contextmanager
def swept(plan: Plan) -> Iterator[None]:
    """Whatever happens within, no database of the plan's is left behind."""
    try:
        yield
    finally:
        databases = databases_of(plan)
        if databases is not None:
            databases.drop_all()


def place_of(journal: str) -> str:
    """An address without its password, once it is sure that databases can be made there.

    Raises:
        SettingsError: it is not the address of a server, or no database can be made there.
        MissingExtra: the extra ``postgres`` is not installed.
        JournalError: the server cannot be reached.
    """
    if not journal.startswith("postgres"):
        raise SettingsError("the verifier takes postgresql://user:password@host:port/database; without, it uses files")
    place = open_journal(journal).place
    Databases(journal, _PREFIX, Path()).check()
    return place
