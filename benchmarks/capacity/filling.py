"""Puts generated rows into a journal's tables, as quickly as its database takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Connection

from benchmarks.capacity.places import Place
from onboarding.journal import statements as sql
from onboarding.journal.connection import SqliteSession
from onboarding.journal.schema import journeys, transitions

__all__ = ["Filler", "Made", "filler"]


@dataclass(frozen=True, slots=True)
class Made:
    """A journey as rows."""

    head: dict[str, Any]
    data: bytes
    history: list[dict[str, Any]]


class Filler(Protocol):
    """Takes journeys."""

    def add(self, made: list[Made]) -> None:
        """Put these there, in a transaction."""
        ...


@contextmanager
def filler(place: Place) -> Iterator[Filler]:
    """What fills the journal there, which has its tables already."""
    with _file(place) if place.is_file else _server(place) as found:
        yield found


@contextmanager
def _file(place: Place) -> Iterator[Filler]:
    session = SqliteSession(place.path, 60)
    with closing(session):
        session.open()
        # The indexes are met in no order: they must fit into memory while it is filled.
        session.read(lambda connection: connection.exec_driver_sql("PRAGMA cache_size = -1000000"))
        yield _File(session)


class _File:
    def __init__(self, session: SqliteSession) -> None:
        self._session = session

    def add(self, made: list[Made]) -> None:
        def insert(connection: Connection) -> None:
            connection.execute(sql.ADD_HEAD, [one.head for one in made])
            connection.execute(sql.ADD_DATA, [{"journey": one.head["id"], "data": one.data} for one in made])
            connection.execute(sql.ADD_TRANSITION, [row for one in made for row in one.history])

        self._session.write(insert)


@contextmanager
def _server(place: Place) -> Iterator[Filler]:
    import psycopg

    with psycopg.connect(place.url, autocommit=True) as connection:
        # Nothing is lost that could not be made again.
        connection.execute("SET synchronous_commit = off")
        yield _Server(connection)
        # What the server does by itself some minutes later: nothing is measured while that goes on.
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


class _Server:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def add(self, made: list[Made]) -> None:
        heads, rows = ([column.name for column in table.c] for table in (journeys, transitions))
        with self._connection.transaction():
            self._copy("journeys", heads, ([one.head[name] for name in heads] for one in made))
            self._copy("journey_data", ["journey", "data"], ([one.head["id"], one.data] for one in made))
            self._copy("transitions", rows, ([row[name] for name in rows] for one in made for row in one.history))

    def _copy(self, table: str, columns: list[str], rows: Iterable[list[Any]]) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        with self._connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
