"""What an error of PostgreSQL means, in one sentence without SQL, values or rows."""

from __future__ import annotations

import psycopg

from onboarding.errors import JournalBusy, JournalDamaged, JournalError

__all__ = ["explained", "is_crowded", "is_lost", "is_not_there", "is_of_the_values", "may_be_done_again"]

_GONE = "the server of the journal {place} cannot be reached: start it, or look at the address and the network"
_BUSY = "the journal {place} was kept busy by another program, which did not let go in time"
_CROWDED = "53300"
_UNSAFE = "TLS"
"""In the place of a code, for what only this side has found fault with."""
_BY_CLASS: dict[str, tuple[type[JournalError], str]] = {
    "08": (JournalError, _GONE),
    "28": (JournalError, "the server of the journal {place} refuses this user or this password"),
    "XX": (JournalDamaged, "the server of the journal {place} reports an error within: look into its log"),
}
_BY_CODE: dict[str, tuple[type[JournalError], str]] = {
    "25006": (JournalError, "the server of the journal {place} only lets read: give the primary's address"),
    "3D000": (JournalError, "there is no database for the journal {place} on its server: make it with createdb"),
    "40001": (JournalBusy, _BUSY),
    "40P01": (JournalBusy, _BUSY),
    "42501": (JournalError, "this user may not use the tables of the journal {place}: see docs/guides/postgres.md"),
    "42P01": (JournalDamaged, "the journal {place} has lost a table: restore it from a backup"),
    "53100": (JournalError, "the journal {place} was not written: the server's disk is full; free some space"),
    _CROWDED: (JournalBusy, "the server of the journal {place} has no connection left: allow more, or use a pooler"),
    "55P03": (JournalBusy, _BUSY),
    _UNSAFE: (
        JournalError, "the server of the journal {place} does not speak TLS as the address asks: look at sslmode there",
    ),
    "57014": (JournalBusy, _BUSY),
    "57P01": (JournalError, _GONE),
    "57P02": (JournalError, _GONE),
    "57P03": (JournalError, _GONE),
    "57P05": (JournalError, _GONE),
}  # fmt: skip
_AGAIN = frozenset({"40001", "40P01"})
_LOST = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03"})
_KEY = "journeys_flow_key"
"""The index that holds idempotency keys apart: who comes second finds the first one when it looks again."""


def explained(origin: BaseException, place: str) -> JournalError:
    """The error to raise for one of the driver's."""
    code = getattr(origin, "sqlstate", None)
    if code is None and isinstance(origin, psycopg.OperationalError):
        code = _unstated(origin)
    if code is not None:
        kind, sentence = _BY_CODE.get(code) or _BY_CLASS.get(code[:2]) or (JournalError, "")
        if sentence:
            return kind(sentence.format(place=place))
    return JournalError(f"the journal {place} refused what was handed in ({type(origin).__name__})")


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone: nothing on it can succeed any more."""
    code = getattr(error, "sqlstate", None)
    if code is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return code[:2] == "08" or code in _LOST


def is_not_there(error: BaseException) -> bool:
    """Whether a connection could not be made for a reason that may pass by itself."""
    if getattr(error, "sqlstate", None) is None and isinstance(error, psycopg.OperationalError):
        return _unstated(error) in ("08006", _CROWDED)
    return is_lost(error) or is_crowded(error)


def is_crowded(error: BaseException) -> bool:
    """Whether the server has no connection left."""
    code = getattr(error, "sqlstate", None)
    if code is None and isinstance(error, psycopg.OperationalError):
        code = _unstated(error)
    return code == _CROWDED


def may_be_done_again(error: BaseException) -> bool:
    """Whether the server broke a transaction off in favour of another one: done again, it may succeed."""
    if getattr(error, "sqlstate", None) == "23505":
        assert isinstance(error, psycopg.Error)
        return error.diag.constraint_name == _KEY
    return getattr(error, "sqlstate", None) in _AGAIN


def is_of_the_values(error: BaseException) -> bool:
    """Whether it is about the values of one write: out of range, there already, nothing that text can be."""
    code = getattr(error, "sqlstate", None)
    if code is None:
        return isinstance(error, psycopg.DataError | psycopg.ProgrammingError)
    return code[:2] in ("22", "23")


def _unstated(error: psycopg.OperationalError) -> str:
    """The code of a refusal that came before there was a connection: the client library has words for it only."""
    said = str(error)
    if "SSL was required" in said or "certificate" in said:
        return _UNSAFE
    if "does not exist" in said:
        return "28000" if 'role "' in said else "3D000"
    if "authentication" in said or "no password supplied" in said or "pg_hba" in said:
        return "28000"
    if "too many clients" in said or "remaining connection slots" in said:
        return _CROWDED
    return "08006"
