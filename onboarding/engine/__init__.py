"""The engine: advances one journey. It knows the journal and what a flow is; it does not know who drives it.

- ``engine``: ``advance``, the loop
- ``perform``: doing one step under guard
- ``doubt``: what follows when an outcome is unknown
- ``messages``: inputs, cancel, retry, resolve
- ``opening``: a journey that is new
- ``journey``: one journey in hand, and how its changes are written
- ``book``, ``sealer``: what is sealed, and how
- ``next``, ``outcome``, ``events``: what is told, as plain data
- ``rules``, ``retry``: how it waits
- ``view``: a journey as its users see it
"""

from onboarding.engine.engine import Engine
from onboarding.engine.events import Event
from onboarding.engine.next import Finished, Next, WaitingFor, WakeAt
from onboarding.engine.opening import NewJourney
from onboarding.engine.outcome import Outcome, Parked, ParkKind
from onboarding.engine.retry import Backoff
from onboarding.engine.rules import Rules
from onboarding.engine.sealer import Sealer
from onboarding.engine.view import Journey, view

__all__ = [
    "Backoff",
    "Engine",
    "Event",
    "Finished",
    "Journey",
    "NewJourney",
    "Next",
    "Outcome",
    "ParkKind",
    "Parked",
    "Rules",
    "Sealer",
    "WaitingFor",
    "WakeAt",
    "view",
]
