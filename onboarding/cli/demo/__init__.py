"""``onboarding demo``: six journeys, a sandbox, and a worker that is killed half-way.

- ``cast``: the journeys, and what goes wrong with them on purpose
- ``stage``: a folder, a sandbox over HTTP, the worker process
- ``leash``: the worker process, which ends with the demo
- ``person``: whoever the codes are sent to
- ``screen``: what is seen: rows that live in a terminal, plain lines elsewhere
- ``reckoning``: the sandbox's ledger, against what should have happened once
- ``performance``: all of it, in order
"""

from __future__ import annotations

from onboarding.errors import MissingExtra

__all__: list[str] = []

try:
    import rich as _rich
except ImportError:
    raise MissingExtra("cli", "the demo") from None

assert _rich
