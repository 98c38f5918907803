"""A statement compiled once: what is run every time is its text and plain tuples.

SQLAlchemy's own way with a list of rows looks at every value of every row, which costs five times what the database
takes for it, and is most of what a transition costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql import ClauseElement

__all__ = ["Prepared"]


class Prepared:
    """A statement whose values are what the driver takes as they are: text, bytes, numbers, None.

    Args:
        statement: in SQLAlchemy Core.
    """

    __slots__ = ("_forms", "_statement")

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._forms: dict[str, _Form] = {}

    def each(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run it for every row, in order; a row holds every open parameter by its name."""
        form = self._forms.get(connection.dialect.name) or self._compile(connection.dialect)
        if form.fixed:
            rows = [{**form.fixed, **row} for row in rows]
        if form.order is None:
            connection.exec_driver_sql(form.text, [dict(row) for row in rows])
        else:
            _driver(connection).executemany(form.text, [tuple([row[name] for name in form.order]) for row in rows])

    def rows(self, connection: Connection, terms: Mapping[str, Any]) -> Sequence[Any]:
        """Run it once, and give all that it finds."""
        form = self._forms.get(connection.dialect.name) or self._compile(connection.dialect)
        terms = {**form.fixed, **terms}
        if form.order is None:
            return connection.exec_driver_sql(form.text, terms).fetchall()
        found: Sequence[Any] = (
            _driver(connection).execute(form.text, tuple([terms[name] for name in form.order])).fetchall()
        )
        return found

    def _compile(self, dialect: Dialect) -> _Form:
        compiled: Any = self._statement.compile(dialect=dialect)
        fixed = {compiled.bind_names[bind]: bind.value for bind in compiled.binds.values() if not bind.required}
        order = None if compiled.positiontup is None else tuple(compiled.positiontup)
        form = self._forms[dialect.name] = _Form(str(compiled), order, fixed)
        return form


def _driver(connection: Connection) -> Any:
    """SQLite's own connection: to go through SQLAlchemy's takes longer than a statement of one row."""
    return connection.connection.driver_connection


@dataclass(frozen=True, slots=True)
class _Form:
    """A statement in one dialect: its text, the order of its parameters if they have no names, those already given."""

    text: str
    order: tuple[str, ...] | None
    fixed: Mapping[str, Any]
