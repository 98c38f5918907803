"""What a database error means, in one sentence without SQL, values or rows."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from onboarding.errors import JournalBusy, JournalDamaged, JournalError, OnboardingError

__all__ = ["explain", "is_of_one_write"]

_PRIMARY = 0xFF
"""An extended SQLite result code keeps the primary one in its low byte."""

_BUSY = "another program holds the journal {place} and did not let go in time"
_UNUSABLE = "the journal {place} cannot be opened for writing: check its folder and permissions"
_MEANINGS: dict[int, tuple[type[JournalError], str]] = {
    sqlite3.SQLITE_BUSY: (JournalBusy, _BUSY),
    sqlite3.SQLITE_LOCKED: (JournalBusy, _BUSY),
    sqlite3.SQLITE_FULL: (
        JournalError,
        "the journal {place} was not written: the disk is full; free some space",
    ),
    sqlite3.SQLITE_IOERR: (
        JournalError,
        "the journal {place} was not read or written: the disk reported an error",
    ),
    sqlite3.SQLITE_READONLY: (JournalError, _UNUSABLE),
    sqlite3.SQLITE_PERM: (JournalError, _UNUSABLE),
    sqlite3.SQLITE_CANTOPEN: (JournalError, _UNUSABLE),
    sqlite3.SQLITE_NOTADB: (
        JournalDamaged,
        "{place} is not a journal: give another path; the file was left as it is",
    ),
    sqlite3.SQLITE_CORRUPT: (
        JournalDamaged,
        "the journal {place} is damaged: restore it from a backup; the file was left as it is",
    ),
}


def explain(error: Exception, place: str) -> OnboardingError:
    """The error to raise for ``error``, which stays behind: it may quote what must not be quoted."""
    if isinstance(error, OnboardingError):
        return error
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, OSError):
        return JournalError(f"the journal {place} cannot be used: {origin.strerror or type(origin).__name__}")
    if origin is not None and hasattr(origin, "sqlstate"):
        from onboarding.journal.postgres.faults import explained

        return explained(origin, place)
    code = getattr(origin, "sqlite_errorcode", None)
    if code is not None and code & _PRIMARY in _MEANINGS:
        kind, sentence = _MEANINGS[code & _PRIMARY]
        return kind(sentence.format(place=place))
    name = getattr(origin, "sqlite_errorname", type(origin).__name__)
    return JournalError(f"the journal {place} refused what was handed in ({name})")


def is_of_one_write(error: Exception) -> bool:
    """Whether a batch may have failed because of what one write in it holds: then each is tried by itself."""
    if isinstance(error, OnboardingError | OSError):
        return False
    origin = error.orig if isinstance(error, DBAPIError) else error
    if origin is not None and hasattr(origin, "sqlstate"):
        from onboarding.journal.postgres.faults import is_of_the_values

        return is_of_the_values(origin)
    return not isinstance(origin, sqlite3.DatabaseError) or isinstance(
        origin, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.ProgrammingError
    )
