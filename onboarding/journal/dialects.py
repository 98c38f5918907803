"""Two functions of SQLite's that the statements use, and what PostgreSQL says instead."""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

__all__ = ["JsonEach", "TypeOf"]


class JsonEach(GenericFunction[Any]):
    """The values of a JSON list, one a row, in the column ``value``."""

    name = "json_each"
    inherit_cache = True


class TypeOf(GenericFunction[str]):
    """``integer`` where the value is a whole number: SQLite keeps anything in any column, PostgreSQL does not."""

    name = "typeof"
    inherit_cache = True


@compiles(JsonEach, "postgresql")
def _json_each(element: JsonEach, compiler: SQLCompiler, **words: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clause_expr.element, **words)} AS json))"


@compiles(TypeOf, "postgresql")
def _type_of(element: TypeOf, compiler: SQLCompiler, **words: Any) -> str:
    kind = f"pg_typeof({compiler.process(element.clause_expr.element, **words)})"
    return f"replace(CAST({kind} AS text), 'bigint', 'integer')"
