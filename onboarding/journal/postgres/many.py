"""A statement on as many rows as there are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, Table, Text

from onboarding.journal.postgres.outbox import Answer, Outbox

__all__ = ["Statement", "kinds", "listed"]

_KINDS = {Text: "text", Integer: "integer", BigInteger: "bigint", LargeBinary: "bytea", Float: "double precision"}


class Statement:
    """Words, the rows as a table ``new`` with these columns, and what stands after that."""

    __slots__ = ("_bytes", "_names", "_text")

    def __init__(self, words: str, columns: Mapping[str, str], after: str = "") -> None:
        self._names = tuple(columns)
        self._bytes = tuple(number for number, kind in enumerate(columns.values()) if kind == "bytea")
        taken = ", ".join(_taken(number, kind, name) for number, (name, kind) in enumerate(columns.items()))
        self._text = (
            f"{words} FROM (SELECT {taken} FROM json_array_elements(%(rows)s::json) AS given (row)) AS new {after}"
        )

    def send(self, outbox: Outbox, rows: Iterable[Mapping[str, Any]]) -> Answer:
        """Have it be done on these."""
        given = []
        for row in rows:
            values = [row[name] for name in self._names]
            for number in self._bytes:
                if (value := values[number]) is not None:
                    values[number] = value.hex()
            given.append(values)
        # Of all ways to hand rows over, the one that costs this process least.
        return outbox.send(self._text, {"rows": json.dumps(given, separators=(",", ":"))})


def _taken(number: int, kind: str, name: str) -> str:
    value = f"row ->> {number}"
    return f"decode({value}, 'hex') AS \"{name}\"" if kind == "bytea" else f'({value})::{kind} AS "{name}"'


def kinds(table: Table, names: Iterable[str]) -> dict[str, str]:
    """What each of these columns of a table holds, as the server names it."""
    return {name: _kind(table.c[name]) for name in names}


def _kind(column: Column[Any]) -> str:
    return _KINDS[type(column.type)]


def listed(names: Iterable[str]) -> str:
    """Columns, as a statement names them."""
    return ", ".join(f'"{name}"' for name in names)
