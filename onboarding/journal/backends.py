"""From a URL to a journal: what ``ONBOARDING_JOURNAL`` may hold."""

from __future__ import annotations

from pathlib import Path

from onboarding.errors import MissingExtra, SettingsError
from onboarding.journal.protocol import Journal

__all__ = ["open_journal", "sqlite_path"]

_SQLITE = "sqlite:///"
_FITS = (
    "ONBOARDING_JOURNAL must be sqlite:///relative/path.db, sqlite:////absolute/path.db, "
    "postgresql://user:password@host:port/database, or memory:// (which forgets everything)"
)


def open_journal(url: str, *, waits: bool = True) -> Journal:
    """The journal that ``url`` names, not yet opened (``await journal.open()``).

    Args:
        url: which.
        waits: whether opening waits for a server that is not there yet.

    Raises:
        SettingsError: no journal is made from such a URL. The message does not repeat it: it may hold a
            password.
    """
    if url == "memory://":
        from onboarding.journal.memory import MemoryJournal

        return MemoryJournal()
    scheme, separator, _ = url.partition("://")
    if separator and scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        try:
            import psycopg  # noqa: F401 - where it is not, nothing of what follows can be loaded
        except ImportError:
            raise MissingExtra("postgres", "a journal in PostgreSQL") from None
        from onboarding.journal.postgres.journal import PostgresJournal

        return PostgresJournal(url, waits=waits)
    path = sqlite_path(url)
    from onboarding.journal.sqlite import SqliteJournal

    return SqliteJournal(path)


def sqlite_path(url: str) -> Path:
    """The path in ``sqlite:///path``: relative with three slashes, absolute with four.

    Raises:
        SettingsError: it is not of that form, or names no file.
    """
    path = url.removeprefix(_SQLITE)
    if path == url or path in ("", ":memory:") or path.endswith("/"):
        raise SettingsError(_FITS)
    if "?" in path:
        raise SettingsError(f"options after a '?' are not taken: {_FITS}")
    return Path(path)
