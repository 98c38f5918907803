"""Which HTTP library is used: ``httpx2`` where it is installed, else ``httpx``; both have one interface."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any

from onboarding.errors import SettingsError

if TYPE_CHECKING:
    import ssl
    from types import ModuleType

__all__ = ["library_of", "make_client", "preferred_library"]

_LIBRARIES = ("httpx2", "httpx")

# Idle connections are dropped before a server would: a request on a connection that the server is closing at
# that moment is in doubt for nothing. The shortest keep-alive of common servers is 5 s.
_KEEP_ALIVE = 3.0


def preferred_library() -> ModuleType:
    """``httpx2`` where it is installed, else ``httpx``."""
    try:
        return importlib.import_module("httpx2")
    except ImportError:
        return importlib.import_module("httpx")


def library_of(client: object) -> ModuleType:
    """The library whose ``AsyncClient`` a handed-in client is: its errors are those to expect.

    Raises:
        SettingsError: it is no ``AsyncClient`` of either.
    """
    for cls in type(client).__mro__:
        library = cls.__module__.partition(".")[0]
        if cls.__name__ == "AsyncClient" and library in _LIBRARIES:
            return importlib.import_module(library)
    raise SettingsError("client: hand in an AsyncClient of httpx or httpx2, or none")


@cache
def _ssl_context(library: str, trust_env: bool) -> ssl.SSLContext:
    """One context for all clients: it takes 27 ms to make. It always verifies."""
    context: ssl.SSLContext = importlib.import_module(library).create_ssl_context(trust_env=trust_env)
    return context


def make_client(library: ModuleType, *, pool_size: int, trust_env: bool) -> Any:
    """An ``AsyncClient`` of our own: no redirects, no proxies from the environment unless ``trust_env``."""
    return library.AsyncClient(
        verify=_ssl_context(library.__name__, trust_env),
        trust_env=trust_env,
        follow_redirects=False,
        limits=library.Limits(
            max_connections=pool_size, max_keepalive_connections=pool_size, keepalive_expiry=_KEEP_ALIVE
        ),
    )
