"""What lies on disk: every byte of a journal's files and every value of its rows, and what was left for a moment."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["bytes_in", "damage", "rows_of", "temporary_files_in"]

_KEYS = ".keys"


def bytes_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a folder; a file of keys is named, because keys may be there and nothing else."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with contextlib.suppress(FileNotFoundError):  # a journal's side files come and go
                yield "the key file" if path.name.endswith(_KEYS) else f"the file {path.name}", path.read_bytes()


def rows_of(file: Path) -> Iterator[tuple[str, bytes | str]]:
    """Every text and every blob of a database: a long one is torn into pages in its file."""
    with contextlib.closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            values = [
                value
                for row in database.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - a name out of the database itself
                for value in row
            ]
            yield f"the table {name}", "\n".join(value for value in values if isinstance(value, str))
            yield f"the table {name}", b"\n".join(value for value in values if isinstance(value, bytes))


def damage(file: Path) -> None:
    """Change the last byte of every sealed journey of a journal."""
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE journey_data SET data = substr(data, 1, length(data) - 1) || x'00'")


@contextlib.contextmanager
def temporary_files_in(folder: Path) -> Iterator[None]:
    """Let this process put its temporary files there."""
    folder.mkdir(parents=True, exist_ok=True)
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before
