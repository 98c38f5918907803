"""The broker's HTTP API: the only room that knows the HTTP library.

From the inside out:

1. vocabulary: ``effects`` (what repeating a call would do), ``choices`` (the contract's closed sets),
   ``codes`` (result codes and their meanings), ``endpoints`` (the table of all endpoints)
2. data: ``models`` and ``account`` (what comes back, typed), ``shapes`` (what ``data`` must look like)
3. pure sorting: ``request`` (a call written out), ``strict_json``, ``envelope`` (bytes and a status to an
   outcome), ``retry_after``, ``address`` and ``settings`` (what a client is made from)
4. the way out: ``http_library`` (which one), ``network`` (one connection's bytes), ``pool`` (connections),
   ``passage`` (how far a request has come), ``transport``, ``leftovers`` (what came after an answer),
   ``quiet`` (no log lines about our requests), ``observe`` (hooks before and after)
5. ``caller`` (one call from start to outcome) and ``client`` (``AccountApi``)

Importing this package is quick: models and the client load when first used, the HTTP library when a client is
made.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from onboarding.api.choices import CodePurpose, TaskType, TaskVerdict, UserField
from onboarding.api.codes import Meaning
from onboarding.api.effects import Effect
from onboarding.api.endpoints import ENDPOINTS, Endpoint
from onboarding.api.observe import Call, CallObserver, observing

if TYPE_CHECKING:
    from onboarding.api.account import AccountInfo
    from onboarding.api.client import AccountApi
    from onboarding.api.models import Login, Task, TradingAccount, User, UserDetail, UserPage

__all__ = [
    "ENDPOINTS",
    "AccountApi",
    "AccountInfo",
    "Call",
    "CallObserver",
    "CodePurpose",
    "Effect",
    "Endpoint",
    "Login",
    "Meaning",
    "Task",
    "TaskType",
    "TaskVerdict",
    "TradingAccount",
    "User",
    "UserDetail",
    "UserField",
    "UserPage",
    "observing",
]

_LATER = {
    "AccountApi": "client",
    "AccountInfo": "account",
    "Login": "models",
    "Task": "models",
    "TradingAccount": "models",
    "User": "models",
    "UserDetail": "models",
    "UserPage": "models",
}


def __getattr__(name: str) -> Any:
    """Load a heavy name when it is first used."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return __all__
