"""Where a generated journal is: a file, or a database of a server; and what is asked of it past this package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine

from onboarding.journal import open_journal
from onboarding.journal.protocol import Journal

__all__ = ["Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """A journal with its keys.

    Attributes:
        url: of the journal.
        folder: what belongs to it lies there: its keys, and its file where it is one.
    """

    url: str
    folder: Path

    @classmethod
    def file(cls, path: Path) -> Place:
        """A journal in a file."""
        return cls(f"sqlite:///{path.absolute()}", path.absolute().parent)

    @property
    def is_file(self) -> bool:
        """Whether it is a file; else it is on a PostgreSQL server."""
        return self.url.startswith("sqlite:")

    @property
    def path(self) -> Path:
        """Of the file."""
        return Path(self.url.removeprefix("sqlite:///"))

    @property
    def settings(self) -> dict[str, str]:
        """What a process must be told to work on it."""
        return {"journal": self.url, "key_file": str(self.folder / "keys")}

    @property
    def is_made(self) -> bool:
        """Whether a journal was generated here, to its end."""
        return self._mark.exists()

    def made(self) -> None:
        """Note that."""
        self._mark.touch()

    @property
    def _mark(self) -> Path:
        return self.folder / "made"

    def journal(self) -> Journal:
        """The journal, not opened yet."""
        return open_journal(self.url)

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        """What the database itself says, on a connection of its own."""
        return self._said(question, begin=False)

    def do(self, statement: str) -> None:
        """Change something there."""
        self._said(statement, begin=True)

    def size(self) -> int:
        """Bytes on disk."""
        return (
            self.path.stat().st_size
            if self.is_file
            else int(self.ask("SELECT pg_database_size(current_database())")[0][0])
        )

    def _said(self, statement: str, *, begin: bool) -> list[tuple[Any, ...]]:
        given: dict[str, Any] = {} if self.is_file else {"isolation_level": "AUTOCOMMIT"}
        engine = create_engine(self.url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool, **given)
        with engine.begin() if begin and self.is_file else engine.connect() as connection:
            found = connection.exec_driver_sql(statement)
            rows: Sequence[Any] = found.fetchall() if found.returns_rows else ()
            return [tuple(row) for row in rows]
