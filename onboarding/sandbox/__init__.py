"""A stand-in for the broker: the whole account API with behaviour, and a desk to play everybody else.

::

    with SandboxServer() as server:                     # a free loopback port, in a thread
        desk = SandboxDesk(server.url)
        desk.create_user("Demo", phone="15912345678", password="Abcd1234")
        desk.add_fault("2.3", "drop_after", times=1)    # it happens, and nobody is told

From the inside out:

- books: ``users``, ``passwords``, ``codes``, ``tickets``, ``accounts``, ``tasks``, ``mailbox``, ``faults``,
  ``ledger``
- time: ``clock`` (real time plus an offset), ``agenda`` (what happens later)
- ``core``: the sandbox, all books under one clock
- behaviour: ``verification``, ``registration``, ``credentials``, ``records``, with ``mcodes`` to refuse
- HTTP: ``api`` (the endpoints as a table), ``request``, ``answer``, ``door``; ``desk`` and ``desk_*`` for
  ``/sandbox/``
- ``app``, ``connections``, ``server``; and ``client`` for the desk

It reads the contract on its own: nothing here knows the client's side of this package. Needs the extra
``sandbox`` to serve; the desk's client does not.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onboarding.sandbox.app import create_app
    from onboarding.sandbox.client import DeskRefused, SandboxDesk
    from onboarding.sandbox.config import SandboxConfig
    from onboarding.sandbox.core import Sandbox
    from onboarding.sandbox.faults import ConnectionDropped
    from onboarding.sandbox.ledger import LedgerEntry, RequestEntry
    from onboarding.sandbox.mailbox import Message
    from onboarding.sandbox.passwords import Strength
    from onboarding.sandbox.server import SandboxServer, serve

__all__ = [
    "ConnectionDropped",
    "DeskRefused",
    "LedgerEntry",
    "Message",
    "RequestEntry",
    "Sandbox",
    "SandboxConfig",
    "SandboxDesk",
    "SandboxServer",
    "Strength",
    "create_app",
    "serve",
]

_HOMES = {
    "ConnectionDropped": "faults",
    "DeskRefused": "client",
    "LedgerEntry": "ledger",
    "Message": "mailbox",
    "RequestEntry": "ledger",
    "Sandbox": "core",
    "SandboxConfig": "config",
    "SandboxDesk": "client",
    "SandboxServer": "server",
    "Strength": "passwords",
    "create_app": "app",
    "serve": "server",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
