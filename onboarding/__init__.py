"""Durable onboarding journeys over a REST API whose calls cannot be undone.

The rooms, each of which imports only from those above it:

- ``errors``, ``clock``: the whole error tree; time, handed in
- ``api``: the broker's Account API, typed
- ``machine``: what a flow is, checked when it is defined
- ``settings``, ``log``: how it is set up, and what it tells
- ``journal``: the durable record
- ``engine``: advances one journey
- ``drivers``: decide which journey is advanced when
- ``service``: ``Onboarding``, the one object that a user holds
- ``sandbox``: a stand-in for the broker
- ``testing``, ``cli``: for tests, for the terminal

Every public name is here; what is heavy loads when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import onboarding.log  # noqa: F401 - first, not later: it makes the package silent until the application enables it

if TYPE_CHECKING:
    from onboarding.api import (
        AccountApi,
        AccountInfo,
        CodePurpose,
        Login,
        Meaning,
        Task,
        TaskType,
        TaskVerdict,
        User,
        UserDetail,
        UserField,
        UserPage,
    )
    from onboarding.archiving import Archived
    from onboarding.audit import Audit, AuditFinding
    from onboarding.blocking import BlockingOnboarding
    from onboarding.clock import Clock, SystemClock, days, hours, minutes, seconds
    from onboarding.engine import Event, Journey, Outcome, Parked, ParkKind
    from onboarding.errors import (
        CallError,
        DefinitionError,
        InDoubt,
        InputRefused,
        InvalidData,
        JournalBusy,
        JournalConflict,
        JournalDamaged,
        JournalError,
        JourneyError,
        KeyMismatch,
        MissingExtra,
        NotPossible,
        NotSent,
        OnboardingError,
        Refused,
        RefusedByProtocol,
        SettingsError,
        UnknownFlow,
        UnknownJourney,
    )
    from onboarding.forgetting import Forgotten
    from onboarding.journal import Status
    from onboarding.journal import TransitionRecord as Transition
    from onboarding.machine import (
        ASK,
        Done,
        Duration,
        Email,
        Failed,
        Flow,
        HandedOver,
        Phone,
        Polling,
        Secret,
        Trigger,
        VerificationCode,
        Waiting,
        WebAddress,
        Working,
        draw,
        graph_of,
        later,
        on_input,
        once,
        read,
        repeatable,
    )
    from onboarding.service import Answer, JourneyPage, Onboarding
    from onboarding.settings import Settings

_ROOMS = {
    "api": (
        "AccountApi", "AccountInfo", "CodePurpose", "Login", "Meaning", "Task", "TaskType", "TaskVerdict", "User",
        "UserDetail", "UserField", "UserPage",
    ),
    "archiving": ("Archived",),
    "audit": ("Audit", "AuditFinding"),
    "blocking": ("BlockingOnboarding",),
    "clock": ("Clock", "SystemClock", "days", "hours", "minutes", "seconds"),
    "engine": ("Event", "Journey", "Outcome", "ParkKind", "Parked"),
    "errors": (
        "CallError", "DefinitionError", "InDoubt", "InputRefused", "InvalidData", "JournalBusy", "JournalConflict",
        "JournalDamaged", "JournalError", "JourneyError", "KeyMismatch", "MissingExtra", "NotPossible", "NotSent",
        "OnboardingError", "Refused", "RefusedByProtocol", "SettingsError", "UnknownFlow", "UnknownJourney",
    ),
    "forgetting": ("Forgotten",),
    "journal": ("Status", "Transition"),
    "machine": (
        "ASK", "Done", "Duration", "Email", "Failed", "Flow", "HandedOver", "Phone", "Polling", "Secret", "Trigger",
        "VerificationCode", "Waiting", "WebAddress", "Working", "draw", "graph_of", "later", "on_input", "once", "read",
        "repeatable",
    ),
    "service": ("Answer", "JourneyPage", "Onboarding"),
    "settings": ("Settings",),
}  # fmt: skip
_HOMES = {name: room for room, names in _ROOMS.items() for name in names}
_RENAMED = {"Transition": "TransitionRecord"}

__version__ = "0.1.0"
__all__ = [
    "ASK",
    "AccountApi",
    "AccountInfo",
    "Answer",
    "Archived",
    "Audit",
    "AuditFinding",
    "BlockingOnboarding",
    "CallError",
    "Clock",
    "CodePurpose",
    "DefinitionError",
    "Done",
    "Duration",
    "Email",
    "Event",
    "Failed",
    "Flow",
    "Forgotten",
    "HandedOver",
    "InDoubt",
    "InputRefused",
    "InvalidData",
    "JournalBusy",
    "JournalConflict",
    "JournalDamaged",
    "JournalError",
    "Journey",
    "JourneyError",
    "JourneyPage",
    "KeyMismatch",
    "Login",
    "Meaning",
    "MissingExtra",
    "NotPossible",
    "NotSent",
    "Onboarding",
    "OnboardingError",
    "Outcome",
    "ParkKind",
    "Parked",
    "Phone",
    "Polling",
    "Refused",
    "RefusedByProtocol",
    "Secret",
    "Settings",
    "SettingsError",
    "Status",
    "SystemClock",
    "Task",
    "TaskType",
    "TaskVerdict",
    "Transition",
    "Trigger",
    "UnknownFlow",
    "UnknownJourney",
    "User",
    "UserDetail",
    "UserField",
    "UserPage",
    "VerificationCode",
    "Waiting",
    "WebAddress",
    "Working",
    "days",
    "draw",
    "graph_of",
    "hours",
    "later",
    "minutes",
    "on_input",
    "once",
    "read",
    "repeatable",
    "seconds",
]


def __getattr__(name: str) -> Any:
    """Load a public name's room when it is first used."""
    room = _HOMES.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{room}"), _RENAMED.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
