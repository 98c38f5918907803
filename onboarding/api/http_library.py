"""Which HTTP library is used: ``httpx2`` where it is installed, else ``httpx``; both have one interface."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any

from onboarding.api.pool import make_pool
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


def _names_a_proxy() -> bool:
    from urllib.request import getproxies  # slow to load, and rarely needed

    return bool(getproxies())


def make_client(library: ModuleType, base_url: str, *, pool_size: int, trust_env: bool) -> Any:
    """A way out of our own: a pool; or an ``AsyncClient`` where ``trust_env`` and the environment names a proxy.

    The pool leaves it to its only user to send no more than ``pool_size`` requests at once.
    """
    context = _ssl_context(library.__name__, trust_env)
    if not (trust_env and _names_a_proxy()):
        return make_pool(library, base_url, keep_alive=_KEEP_ALIVE, context=context)
    # Which proxy serves which host, and how it is spoken to, is the library's business.
    return library.AsyncClient(
        verify=context,
        trust_env=trust_env,
        follow_redirects=False,
        limits=library.Limits(
            max_connections=pool_size, max_keepalive_connections=pool_size, keepalive_expiry=_KEEP_ALIVE
        ),
    )
