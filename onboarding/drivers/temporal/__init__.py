"""Temporal as the driver: a workflow a journey, which is a loop around ``advance``. Needs the extra ``temporal``.

The journal stays the only truth. Temporal adds timers that outlive a process and a server, work that moves to whichever
worker is alive, and a list that a company already watches. It holds a journey's id, its flow, its state and how long
it waits; no field of a flow ever goes there.

- ``payloads``: all that travels through Temporal
- ``workflow``: the loop
- ``activity``: ``advance``, for the loop
- ``sweeper``: starts and wakes the workflows of journeys that want to be advanced
- ``server``: the connection, and the attributes that journeys are searched by
- ``worker``: all of it in one process
"""

from __future__ import annotations

from onboarding.errors import MissingExtra

try:
    import temporalio as _temporalio  # noqa: F401
except ImportError:
    raise MissingExtra("temporal", "driving journeys through Temporal") from None
