"""One journey of each kind, run for real against the stub: what the generator makes its copies from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from benchmarks.capacity.flows import LongWait
from benchmarks.capacity.stub import REFUSED, Stub
from onboarding import Onboarding, Settings
from onboarding.journal import DATA_FIELD, Head, Keyring, MemoryJournal, TransitionRecord
from onboarding.testing import VirtualClock

__all__ = ["KINDS", "Template", "record"]

KINDS = ("parked", "polling", "waiting", "done", "working")


@dataclass(frozen=True, slots=True)
class Template:
    """A journey to be copied.

    Attributes:
        head: its head.
        history: its rows.
        kept: what is sealed of it, in the open: the engine's book and the fields.
    """

    head: Head
    history: list[TransitionRecord]
    kept: dict[str, Any]


async def record(start: datetime, every: timedelta) -> dict[str, Template]:
    """A template of each kind, as it stands a moment after ``start``; watches poll ``every`` so often."""
    key = Keyring.generate_key()
    keyring, journal, clock = Keyring([key]), MemoryJournal(), VirtualClock(start)
    server, url = await Stub().serve()
    settings = Settings.load(
        base_url=url, tenant_id="T001117", api_token="stub-token", keys=[key],
        flows=["benchmarks.capacity.flows:LongWait"],
    )  # fmt: skip
    ids = {}
    async with server, Onboarding(settings, worker=False, journal=journal, clock=clock) as onboarding:
        reset: dict[str, Any] = {"new_password": "Abcd1234", "send_sms": False}
        ids["parked"] = await onboarding.start("password-reset", phone=f"{REFUSED}00000000", **reset)
        ids["polling"] = await onboarding.start("task-watch", user_id="u0", task_type="JOB_TYPE_TA_OPEN", every=every)
        ids["waiting"] = await onboarding.start(LongWait, about="it")
        ids["done"] = await onboarding.start("password-reset", phone="15900000000", **reset)
        await onboarding.drain()
        ids["working"] = await onboarding.start("password-reset", phone="15900000001", **reset)
        found = {}
        for kind, journey in ids.items():
            stored = await journal.load(journey.id)
            assert stored.head.status == kind, f"the template {kind} is {stored.head.status}"
            kept = json.loads(keyring.unseal(stored.data, journey=journey.id, field=DATA_FIELD))
            found[kind] = Template(stored.head, await journal.history(journey.id), kept)
    return found
