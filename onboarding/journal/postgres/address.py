"""From a URL to a server: what ``ONBOARDING_JOURNAL`` may say of a journal in PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from onboarding.errors import SettingsError

__all__ = ["Address", "address_of"]

_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")
_FITS = "ONBOARDING_JOURNAL must be postgresql://user:password@host:5432/database"
_LIBPQ = (
    "application_name", "channel_binding", "gssencmode", "host", "hostaddr", "passfile", "port", "require_auth",
    "service", "sslcert", "sslcrl", "sslkey", "sslmode", "sslrootcert", "target_session_attrs",
)  # fmt: skip
"""What is handed on to the client library."""
_LEASE = 10.0
_SHORTEST, _LONGEST = 1.0, 600.0
_WAIT, _LONGEST_WAIT = 30.0, 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the database is, and how it is used."""

    parameters: dict[str, str] = field(repr=False)
    """As the client library takes them, the password among them."""
    place: str
    """The same for people, without the password."""
    listen: bool | None = None
    """Whether the server tells of news; None: it is found out."""
    lease: float = _LEASE
    """Seconds for which a worker is trusted to live without being heard of."""
    wait: float = _WAIT
    """Seconds for which a server that is not there yet is waited for when the journal is opened."""
    lossless: bool = False
    """Whether a standby that takes over has every commit."""


def address_of(url: str) -> Address:
    """The address in a URL.

    Raises:
        SettingsError: it is none. The message does not repeat it: it may hold a password.
    """
    fault: str | None = None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        fault = "its host or port is not well formed"
    if fault is not None:
        raise SettingsError(f"{fault}: {_FITS}")
    database = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in _SCHEMES or not database or "/" in database or parts.fragment:
        raise SettingsError(f"{_FITS} (a '/', '#', '?' or '@' in a password is written %2F, %23, %3F, %40)")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    failover = options.pop("failover", "lossy")
    if failover not in ("lossy", "lossless"):
        raise SettingsError("ONBOARDING_JOURNAL: failover must be lossy or lossless")
    listen = _listen(options.pop("listen", "auto"))
    lease = _seconds("lease", options.pop("lease", str(_LEASE)), _SHORTEST, _LONGEST)
    wait = _seconds("wait", options.pop("wait", str(_WAIT)), 0, _LONGEST_WAIT)
    strange = sorted(options.keys() - set(_LIBPQ))
    if strange:
        known = ", ".join(("failover", "lease", "listen", "wait", *_LIBPQ))
        raise SettingsError(f"ONBOARDING_JOURNAL has an option that is not taken; there are: {known}")
    given = {
        "host": _unquoted(parts.hostname), "port": str(port or ""), "user": _unquoted(parts.username),
        "password": _unquoted(parts.password), "dbname": database,
    }  # fmt: skip
    parameters = {**options, **{name: value for name, value in given.items() if value}}
    if any("\0" in value for value in parameters.values()):
        raise SettingsError(_FITS)
    host = parameters.get("host", "")
    where = f"{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"
    return Address(
        parameters=parameters,
        place=f"postgresql://{where}/{database}",
        listen=listen,
        lease=lease,
        wait=wait,
        lossless=failover == "lossless",
    )


def _unquoted(text: str | None) -> str | None:
    return None if text is None else unquote(text)


def _listen(value: str) -> bool | None:
    if value not in ("on", "off", "auto"):
        raise SettingsError("ONBOARDING_JOURNAL: listen must be on, off or auto")
    return {"on": True, "off": False}.get(value)


def _seconds(name: str, value: str, least: float, most: float) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not least <= seconds <= most:
        raise SettingsError(f"ONBOARDING_JOURNAL: {name} must be from {least:g} to {most:g} seconds")
    return seconds
